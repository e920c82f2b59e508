# Which processes a server is, and how they are made to read their files anew.

# ---- Processes --------------------------------------------------------------------------------------------

# masters_of EXE...: the processes that root runs of these programs here and that no such process has started, into
# $masters. What runs in a container has its own files; what a user has started is theirs, whatever rights it was
# given, and so are words that somebody who logged in has given it.
masters_of() {
	masters= candidates=' '
	set +f
	for entry in /proc/[0-9]*; do
		program=$(readlink "$entry/exe" 2>/dev/null) || continue
		program=${program% (deleted)}
		for wanted_program do
			[ "${program##*/}" = "$wanted_program" ] || continue
			runs_as_root "$entry" && runs_here "$entry" || continue
			if has_words "${entry#/proc/}" && is_of_login "${entry#/proc/}"; then continue; fi
			candidates="$candidates${entry#/proc/} "
		done
	done
	set -f
	for pid in $candidates; do
		parent_of "$pid"
		case $candidates in *" $parent "*) ;; *) masters="$masters $pid" ;; esac
	done
}

# Whether process $1 was started with any words. A server whose title is its own keeps its words in it.
has_words() {
	case $(head -c 4096 "/proc/$1/cmdline" | tr '\0' ' ') in *' -'*) ;; *) return 1 ;; esac
} 2>/dev/null

parent_of() {
	parent=
	IFS= read -r stat <"/proc/$1/stat" || return 0
	set -- ${stat##*\) }
	parent=${2-}
} 2>/dev/null

# The program of process $1, into $program: one that nobody but root can have put there.
program_of() {
	program=$(readlink "/proc/$1/exe" 2>/dev/null)
	program=${program% (deleted)}
	refusal=
	[ -x "$program" ] && check_path "${program%/*}" && [ "$actor" = 0 ] || refuse no-program "$program"
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

# Until process $1 has a child that it had not when note_children was asked, and that stays: it has read its
# configuration anew. 1: it has not within ten seconds; 2: it has ended.
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
		# What somebody runs by a service manager of their own may have the name of any service.
		case $group in */user.slice/* | */user@*) ;; */*.service) unit=${group##*/} ;; esac
	done <"/proc/$1/cgroup"
	# A shell of somebody may have started it.
	case $unit in user@* | session* | ssh*) unit= ;; esac
	[ -z "$unit" ] || [ "$(systemctl show -p CanReload --value "$unit" 2>/dev/null)" = yes ] || unit=
} 2>/dev/null

# $rc and $message, with what its log says since.
reload_unit() {
	since=$(date +%s)
	message=$(systemctl reload "$unit" 2>&1)
	rc=$?
	! has journalctl || message="$message
$(journalctl -q --no-pager -o cat -n 20 -u "$unit" --since "@$since" 2>/dev/null)"
}

# Where no server of root has shown what it reads: root runs nothing over a file that another could have written.
require_roots_path() {
	is_roots_path "$1" || found untested "its configuration $1 is not there, or can be changed by others"
}

# ---- Telling ----------------------------------------------------------------------------------------------

# Of these services the one that has failed is started again: what it could not take may be gone. Ends by found.
revive() {
	if [ -d /run/systemd/system ] && has systemctl; then
		for unit do
			[ "$(systemctl is-failed "$unit.service" 2>/dev/null)" = failed ] || continue
			message=$(systemctl start "$unit.service" 2>&1) ||
				found not-reloaded "it has ended, and does not start: $message"
			found reloaded 'it had ended, and was started again'
		done
	fi
	found not-reloaded "no $1 of root runs here"
}

# By its service, or else by that signal; until it has children that have read the configuration anew. Ends by found
# where not.
signal_master() {
	pid_before=$1 pid_after= rc=0
	note_children "$1"
	unit_of "$1"
	if [ -n "$unit" ]; then reload_unit; else kill "-$2" "$1" || rc=$?; fi
	[ $rc = 0 ] || found not-reloaded "${message:-the signal could not be sent}"
	# One without workers has none to change.
	if [ "$noted" != ' ' ]; then
		await_children "$1"
		case $? in
			1) found not-reloaded "it goes on with what it has read
$message" ;;
			2) found not-reloaded "it has ended
$message" ;;
		esac
	fi
	pid_after=$1
}

# Ends by found where the certificate in use would not be accepted, for files that are known.
require_matching_live_key() {
	staged_chain= staged_key=
	for_files find_in_use "$@"
	has openssl && [ -n "$staged_chain" ] && [ -n "$staged_key" ] || return 0
	key_matches_certificate || found not-reloaded "it was not reloaded: $message"
}

find_in_use() {
	kind_of "$3"
	case $file_kind in
		certificate) [ -n "$staged_chain" ] || staged_chain=$3 ;;
		key) staged_key=$3 ;;
		both) staged_chain=$3 staged_key=$3 ;;
	esac
}
