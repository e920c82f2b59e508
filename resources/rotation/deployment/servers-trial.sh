# A folder in memory for what is tried, and a second server in it.

# Begins a try: $try is an empty folder in memory, where the system has such a one, that others may pass through.
begin_try() {
	find_try_base
	try=$try_base/latchkey-try-${run:-0}-${id:-0}
	end_try
	problem=$(mkdir -m 711 "$try" 2>&1) || { message="no room for a try in $try_base"; return 1; }
}

# What belongs to an account there is removed with that account's rights: it may exchange folders as they are gone
# through, and not every rm is safe from that. What it keeps from being removed is put aside, and is in nobody's way.
end_try() {
	read_stat "$try"
	case $mode,$uid in d*,0) ;; *) return 0 ;; esac
	rm -f "$try/files/chain.pem" "$try/files/key.pem"
	is_left=no
	for inner in files own; do
		read_stat "$try/$inner"
		case $mode,$uid in ,* | *,0) continue ;; esac
		alone ${kill_after:+$kill_after 10} setpriv --reuid "$uid" --regid "$gid" --clear-groups sh -c \
			'chmod u+rwx "$1"; cd "$1" && chmod -R u+rwx . && rm -rf ./* ./.[!.]* ./..?*' latchkey "$try/$inner" \
			>/dev/null 2>&1
		rmdir "$try/$inner" 2>/dev/null || is_left=yes
	done
	if [ $is_left = no ]; then rm -rf "$try"; else put_aside; fi
}

# Into a new folder, whatever others have made of that name.
put_aside() {
	aside=0
	until mkdir -m 700 "$try_base/latchkey-left-$$-$aside" 2>/dev/null; do
		[ $aside -lt 100 ] || return 0
		aside=$((aside + 1))
	done
	mv "$try" "$try_base/latchkey-left-$$-$aside"
}

# What sessions have left behind that are not there any more.
clear_tries() {
	find_try_base
	set +f
	for try in "$try_base"/latchkey-try-none-[0-9]*; do [ -d "/proc/${try##*-}" ] || end_try; done
	for try in "$try_base"/latchkey-left-[0-9]*-*/latchkey-try-*; do
		kept=${try%/*} made_by=${try#"$try_base"/latchkey-left-}
		[ -d "/proc/${made_by%%-*}" ] || { end_try; rmdir "$kept" 2>/dev/null; }
	done
	set -f
	try=
}

find_try_base() {
	try_base=/tmp
	for folder_for_try in /run /var/run; do
		if [ -d "$folder_for_try" ] && [ -w "$folder_for_try" ]; then try_base=$folder_for_try; break; fi
	done
}

# copy_certificate CHAIN KEY [PID]: copies of the staged files, owned and moded as those, into $try_chain and $try_key,
# to which root alone comes, or whoever runs process PID as well: what guards the live key may be its folder. Theirs
# once all is written.
copy_certificate() {
	try_chain=$try/files/chain.pem try_key=$try/files/key.pem
	mkdir -m 700 "$try/files" && copy_whole "$1" "$try_chain" && copy_whole "$2" "$try_key" || return 1
	[ -z "${3-}" ] || { recall_process "$3" && chown "$as_uid:$as_gid" "$try/files"; }
}

# A folder in $try for whoever process $1 runs as.
folder_for() { recall_process "$1" && mkdir -m 700 "$2" && chown "$as_uid:$as_gid" "$2"; }

# second_try WORDS COMMAND...: runs until it says these words (0) or ends (1), and is ended then. What it said is in
# $try/log. A socket alone shows nothing: slapd listens before it reads its certificate.
second_try() {
	words_of_second=$1
	shift
	"$@" >"$try/log" 2>&1 </dev/null &
	second=$!
	wait_for 100 second_is_decided || :
	second_ended=1
	if second_is_up; then second_ended=0; fi
	kill "$second" 2>/dev/null
	wait "$second" 2>/dev/null
	return $second_ended
}

second_is_up() { grep -q -F "$words_of_second" "$try/log"; }
second_is_decided() { second_is_up || ! kill -0 "$second" 2>/dev/null; }

# last_lines FILE PATTERN: the last of these, into $message.
last_lines() {
	message=$(grep -e "$2" "$1" 2>/dev/null | tail -n 2 | sed 's/^[0-9a-f.]* 0x[0-9a-f]* //' | tr '\n' ' ' | tail -c 400)
	message=${message% }
}

# Waits for a command to come true: `wait_for TENTHS COMMAND...`. 1: it did not.
wait_for() {
	tenths=$1
	shift
	until "$@"; do
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1 2>/dev/null || sleep 1
	done
}

# For a server that cannot be tried: $1 is why. That key and certificate belong together was seen before, where openssl
# is here.
untried() {
	message=$1
	! has openssl || message="$message; openssl finds that key and certificate belong together"
	return 2
}

# serves UNIX-SOCKET STARTTLS CHAIN: whether what answers there shows the first certificate of CHAIN.
serves() {
	shown=$(openssl s_client -unix "$1" -starttls "$2" </dev/null 2>/dev/null |
		openssl x509 -noout -fingerprint -sha256 2>/dev/null)
	[ -n "$shown" ] && [ "$shown" = "$(openssl x509 -noout -fingerprint -sha256 -in "$3" 2>/dev/null)" ]
}

# run_limited COMMAND...: $rc, and into $message what it said until it ended: what it has left running may hold its
# output for ever. By a file that has no name any more; nothing of it stays.
run_limited() {
	find_try_base
	output_folder=$try_base/latchkey-output-$$
	rm -rf "$output_folder"
	if mkdir -m 700 "$output_folder" 2>/dev/null && : >"$output_folder/output"; then
		# shellcheck disable=SC2094 # Written by one descriptor and then read by the other.
		exec 8>"$output_folder/output" 9<"$output_folder/output"
		rm -rf "$output_folder"
		"$@" >&8 2>&8 8>&- 9<&-
		rc=$?
		message=$(head -c 65536 <&9)
		exec 8>&- 9<&-
	else
		rm -rf "$output_folder"
		message=$("$@" 2>&1)
		rc=$?
	fi
}
