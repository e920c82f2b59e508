# How a session answers, on a host, who wants to see that a name is that host's (RFC 8555, RFC 8737): a file in
# the folder that a web server serves, or a server of one path that ends by itself. Read after session/.
#
# What was begun for a run is written down first, in $challenges/RUN (/var/lib/latchkey/challenges, or under the home
# of whoever is not root), so that it can be taken away whatever ended who began it:
#
#   ID.file    the file: its folder, its name, its hash, and which folders were made for it
#   ID.d/      a server: its files, what it said, and in `pid` who holds it

for tool in busybox cut nohup openssl perl ps python3 setsid sleep socat; do unset -f "$tool" 2>/dev/null; done

find_challenges() {
	if [ "$my_uid" = 0 ]; then challenges=/var/lib/latchkey/challenges
	else challenges=${HOME:-/nonexistent}/.local/state/latchkey/challenges
	fi
}

make_run_folder() {
	find_challenges
	records=$challenges/$run
	[ ! -L "$challenges" ] || no linked-folder "$challenges"
	problem=$(mkdir -p "$records" 2>&1) || cannot no "$records"
}

check_challenge() { for word do case $word in '' | *[!A-Za-z0-9_.-]* | .*) no odd-words ;; esac; done; }

# challenge_list RUN: what was begun for it and not yet forgotten.
do_challenge_list() {
	run=$1
	check_words "$run"
	find_challenges
	set +f
	for entry in "$challenges/$run"/*; do
		id=${entry##*/}
		case $id in
			*.file)
				{
					IFS= read -r challenge_folder && IFS= read -r name &&
						IFS= read -r text_hash && IFS= read -r made
				} <"$entry" || continue
				report file "${id%.file}" "$challenge_folder" "$name" "$text_hash" "$made"
				;;
			*.d) report server "${id%.d}" ;;
		esac
	done
	set -f
	ok listed
}

# challenge_forget RUN ID: of a file that is gone.
do_challenge_forget() {
	run=$1
	check_words "$1" "$2"
	find_challenges
	problem=$(rm -f "$challenges/$1/$2.file" "$challenges/$1/$2.part" 2>&1)
	is_gone "$challenges/$1/$2.file" || fail "$why" "$problem"
	leave_folders
	ok forgotten
}

# challenge_end RUN: what was never written down whole is gone, and the folder, if nothing else is in it.
do_challenge_end() {
	run=$1
	check_words "$run"
	find_challenges
	set +f
	rm -f "$challenges/$run"/*.part
	set -f
	leave_folders
	ok ended
}

# Nobody's run, nobody's folder.
leave_folders() { rmdir "$challenges/$run" "$challenges" "${challenges%/*}" 2>/dev/null; }
