# The servers that read a deployment: each one's own test of what is staged, and having it read its files anew. A
# server NAME has two functions; both get its files, five words each (N PATH REAL BEFORE AFTER), and $config: the file
# that its configuration begins with, empty: the usual one.
#
#   test_NAME FILES...     ends by found passed|failed|untested SAID
#   reload_NAME FILES...   ends by found reloaded|not-reloaded SAID, with $pid_before and $pid_after
#
# A described server has $own_test and $own_reload, words for a shell that its user has given.

# deployment_test TOKEN ID SERVER CONFIG TEST RELOAD FILES...
do_deployment_test() {
	cd_to_run "$1" "$2"
	shift 2
	choose_server "$1" test
	config=$2 own_test=$3 own_reload=$4
	shift 4
	staged_files=
	for word do quote "$word"; staged_files="$staged_files $quoted"; done
	for_files find_staged "$@"
	require_matching_key
	cd /
	"test_$server" "$@"
	found untested 'it has no test'
}

# deployment_reload SERVER CONFIG TEST RELOAD FILES...
do_deployment_reload() {
	choose_server "$1" reload
	config=$2 own_test=$3 own_reload=$4 pid_before= pid_after=
	shift 4
	cd /
	"reload_$server" "$@"
	found not-reloaded 'how it is reloaded is not known'
}

choose_server() {
	server=$1
	case $server in '' | *[!a-z]*) no odd-words ;; esac
	has "$2_$server" || no unknown-request "$server"
}

# Ends what is under way.
found() {
	# What a server says may be long: its end is what counts.
	put_line "${2-}" | tail -n 20 | cut -c 1-400 |
		{ while IFS= read -r line; do [ -z "$line" ] || report message "$line"; done; }
	ok "$1" "${pid_before-}" "${pid_after-}"
}

# ---- What is staged ---------------------------------------------------------------------------------------

# What lies over what, for in_view: $view; the staged file of each, by what is in it: $staged_chain, $staged_key.
view= staged_chain= staged_key=
find_staged() {
	cd_to_file "$1" "$2" "$3"
	next=$(next_of "$1" "$3" "$5")
	hash_of "$next"
	# What is in use already needs no view.
	if [ "$hashed" = "$5" ]; then
		quote "$next"; view="$view $quoted"
		quote "$real"; view="$view $quoted"
	else
		hash_of "$real"
		[ "$hashed" = "$5" ] || no not-staged "$path"
		next=$real
	fi
	kind_of "$next"
	case $file_kind in
		certificate) [ -n "$staged_chain" ] || staged_chain=$next ;;
		key) staged_key=$next ;;
		both) staged_chain=$next staged_key=$next ;;
	esac
}

next_of() {
	if [ -e "$work/near-$1" ]; then put_line "${2%/*}/$staging_name/next-$1.$3"; else put_line "$work/next-$1.$3"; fi
}

# Not every server minds, or not before it is made to read them.
require_matching_key() {
	has openssl && [ -n "$staged_chain" ] && [ -n "$staged_key" ] || return 0
	key_matches_certificate || found failed "$message"
}

key_matches_certificate() {
	message=$(openssl x509 -noout -pubkey 2>&1 <"$staged_chain") ||
		{ message="the certificate cannot be read: $message"; return 1; }
	public=$message
	message=$(openssl pkey -pubout 2>&1 <"$staged_key") || { message='the key cannot be read'; return 1; }
	[ "$public" = "$message" ] || { message='the key does not belong to the certificate'; return 1; }
	message=
}

# in_view COMMAND...: in a mount namespace of its own, where the paths in use hold what is staged; nobody else sees
# that. $rc and $message; 97: this host has no such thing, as in a container.
in_view() {
	rc=97 message=
	# Where nothing is staged, the paths hold what is tested already.
	[ -n "$view" ] || { run_limited "$@"; return; }
	has unshare && has mount || return
	eval "set -- $view -- \"\$@\""
	run_limited unshare -m sh -c "$view_text" latchkey "$@"
}
view_text='mount --make-rprivate / 2>/dev/null
while [ "$1" != -- ]; do mount --bind "$1" "$2" 2>/dev/null || exit 97; shift 2; done
shift
exec "$@"'

# tried FOLDER COMMAND...: a server's own test of its configuration in FOLDER with what is staged. Ends by found,
# unless it passed.
tried() {
	from=$1
	shift
	in_view "$@"
	[ $rc != 97 ] || in_copy "$@"
	case $rc in
		0) ;;
		97)
			found untested "this host has no mount namespaces to test staged files in,\
 and a copy of the configuration names none of them"
			;;
		*) found failed "$message" ;;
	esac
}

# Where there is no view: with a copy of $from in the staging folder, where every copy of a file in use, and every path
# of one, is that of what is staged. In the words of the command $from is the copy. 97: it has none of them, or passes
# without them as well.
in_copy() {
	copied=$work/copy message= placed=
	[ "$(size_of "$from")" -le 16384 ] || return 0
	rm -rf "$copied" "$copied"-*
	cp -RLp "$from" "$copied" 2>/dev/null
	if [ -d "$copied" ]; then
		eval "for_files place_staged $staged_files"
		rewrite "$from" "$copied"
		run_on_copy "$@"
		if [ $rc = 0 ] && ! minds "$@"; then rc=97; fi
	fi
	rm -rf "$copied" "$copied"-*
}

# Whether the test fails where what was placed is something else, or is not there.
minds() {
	first_message=$message
	each_placed spoil
	run_on_copy "$@"
	if [ $rc = 0 ]; then each_placed rm -f; run_on_copy "$@"; fi
	minded=$rc message=$first_message rc=0
	[ $minded != 0 ]
}

spoil() { put_line x >"$1"; }

each_placed() {
	while IFS= read -r entry; do
		[ -z "$entry" ] || "$@" "$entry"
	done <<-PLACED
		$placed
	PLACED
}

run_on_copy() {
	words=
	for word do
		case $word in "$from"/*) word=$copied${word#"$from"} ;; esac
		quote "$word"
		words="$words $quoted"
	done
	message=$(eval "$words" 2>&1)
	rc=$?
}

# In kibibytes, with what links lead to.
size_of() { set -- $(du -skL "$1" 2>/dev/null | tail -n 1); put_line "${1:-99999}"; }

place_staged() {
	next=$(next_of "$1" "$3" "$5")
	[ -f "$next" ] || return 0
	cp -p "$next" "$copied-$1"
	placed="$placed
$copied-$1"
	set -- "$@" "$(find "$copied" -type f -size -8192 2>/dev/null)"
	while IFS= read -r entry; do
		hash_of "$entry"
		[ "$hashed" = "$4" ] && cat "$next" >"$entry" && placed="$placed
$entry"
	done <<-FOUND
		$6
	FOUND
	rewrite "$2" "$copied-$1"
	[ "$2" = "$3" ] || rewrite "$3" "$copied-$1"
}

# Every path $1 in a file of the copy becomes $2, and whatever lies in it.
rewrite() {
	named=$(grep -rlF -e "$1" "$copied" 2>/dev/null) || return 0
	while IFS= read -r entry; do
		FROM=$1 TO=$2 awk "$replace_path_awk" "$entry" >"$copied-part" && cat "$copied-part" >"$entry"
	done <<-NAMED
		$named
	NAMED
	rm -f "$copied-part"
}
