# What listens for TCP, and the processes that hold it.

# The sockets that listen for TCP, and the processes that hold them, as far as they can be seen.
read_listeners() {
	[ -r /proc/net/tcp ] || return
	hz=$(getconf CLK_TCK) boot=
	while read -r key value rest; do [ "$key" != btime ] || boot=$value; done </proc/stat
	printf '@addresses - boot:%s hz:%s' "$boot" "${hz:-100}"
	for address in $(awk '/32 host LOCAL/ { print last } { last = $2 }' /proc/net/fib_trie | sort -u); do
		say address "$address"
	done
	[ ! -r /proc/net/if_inet6 ] || while read -r address name; do say address6 "$address"; done </proc/net/if_inet6
	printf '\n'
	set +f
	set -- /proc/[0-9]*/fd
	set -f
	holding='ls -ln'
	[ $may_stop = no ] || holding='timeout -s KILL 4 ls -ln'
	sockets=$({ cat /proc/net/tcp /proc/net/tcp6; $holding "$@" /proc/self/fd; } | awk "$listening_sockets_awk" | sort)
	printf '%s\n' "$sockets" | while read -r socket pids; do
		[ -z "$socket" ] || printf '@listener - %s%s\n' "$socket" "${pids:+ $pids}"
	done
	seen_processes=$nl roots_nginx=' ' nginx_configs=''
	for pid in $sockets; do
		case $pid in pid:*) record_process "${pid#pid:}" ;; esac
	done
}

# Whether nginx of process $1 is root's, by itself or as a worker of its parent $2; and what that was started with:
# as -c of the title that a program of root has given itself.
record_nginx() {
	for nginx_pid in "$1" "$2"; do
		case $roots_nginx in *" $nginx_pid "*) return ;; esac
		is_roots_daemon "$nginx_pid" nginx 'nginx[.-]*' || continue
		roots_nginx="$roots_nginx$nginx_pid "
		take_nginx_words $(tr '\0\n' '  ' <"/proc/$nginx_pid/cmdline")
		case $nl$nginx_configs in
			*"$nl$nginx_config$nl"*) ;;
			*) nginx_configs=$nginx_configs${nginx_config:+$nginx_config$nl} ;;
		esac
		return
	done
	printf ' strange:yes'
}

# The file after -c, seen from the folder after -p, into $nginx_config; empty where there is none that can be told.
take_nginx_words() {
	nginx_config='' nginx_prefix=''
	while [ $# -gt 0 ]; do
		case $1 in
			-c) nginx_config=${2-} ;;
			-c?*) nginx_config=${1#-c} ;;
			-p) nginx_prefix=${2-} ;;
			-p?*) nginx_prefix=${1#-p} ;;
		esac
		shift
	done
	case $nginx_config in
		'' | /*) ;;
		*) case $nginx_prefix in /*) nginx_config=${nginx_prefix%/}/$nginx_config ;; *) nginx_config='' ;; esac ;;
	esac
}

# In which folder Postfix of process $1 begins, where it is root's: that is told by what surrounds it, and never by
# its arguments.
record_postfix() {
	is_roots_daemon "$1" master || return
	postfix_folder=$(tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^MAIL_CONFIG=//p' | head -n 1)
	case $postfix_folder in /*) say argument master; say argument -c; say argument "$postfix_folder" ;; esac
}

record_process() {
	case $seen_processes in *"$nl$1$nl"*) return ;; esac
	seen_processes=$seen_processes$1$nl
	stat=
	IFS= read -r stat <"/proc/$1/stat"
	[ -n "$stat" ] || return
	name=${stat#*"("}
	name=${name%")"*}
	set -- "$1" ${stat##*")"}
	printf '@process - pid:%s' "$1"
	say name "$name"
	case ${21-} in '' | *[!0-9]*) ;; *) printf ' ticks:%s' "${21}" ;; esac
	case $name in
		nginx | apache2 | httpd | httpd-prefork | httpd-worker | httpd-event | haproxy | master | dovecot | slapd | \
			postgres | postmaster | mariadbd | mysqld)
			# One in a container reads other files.
			space=$(readlink "/proc/$1/ns/pid")
			if [ -n "$space" ] && [ "$space" != "$own_space" ]; then printf ' elsewhere:yes'
			elif [ "$name" = nginx ] && [ "$my_uid" = 0 ]; then record_nginx "$1" "${3-}"
			fi
			[ "$name" != master ] || [ "$my_uid" != 0 ] || record_postfix "$1"
			tr '\0' '\n' <"/proc/$1/cmdline" | grep -v -i -e pass -e secret -e token -e auth | head -n 40 |
				while IFS= read -r argument; do say argument "$argument"; done
			;;
	esac
	printf '\n'
}
