# The files of a pair become the new ones or what they were, by us or by the host's own timer; then nothing of the run
# is left.

# ---- Changing ---------------------------------------------------------------------------------------------

# What a turn has left that was ended half-way: each gets the name of what it is.
settle_file() {
	rm -f "$den/part-$nth"
	set +f
	for entry in "$den/next-$nth".* "$den/held-$nth".*; do
		[ -e "$entry" ] || continue
		if [ "$entry" -ef "$live" ]; then rm -f "$entry"; continue; fi
		hash_of "$entry"
		[ "$hashed" != "${entry##*.}" ] || continue
		case $hashed in
			"$before") $move "$entry" "$den/held-$nth.$before" ;;
			"${after-}") $move "$entry" "$den/next-$nth.$after" ;;
			*) set -f; no late-edit "$folder/$name" ;;
		esac
	done
	set -f
}

# Goes by all files first; then by all once more, doing.
#   turn_all swap|back FILES...
turn_all() {
	how=$1 undone=0 turned=
	shift
	for round in judge turn; do
		for_files turn_one "$@"
	done
	[ $undone -gt 0 ]
}

for_files() {
	each=$1
	shift
	while [ $# -ge 5 ]; do
		$each "$1" "$2" "$3" "$4" "$5"
		shift 5
	done
}

turn_one() {
	before=$4 after=$5
	check_words "$before" "$after"
	enter_file "$1" "$2" "$3"
	[ $round = turn ] || settle_file
	case $how in
		swap) old=$before new=$after in=$den/next-$nth.$after out=$den/held-$nth.$before ;;
		back) old=$after new=$before in=$den/held-$nth.$before out=$den/next-$nth.$after ;;
	esac
	hash_of "$live"
	[ "$hashed" != "$new" ] || return 0
	[ "$hashed" = "$old" ] || turn_changed "$hashed"
	hash_of "$in"
	[ "$hashed" = "$new" ] || no not-staged "$path"
	if [ $how = swap ]; then
		look_at "$live"
		kind=$mode,$uid,$gid
		look_at "$in"
		[ "$kind" = "$mode,$uid,$gid" ] || turn_changed "$old"
	fi
	undone=$((undone + 1))
	[ $round = turn ] || return 0
	turn_file
	for word in "$1" "$2" "$3" "$4" "$5"; do quote "$word"; turned="$turned $quoted"; done
}

# All or none: what has turned already turns again.
turn_changed() {
	changed_path=$path
	if [ $round = turn ] && [ -n "$turned" ]; then
		case $how in swap) again=back ;; back) again=swap ;; esac
		part=
		eval "(cd / && round=judge && turn_all $again $turned)" >/dev/null
	fi
	no changed "$changed_path" "$1"
}

# $in becomes the file, and what was that becomes $out.
turn_file() {
	if [ -n "$exchange" ] && $exchange "$in" "$live" 2>/dev/null; then
		problem=$($move "$in" "$out" 2>&1) || out=$in
	else
		rm -f "$out"
		ln "$live" "$out" 2>/dev/null || copy_whole "$live" "$out"
		problem=$($move "$in" "$live" 2>&1) || { why_of "$problem"; rm -f "$out"; fail "$why" "$problem"; }
	fi
	hash_of "$out"
	if [ -n "$hashed" ] && [ "$hashed" != "$old" ]; then
		# Somebody wrote at the same moment: theirs is the file again.
		theirs=$hashed
		$move "$out" "$live" 2>/dev/null || fail late-edit "$path"
		sync_dens
		turn_changed "$theirs"
	fi
	sync_dens || { why_of "$problem"; fail "$why" "$problem"; }
	hash_of "$live"
	[ "$hashed" = "$new" ] || fail not-there "$path"
}

# pair_swap TOKEN ID FILES...
do_pair_swap() {
	enter_run "$1" "$2"
	shift 2
	take_turn 20
	# Nothing would put these back any more.
	if has_fired; then no fired; fi
	if turn_all swap "$@"; then ok swapped; else ok already; fi
}

# pair_back TOKEN ID FILES...
do_pair_back() {
	enter_run "$1" "$2"
	shift 2
	take_turn "${patience:-20}"
	if turn_all back "$@"; then ok back; else ok already; fi
}

# pair_end TOKEN ID: nothing but the files in use is left.
do_pair_end() {
	check_words "$1" "$2"
	find_store
	look_at "$store/$1/$2"
	[ -n "$mode" ] || end_store "$1" "$2"
	enter_run "$1" "$2"
	take_turn 20
	set +f
	for entry in armed-*; do [ ! -e "$entry" ] || no armed "$entry"; done
	for entry in real-*; do
		[ -e "$entry" ] || continue
		IFS= read -r real <"$entry" || continue
		end_file "${entry#real-}"
		cd "$work" || fail io-error
	done
	set -f
	# All of it at once: a half of what is known here would lead astray. What an end has left that was ended itself goes
	# first.
	problem=$(cd / && rm -rf "$store/$1/gone-$2" 2>&1)
	problem=$($move "$work" "$store/$1/gone-$2" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	end_store "$1" "$2"
}

end_store() {
	cd /
	problem=$(rm -rf "$store/$1/gone-$2" 2>&1)
	is_gone "$store/$1/gone-$2" || fail "$why" "$problem"
	drop_tries "$1"
	rmdir "$store/$1" "$store" 2>/dev/null
	ok ended
}

# What a try that was killed has left, wherever there was room for one: of /tmp, where anybody may write, nothing of
# others.
drop_tries() {
	for base in /run /var/run /tmp; do
		look_at "$base/latchkey-try-$1-pair"
		case $mode,$uid in d*,"$my_uid") ;; *) continue ;; esac
		problem=$(rm -rf "$base/latchkey-try-$1-pair" 2>&1)
		is_gone "$base/latchkey-try-$1-pair" || fail "$why" "$problem"
	done
}

end_file() {
	folder=${real%/*} name=${real##*/}
	if [ -e "near-$1" ]; then
		# Whoever may write there by now: a den is known by its own name, owner and mode.
		if cd -P -- "${folder:-/}" 2>/dev/null; then drop_lair
		else
			look_at "${folder:-/}"
			[ -z "$mode" ] || fail no-folder "$folder"
		fi
	fi
	lock=$store/held-$(hash_word "$real")
	[ "$(readlink "$lock" 2>/dev/null)" = "$run" ] || return 0
	problem=$(rm -f "$lock" 2>&1)
	is_gone "$lock" || fail "$why" "$problem"
}

drop_lair() {
	folder=$(where_we_are)
	folder=${folder%/}
	enter_lair
	[ "$den" = . ] || return 0
	problem=$(rm -f ./part-* ./next-* ./held-* 2>&1)
	# shellcheck disable=SC2164 # Where that fails rmdir does, and says it.
	cd -P -- ..
	problem=$problem$(rmdir "./$lair" 2>&1)
	is_gone "./$lair" || fail "$why" "$problem"
	sync_folder
}

# ---- The dead man's hand ----------------------------------------------------------------------------------

# pair_arm TOKEN ID WAY SECONDS COUNT SERVERS... FILES...: unless disarmed in so many seconds, files that were swapped
# are back by then, and these servers (four words each) were told. The library that we are is what does it.
do_pair_arm() {
	enter_run "$1" "$2"
	token=$1 pair=$2 way=$3 seconds=$4
	check_words "$seconds" "$5"
	[ -n "${hand_library-}" ] || no no-library
	take_turn 20
	folder=$work work=.
	disarm_all
	set +f
	rm -f fired-pair.*
	set -f
	gen=$(date +%s)x$$
	revert=revert-pair.$gen.sh part=part-revert
	shift 4
	words=
	for word do
		quote "$word"
		words="$words $quoted"
	done
	quote "$folder"
	problem=$({
		put_line "$hand_library"
		put_line "hand_prepare; nonce=- seq=0 by_root=no; cd $quoted || exit; pair_fire $token $pair $gen$words"
	} 2>&1 >"$part") && sync_file "$part" && $move "$part" "$revert" || cannot no "$folder/$part"
	part=
	problem=$( (put_line "$way" >"armed-pair.$gen") 2>&1) || cannot no "$folder/armed-pair.$gen"
	case $way in
		sleep) { has setsid || has nohup; } && start_sleep ;;
		at) start_at ;;
		systemd-run)
			# What a server's reload leaves running stays when all has been told.
			problem=$(systemd-run --quiet --on-active="$seconds" \
				--timer-property=AccuracySec=1s --property=KillMode=process \
				--unit="latchkey-$token-$pair-$gen" /bin/sh "$folder/$revert" 2>&1)
			;;
		*) rm -f "armed-pair.$gen"; no odd-words ;;
	esac || { rm -f "armed-pair.$gen"; no no-rollback-timer "$way"; }
	sync_folder
	ok armed
}

# pair_disarm TOKEN ID: that it has fired is said until it is armed anew.
do_pair_disarm() {
	check_words "$1" "$2"
	find_store
	look_at "$store/$1/$2"
	[ -n "$mode" ] || ok disarmed
	enter_run "$1" "$2"
	pair=$2 work=.
	disarm_all
	set -- $disarmed
	while [ $# -ge 2 ]; do
		[ "$1" != systemd-run ] || systemctl stop "latchkey-$run-$pair-$2.timer" >/dev/null 2>&1
		shift 2
	done
	if has_fired; then no fired; fi
	ok disarmed
}

has_fired() {
	fired=
	set +f
	for entry in "$work"/fired-pair.*; do [ ! -e "$entry" ] || fired=$entry; done
	set -f
	[ -n "$fired" ]
}

# pair_fire TOKEN ID GEN COUNT SERVERS... FILES...: whoever takes armed-pair away first, decides.
pair_fire() {
	mv "armed-pair.$3" "fired-pair.$3" || exit
	token=$1 pair=$2 told=$4 at=0 patience=600
	shift 4
	files_of "$told" "$@"
	eval "(do_pair_back $token $pair $files)"
	while [ $at -lt "$told" ]; do
		quote "$1"; consumer=$quoted
		for word in "$2" "$3" "$4"; do quote "$word"; consumer="$consumer $quoted"; done
		eval "(do_pair_reload $consumer $files)"
		shift 4
		at=$((at + 1))
	done
} >/dev/null 2>&1

# What is behind the words of $1 servers, as words of the shell: $files.
files_of() {
	skip=$(($1 * 4)) files=
	shift
	while [ $skip -gt 0 ]; do shift; skip=$((skip - 1)); done
	for word do
		quote "$word"
		files="$files $quoted"
	done
}
