# What Latchkey's hand does about the servers that read a pair: each one's own test of what is staged, and having it read its
# files anew. Verbs for hand.sh, read after pair.sh. A server NAME has two functions; both are given the files of the pair,
# five words each (N PATH REAL BEFORE WANTED), and $config: the file that its configuration begins with, empty: the usual one.
#
#   test_NAME FILES...     ends by found passed|failed|untested SAID
#   reload_NAME FILES...   ends by found reloaded|not-reloaded SAID, with $pid_before and $pid_after
#
# A described server has $own_test and $own_reload, words for a shell that its user has given.

# pair_test TOKEN ID SERVER CONFIG TEST RELOAD FILES...
do_pair_test() {
	enter_run "$1" "$2"
	shift 2
	choose_server "$1" test
	config=$2 own_test=$3 own_reload=$4
	shift 4
	round=test
	for_files find_staged "$@"
	pair_belongs_together
	cd /
	"test_$server" "$@"
	found untested 'it has no test'
}

# pair_reload SERVER CONFIG TEST RELOAD FILES...
do_pair_reload() {
	choose_server "$1" reload
	config=$2 own_test=$3 own_reload=$4 pid_before= pid_after=
	shift 4
	cd /
	"reload_$server" "$@"
	found not-reloaded 'nobody knows how'
}

choose_server() {
	server=$1
	case $server in '' | *[!a-z]*) no odd-words ;; esac
	has "$2_$server" || no unknown-request "$server"
}

# Ends what is under way.
found() {
	# What a server says may be long: its end is what counts.
	put_line "${2-}" | tail -n 20 | cut -c 1-400 | { while IFS= read -r line; do [ -z "$line" ] || tell said "$line"; done; }
	ok "$1" "${pid_before-}" "${pid_after-}"
}

# ---- What is staged ---------------------------------------------------------------------------------------

# What lies over what, for in_view: $view; the staged file of each, by what is in it: $staged_chain, $staged_key.
view= staged_chain= staged_key=
find_staged() {
	enter_file "$1" "$2" "$3"
	case $den in .) den=$folder/$lair ;; esac
	next=$den/next-$1.$5
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

# Not every server minds, or not before it is told to read them.
pair_belongs_together() {
	has openssl && [ -n "$staged_chain" ] && [ -n "$staged_key" ] || return 0
	said=$(openssl x509 -noout -pubkey 2>&1 <"$staged_chain") || found failed "the certificate cannot be read: $said"
	public=$said
	said=$(openssl pkey -pubout 2>&1 <"$staged_key") || found failed "the key cannot be read: $(put_line "$said" | tail -n 1)"
	[ "$public" = "$said" ] || found failed 'the key does not belong to the certificate'
}

# in_view COMMAND...: in a mount namespace of its own, where the paths in use hold what is staged; nobody else sees that.
# $rc and $said; 97: this host has no such thing, as in a container.
in_view() {
	rc=97 said=
	has unshare && has mount || return
	eval "set -- $view -- \"\$@\""
	said=$(unshare -m sh -c "$view_text" latchkey "$@" 2>&1)
	rc=$?
}
view_text='mount --make-rprivate / 2>/dev/null
while [ "$1" != -- ]; do mount --bind "$1" "$2" 2>/dev/null || exit 97; shift 2; done
shift
exec "$@"'

# ---- Processes --------------------------------------------------------------------------------------------

# masters_of EXE...: the processes that root runs of these programs here and that no such process has started, into $masters. What
# runs in a container has its own files.
masters_of() {
	masters= candidates=' '
	set +f
	for entry in /proc/[0-9]*; do
		program=$(readlink "$entry/exe" 2>/dev/null) || continue
		program=${program% (deleted)}
		for wanted_program do
			[ "${program##*/}" = "$wanted_program" ] || continue
			look_at "$entry"
			[ "$uid" = "$my_uid" ] && is_ours "$entry" || continue
			candidates="$candidates${entry#/proc/} "
		done
	done
	set -f
	for pid in $candidates; do
		parent_of "$pid"
		case $candidates in *" $parent "*) ;; *) masters="$masters $pid" ;; esac
	done
}

# A service may have mounts of its own; a container has processes and a root of its own.
is_ours() { [ "$(readlink "$1/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] && [ "$1/root" -ef / ]; } 2>/dev/null

parent_of() {
	parent=
	IFS= read -r stat <"/proc/$1/stat" || return 0
	set -- ${stat##*\) }
	parent=${2-}
} 2>/dev/null

program_of() {
	program=$(readlink "/proc/$1/exe" 2>/dev/null)
	program=${program% (deleted)}
}

# The words of process $1 as words of the shell, without the first: $arguments.
arguments_of() {
	arguments=$(tr '\0' '\n' <"/proc/$1/cmdline" | sed -e 1d -e "s/'/'\\\\''/g" -e "s/.*/'&'/" | tr '\n' ' ')
} 2>/dev/null

children_of() {
	children=' '
	set +f
	for entry in /proc/[0-9]*/stat; do
		IFS= read -r stat <"$entry" || continue
		set -- "$1" ${stat##*\) }
		[ "${3-}" != "$1" ] || [ "$2" = Z ] || { entry=${entry%/stat}; children="$children${entry#/proc/} "; }
	done 2>/dev/null
	set -f
}

note_children() { children_of "$1"; noted=$children; }

# Until process $1 has a child that it had not when note_children was asked, and that stays: it has read its configuration anew.
# 1: it has not within ten seconds; 2: it has ended.
await_children() {
	tries=0
	while [ $tries -lt 50 ]; do
		[ -d "/proc/$1" ] || return 2
		children_of "$1"
		for child in $children; do
			case $noted in *" $child "*) continue ;; esac
			nap
			children_of "$1"
			case $children in *" $child "*) return 0 ;; esac
		done
		nap
		tries=$((tries + 1))
	done
	return 1
}

nap() { sleep 0.2 2>/dev/null || sleep 1; }

# The service of process $1, where a service manager runs: $unit.
unit_of() {
	unit=
	[ -d /run/systemd/system ] && has systemctl || return 0
	while IFS=: read -r _ _ group; do
		case $group in */*.service) unit=${group##*/} ;; esac
	done <"/proc/$1/cgroup"
	# A shell of somebody may have started it.
	case $unit in user@* | session* | ssh*) unit= ;; esac
	[ -z "$unit" ] || [ "$(systemctl show -p CanReload --value "$unit" 2>/dev/null)" = yes ] || unit=
} 2>/dev/null

# $rc and $said, with what its log says since.
reload_unit() {
	since=$(date +%s)
	said=$(systemctl reload "$unit" 2>&1)
	rc=$?
	! has journalctl || said="$said
$(journalctl -q --no-pager -o cat -n 20 -u "$unit" --since "@$since" 2>/dev/null)"
}

# ---- nginx ------------------------------------------------------------------------------------------------

# Its master shows its own words behind this, with spaces between: $arguments.
nginx_arguments() {
	IFS= read -r line <"/proc/$1/cmdline" || :
	line=$(put_line "$line" | tr '\0' ' ')
	arguments=
	for option in c p e g; do
		case $line in *" -$option "*) ;; *) continue ;; esac
		value=${line#*" -$option "}
		case $option in
			g) value=$(put_line "$value" | sed -e 's/ -[cpeqtTVvh]\( .*\)*$//' -e 's/ *$//') ;;
			*) value=${value%% *} ;;
		esac
		quote "$value"
		arguments="$arguments -$option $quoted"
	done
}

# Those that go by $config, or all.
nginx_masters() {
	masters_of nginx
	[ -n "$config" ] || return 0
	mine=
	for pid in $masters; do
		nginx_arguments "$pid"
		case "$arguments " in *" -c '$config' "*) mine="$mine $pid" ;; *' -c '*) ;; *) mine="$mine $pid" ;; esac
	done
	masters=$mine
}

test_nginx() {
	nginx_masters
	for pid in ${masters:-0}; do
		program=nginx arguments=
		if [ "$pid" != 0 ]; then
			program_of "$pid"
			nginx_arguments "$pid"
		elif [ -n "$config" ]; then quote "$config"; arguments="-c $quoted"
		fi
		quote "$program"
		eval "in_view $quoted $arguments -q -t"
		[ $rc != 97 ] || found untested 'this host lets nobody look at its files by another view'
		[ $rc = 0 ] || found failed "$said"
	done
	found passed "$said"
}

# Its own test again, for a HUP of files that it does not take changes nothing, and nobody is told.
reload_nginx() {
	nginx_masters
	[ -n "$masters" ] || found not-reloaded 'no nginx of root runs here'
	for pid in $masters; do
		pid_before=$pid
		program_of "$pid"
		nginx_arguments "$pid"
		quote "$program"
		said=$(eval "$quoted $arguments -q -t" 2>&1) || found not-reloaded "$said"
		note_children "$pid"
		unit_of "$pid"
		if [ -n "$unit" ]; then
			reload_unit
			[ $rc = 0 ] || found not-reloaded "$said"
		else kill -HUP "$pid" || found not-reloaded 'it could not be told'
		fi
		# One without workers has none to change.
		[ "$noted" = ' ' ] || await_children "$pid" || found not-reloaded "it goes on with what it has read
$said"
		[ ! -d "/proc/$pid" ] || pid_after=$pid
	done
	found reloaded "$said"
}
