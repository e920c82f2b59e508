# What mail servers, directories and databases have in common where a certificate of theirs is tried, and where they
# are told of one. Root only. Each of them has:
#
#   try_NAME CHAIN KEY       tries staged files as that server itself would read them, and touches nothing that is
#                            live. 0: it takes them; 1: it does not; 2: it could not be tried
#   how_NAME CHAIN KEY       into $reload_kind, how it is made to read the live files: unit, command, restart or none
#   read_again_NAME CHAIN KEY      has it read them. 0: it has, as far as it says; 1: it has not. Where that ends its
#                            connections, only if $own_reload is restart
#
# CHAIN and KEY are one file where it holds both, and empty where it is not known. Each says in $message what came of
# it, in the server's own words where it has any, and nothing of a private key. $pid_before and $pid_after: its first
# process.

# What servers.sh calls, of those that are here.
try_server() {
	find_live "$@"
	if [ -z "$staged_chain" ] || [ -z "$staged_key" ]; then
		found untested 'certificate and key are not both among the staged files'
	fi
	"try_$server" "$staged_chain" "$staged_key"
	case $? in
		0) found passed "$message" ;;
		1) found failed "$message" ;;
		*) found untested "$message" ;;
	esac
}

reload_by_own() {
	find_live "$@"
	if "read_again_$server" "$live_chain" "$live_key"; then found reloaded "$message"; fi
	found not-reloaded "$message"
}

# Of the files of a deployment those that hold certificate and key, into $live_chain and $live_key.
find_live() {
	live_chain= live_key=
	while [ $# -ge 5 ]; do
		kind_of "$3"
		case $file_kind in
			certificate) [ -n "$live_chain" ] || live_chain=$3 ;;
			key | locked-key) live_key=$3 ;;
			both) live_chain=$3 live_key=$3 ;;
		esac
		shift 5
	done
}

# server_inspect SERVER CONFIG PATH...: how a server reloads these files: unit, command, restart, or none and why.
# Nothing is changed.
do_server_inspect() {
	choose_server "$1" reload
	config=$2 reload_kind=none message=
	shift 2
	for path do set -- "$@" 0 "$path" "$path" - -; shift; done
	find_live "$@"
	if has "how_$server"; then "how_$server" "$live_chain" "$live_key" || ok none "$message"
	else how_by_masters || ok none "$message"
	fi
	ok "$reload_kind"
}

how_by_masters() {
	case $server in
		apache) masters_of apache2 httpd ;;
		*) masters_of "$server" ;;
	esac
	mains=$masters
	[ -n "$mains" ] || { message="no $server of root runs on this host"; return 1; }
	how_by_unit
}

# find_mains COMM: the first process of each running server of that name, into $mains. What is in a container is not
# this host's.
find_mains() {
	mains=
	set +f
	for entry in /proc/[0-9]*/comm; do
		IFS= read -r comm <"$entry" || continue
		[ "$comm" = "$1" ] || continue
		number=${entry#/proc/} number=${number%/comm}
		runs_here "/proc/$number" || continue
		parent_of "$number"
		comm=
		IFS= read -r comm <"/proc/$parent/comm" || :
		[ "$comm" = "$1" ] || mains="$mains $number"
	done 2>/dev/null
	set -f
}

# learn_process PID NAME...: what process PID is, whose program has one of these names; read once, for all that is done
# with its rights: whoever owns it can have it execute another program at any time, such as one with root's rights.
# 1: its program is another, or somebody else's than root's, or it has the rights of two accounts at once, as what is
# set-user-ID has.
learn_process() {
	learned_pid=$1
	shift
	read_numbers "$learned_pid" || return 1
	numbers_before=$numbers
	program=$(readlink "/proc/$learned_pid/exe" 2>/dev/null)
	program=${program% (deleted)}
	is_roots_program "$@" && read_numbers "$learned_pid" && [ "$numbers" = "$numbers_before" ] || return 1
	eval "program_$learned_pid=\$program numbers_$learned_pid=\$numbers"
}

# recall_process PID: what was learnt of it, into $program, $as_uid, $as_gid and $as_groups (with commas, or empty).
# 1: nothing was, or that number is another process's by now.
recall_process() {
	eval "program=\${program_$1-} numbers=\${numbers_$1-}"
	[ -n "$numbers" ] && began_at "/proc/$1" && [ "$began" = "${numbers%% *}" ] || return 1
	set -- $numbers
	as_uid=$2 as_gid=$3 as_groups=${4-}
}

# Into $numbers: when process $1 began, its user and its group, each the same in all four ways, and its other groups.
read_numbers() {
	began_at "/proc/$1" || return 1
	set -- "$1" $(sed -n -e 's/^[UG]id:[	 ]*\([0-9]\{1,\}\)[	 ]\1[	 ]\1[	 ]\1$/\1/p' \
		-e 's/^Groups:[	 ]*/=/p' "/proc/$1/status" 2>/dev/null)
	case ${2-},${3-},${4-} in [0-9]*,[0-9]*,=*) ;; *) return 1 ;; esac
	numbers="$began $2 $3 "
	shift 3
	for group do numbers=$numbers${group#=},; done
	numbers=${numbers%,}
}

# Whether $program has one of these names, and nobody but root can have put it there.
is_roots_program() {
	for name_of_program do
		[ "${program##*/}" = "$name_of_program" ] || continue
		[ -x "$program" ] && is_roots_path "$program" || return 1
		case $path_mode in *[sS]*) return 1 ;; esac
		return 0
	done
	return 1
}

# is_hosts PID NAME...: whether that process is a server of this host, and not what somebody has started under its
# name: root's, with no words of who logged in; or another's whom the host lets read the key that is in use, who has
# nothing to gain. It is known to recall_process from then on.
is_hosts() {
	learn_process "$@" && recall_process "$1" || return 1
	if [ "$as_uid" = 0 ]; then
		if has_words "$1" && is_of_login "$1"; then return 1; fi
		return 0
	fi
	if is_of_login "$1"; then return 1; fi
	[ -z "${live_key-}" ] || may_read "$1" "$live_key"
}

# may_run PID COMMAND...: whether it succeeds with the rights of process PID, whose owner cannot keep it from ending.
may_run() (limited_as 3 "$@" >/dev/null 2>&1 </dev/null)

# Whoever runs process $1 may read the file $2 already: so they may read what it becomes.
may_read() { may_run "$1" test -r "$2"; }

# word_after PID FLAG: what follows that word on its command line, or is written at its end; into $found_word.
word_after() {
	found_word= next=no
	words=$(tr '\0\n' '\n ' <"/proc/$1/cmdline" 2>/dev/null)
	while IFS= read -r word; do
		if [ $next = yes ]; then found_word=$word next=no; continue; fi
		case $word in
			"$2") next=yes ;;
			"$2"*) found_word=${word#"$2"} found_word=${found_word#=} ;;
		esac
	done <<-WORDS
		$words
	WORDS
}

# Becomes a command with the rights that process $1 had when it was learnt, and no others: `exec_as PID COMMAND...`; by
# what root has set to end it, $as_limit.
as_limit=
exec_as() {
	recall_process "$1" || exit 126
	shift
	cd / || exit 126
	[ "$as_uid" != 0 ] || become_bare $as_limit "$@"
	if [ -n "$as_groups" ]; then set -- --groups "$as_groups" "$@"; else set -- --clear-groups "$@"; fi
	become_bare $as_limit setpriv --reuid "$as_uid" --regid "$as_gid" "$@"
}

# limited_as SECONDS PID COMMAND...: the same; root ends it.
limited_as() {
	as_limit=${kill_after:+$kill_after $1}
	shift
	exec_as "$@"
}

as_process() (limited_as 60 "$@")

# Paths of sockets of this machine on which process $1 listens, into $sockets, as that process sees them, which may
# have a /tmp of its own. That list has names as somebody has given them, and what stands at a path may be another's by
# now: so only such as that process's user and root alone can have put there.
sockets_of() {
	sockets=
	recall_process "$1" || return
	set +f
	inodes=" $(for entry in "/proc/$1"/fd/*; do readlink "$entry"; done 2>/dev/null |
		sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p' | tr '\n' ' ')"
	set -f
	while read -r _ _ _ flags _ _ inode path; do
		case $inodes in *" $inode "*) ;; *) continue ;; esac
		case $flags,$path in *[!A-Za-z0-9_./@+:,=-]*) continue ;; 00010000,/*) ;; *) continue ;; esac
		# By its real path: wherever links lead, what stands there has to be theirs.
		path=$(readlink -f "$path" 2>/dev/null || put_line "$path")
		case $path in *[!A-Za-z0-9_./@+:,=-]*) continue ;; esac
		case " $sockets " in *" /proc/$1/root$path "*) continue ;; esac
		if is_guarded_socket "/proc/$1/root" "$path"; then sockets="$sockets /proc/$1/root$path"; fi
	done </proc/net/unix
}

# is_guarded_socket ROOT PATH: whether the user $as_uid and root alone can have put the socket there, or exchange a
# folder on the way; no link is on it.
is_guarded_socket() {
	walked=$1 left=${2#/}/
	while [ -n "$left" ]; do
		case $left in /* | ./* | ../*) return 1 ;; esac
		walked=$walked/${left%%/*} left=${left#*/}
		read_stat "$walked"
		case $uid in 0 | "$as_uid") ;; *) return 1 ;; esac
		case $left,$mode in
			,s*) return 0 ;;
			,*) return 1 ;;
			# Of all those who may make files in it each can move only their own.
			*,d????????[tT]*) ;;
			*,d???????w*) return 1 ;;
			*,d????w*) [ "$gid" = "$as_gid" ] || [ "$gid" = 0 ] || return 1 ;;
			*,d*) ;;
			*) return 1 ;;
		esac
	done
	return 1
}

# ---- Supervisors -------------------------------------------------------------------------------------------

# capture_message COMMAND...: its last words into $message; its exit status.
capture_message() {
	message=$("$@" 2>&1 </dev/null)
	ended=$?
	message=$(put_line "$message" | tail -n 4 | tr -s '\n\t ' '   ' | tail -c 400)
	message=${message% }
	return $ended
}

# A command that may wait for a first process that does nothing: not for ever.
soon() {
	has timeout || { "$@"; return; }
	timeout 45 "$@"
	set -- $? "$1"
	# What ends it differs: coreutils say 124, busybox and shells by which signal.
	case $1 in 124 | 137 | 143) put_line "$2 was given 45 seconds, and had not ended" ;; esac
	return "$1"
}

# For servers that their unit reloads, and that have a command for where there is none: the first of $mains decides.
how_by_unit() {
	set -- $mains
	unit_of "$1"
	if [ -n "$unit" ]; then reload_kind=unit; else reload_kind=command; fi
}

# By its supervisor where it has one, else by a command of its own: `reload_by PID COMMAND...`.
reload_by() {
	pid_before=$1 pid_after=
	shift
	unit_of "$pid_before"
	if [ -n "$unit" ]; then
		reload_unit
		[ $rc = 0 ] || return 1
	else capture_message "$@" || return 1
	fi
	if [ ! -d "/proc/$pid_before" ]; then message="$message; its process $pid_before has ended"; return 1; fi
	pid_after=$pid_before
}

# What starts process $1 again, whether it can have it read its files or not: $unit.
keeper_of() {
	unit=
	[ -d /run/systemd/system ] && has systemctl || return 1
	while IFS=: read -r _ _ group; do
		case $group in */user.slice/* | */user@*) ;; */*.service) unit=${group##*/} ;; esac
	done <"/proc/$1/cgroup"
	case $unit in '' | user@* | session* | ssh*) unit=; return 1 ;; esac
}

# What process $1 says from now on: where its words go is looked up now, and read by new_log_lines. With its own
# rights: it may redirect them to a file that it may not read. Why they cannot be read: $log_missing, empty where they
# can; the silence of another log shows nothing.
mark_log() {
	log_pid=$1 log_of= log_from=0 log_unit= log_missing='its log was not found' log_since=$(date +%s)
	for number in 2 1; do
		[ -f "/proc/$1/fd/$number" ] || continue
		log_missing='its log could not be read with its own rights'
		log_from=$(as_process "$1" wc -c "/proc/$1/fd/$number" 2>/dev/null) || return 0
		log_of=/proc/$1/fd/$number log_from=${log_from%%/*} log_missing=
		log_from=$((log_from))
		return
	done
	# A journal is written to by a socket.
	case $(readlink "/proc/$1/fd/2" 2>/dev/null) in socket:*) ;; *) return ;; esac
	if has journalctl && keeper_of "$1"; then log_unit=$unit log_missing=; fi
}

# Onto standard output.
new_log_lines() {
	if [ -n "$log_of" ]; then as_process "$log_pid" tail -c +$((log_from + 1)) "$log_of" 2>/dev/null
	elif [ -n "$log_unit" ]; then journalctl -q --no-pager -o cat -u "$log_unit" --since "@$log_since" 2>/dev/null
	fi
}
