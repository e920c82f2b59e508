# Which processes of this host are servers that root has started. What a process says of itself anybody may say: its
# title, its name, a file with its number. What runs there, for whom and within what, the kernel says. Functions
# alone, which stand in front of the collector and of a session; both have $my_uid.

# is_roots_daemon PID NAME...: whether process PID is a program of one of these names that runs as root, in the
# processes and the root folder of this shell, and that nobody but root can have put where it is. NAME may be a
# pattern. 0: it is; 1: it is not; 2: it may be, but only root can ask. Into $program: what runs, as its path is or,
# where the file has been replaced, was.
is_roots_daemon() {
	asked_process=/proc/$1 program=
	shift
	runs_as_root "$asked_process" || return 1
	[ "$my_uid" = 0 ] || return 2
	runs_here "$asked_process" || return 1
	program=$(readlink "$asked_process/exe" 2>/dev/null) || return 1
	program=${program% (deleted)}
	for wanted_name do
		# shellcheck disable=SC2254 # It may be a pattern.
		case ${program##*/} in $wanted_name) ;; *) continue ;; esac
		# The very file that runs, also when its name is gone since an upgrade.
		is_roots_own "$(ls -ldnL "$asked_process/exe" 2>/dev/null)" || return 1
		# Where this shell has other mounts, the path may be another's.
		[ ! -d "${program%/*}" ] || is_roots_folder "${program%/*}"
		return
	done
	return 1
}

# Whether process folder $1 is in the processes and the root folder of this shell: a container whose processes are
# ours to see has files of its own. A service may have mounts of its own.
runs_here() { [ "$(readlink "$1/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] && [ "$1/root" -ef / ]; } 2>/dev/null

# Whether process folder $1 is root's by all four of its numbers: what a user has started is not, whatever rights it
# was given.
runs_as_root() {
	status_key= status_ids=
	while read -r status_key status_ids; do
		[ "$status_key" != Uid: ] || break
	done <"$1/status"
	[ "$status_key" = Uid: ] || return 1
	set -- $status_ids
	[ "${1-}${2-}${3-}${4-}" = 0000 ]
} 2>/dev/null

# Whether a line of ls -ldn tells of what root owns and nobody else may write. To who is not root what is their own
# is as good.
is_roots_own() {
	set -- $1
	[ "${3-}" = 0 ] || [ "${3-}" = "$my_uid" ] || return 1
	case $1 in
		l*) ;;
		????????w*) return 1 ;;
		?????w*) [ "${4-}" = 0 ] ;;
	esac
}

# Whether folder $1 and those above it are root's, and open to no stranger; a group that root has let in is root's
# choice.
is_roots_folder() {
	checked_folder=$1
	while :; do
		set -- $(ls -ldnL "${checked_folder:-/}" 2>/dev/null)
		[ "${3-}" = 0 ] || return 1
		case $1 in ????????w*) return 1 ;; esac
		[ -n "$checked_folder" ] || return 0
		checked_folder=${checked_folder%/*}
	done
}

# Whether nobody but root can have written what path $1 leads to, nor change where it leads: the file, each folder
# and each link on the way, as it is written and as it is. In a folder where all may make files and none may take
# another's, what root has made counts.
is_roots_path() {
	is_roots_literal_path "$1" || return 1
	resolved_path=$(readlink -f "$1" 2>/dev/null) && [ -n "$resolved_path" ] || return 1
	[ "$resolved_path" = "$1" ] || is_roots_literal_path "$resolved_path"
}

# The mode of the last is left in $path_mode, and in $path_line what ls says of the first that is not so.
is_roots_literal_path() {
	case $1 in /*) ;; *) return 1 ;; esac
	case $1/ in *//?* | */./* | */../* | *"$nl"*) return 1 ;; esac
	path_left=${1%/}
	set --
	while [ -n "$path_left" ]; do set -- "$path_left" "$@"; path_left=${path_left%/*}; done
	path_lines=$(ls -ldn / "$@" 2>/dev/null)
	path_count=$(($# + 1))
	IFS=$nl
	for path_line in $path_lines; do
		unset IFS
		path_mode=${path_line%% *} path_count=$((path_count - 1))
		case $path_mode in
			# Of all those who may make files in it each can move only their own.
			d????????[tT]*) set -- $path_line; [ "${3-}" = 0 ] || return 1 ;;
			*) is_roots_own "$path_line" || return 1 ;;
		esac
		IFS=$nl
	done
	unset IFS
	[ $path_count = 0 ]
}

# Whether somebody who logged in as another than root has started process $1, with whatever words: by sudo, say.
is_of_login() {
	login_user= first_user= login_group=
	read -r login_user <"/proc/$1/loginuid"
	read -r first_user <"/proc/1/loginuid"
	case $login_user in '' | 0 | 4294967295 | "$first_user") ;; *) return 0 ;; esac
	while read -r login_group; do
		case $login_group in */user-0.slice/*) ;; */user-[0-9]*.slice/*) return 0 ;; esac
	done <"/proc/$1/cgroup"
	return 1
} 2>/dev/null

# find_sshd: the sshd of root that listen on this host, a line PID TITLE each into $sshd_listeners; a title is the
# command line that it was started with. Into $sshd_claims those that only say so: all of them where we are not
# root, and of root's those that somebody who logged in has started with options of his.
find_sshd() {
	sshd_listeners= sshd_claims=
	set +f
	for sshd_process in /proc/[0-9]*; do
		set -f
		sshd_comm=
		read -r sshd_comm <"$sshd_process/comm"
		[ "$sshd_comm" = sshd ] || continue
		began_at "$sshd_process" || continue
		sshd_began=$began
		read_sshd_title "$sshd_process" || continue
		is_roots_daemon "${sshd_process#/proc/}" sshd 'sshd.*'
		case $? in 0) sshd_is=ours ;; 2) sshd_is=claim ;; *) continue ;; esac
		if [ $sshd_is = ours ]; then
			listens "$sshd_process" || continue
			take_sshd_words "$sshd_title"
			if [ -n "$sshd_options" ] && is_of_login "${sshd_process#/proc/}"; then sshd_is=claim; fi
		fi
		# Its number may be another's by now.
		began_at "$sshd_process" && [ "$began" = "$sshd_began" ] || continue
		sshd_line="${sshd_process#/proc/} $sshd_title
"
		if [ $sshd_is = ours ]; then sshd_listeners=$sshd_listeners$sshd_line; else sshd_claims=$sshd_claims$sshd_line; fi
	done 2>/dev/null
	set -f
}

# When process folder $1 began, in ticks of the kernel: $began.
began_at() {
	began=
	IFS= read -r began <"$1/stat" || return 1
	set -- ${began##*")"}
	began=${20-}
	[ -n "$began" ]
} 2>/dev/null

# The command line of a listening sshd, into $sshd_title. Before 8.2 it had no title that says so: there it is a
# process that serves nobody, which has one.
read_sshd_title() {
	sshd_title=$(tr '\0\n' '  ' <"$1/cmdline" 2>/dev/null)
	case $sshd_title in
		'sshd: '*' [listener]'*)
			sshd_title=${sshd_title#sshd: }
			sshd_title=${sshd_title%% \[listener\]*}
			;;
		*/sshd | */sshd' '*) case "$sshd_title " in *' -R '* | *' -T '* | *' -i '*) return 1 ;; esac ;;
		*) return 1 ;;
	esac
}

# Of a command line of sshd, as getopt reads it: the file after -f into $sshd_config, empty where there is none, and
# -f, -o and -p into $sshd_options, a line each as one word of sshd's. Nothing is looked at.
take_sshd_words() {
	sshd_config= sshd_options=
	set -- $1
	[ $# = 0 ] || shift
	while [ $# -gt 0 ]; do
		case $1 in --) return ;; -?*) ;; *) return ;; esac
		sshd_flags=${1#-}
		shift
		while [ -n "$sshd_flags" ]; do
			sshd_value=${sshd_flags#?}
			sshd_flag=${sshd_flags%"$sshd_value"}
			sshd_flags=$sshd_value
			case $sshd_flag in [CEbcfghkopu]) ;; *) continue ;; esac
			sshd_flags=
			if [ -z "$sshd_value" ] && [ $# -gt 0 ]; then sshd_value=$1; shift; fi
			if [ $sshd_flag = o ]; then
				# "-o Key value" is one word to sshd, and several here.
				while [ $# -gt 0 ]; do
					case $1 in -*) break ;; esac
					sshd_value="$sshd_value $1"
					shift
				done
			fi
			case $sshd_flag in
				f) sshd_config=$sshd_value ;;
				p) sshd_flag=o sshd_value=Port=$sshd_value ;;
				o) ;;
				*) continue ;;
			esac
			sshd_options="$sshd_options-$sshd_flag$sshd_value
"
		done
	done
}

# Whether process folder $1 holds a socket that listens for TCP.
listens() {
	{ cat "$1/net/tcp" "$1/net/tcp6"; ls -ln "$1/fd/"; } 2>/dev/null | awk "$listening_process_awk"
}
