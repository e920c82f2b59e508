# What listens, what could serve, and how the web servers here are configured.

# Who listens at any of these ports, into $listeners: port, address and inode of each, as the kernel writes them.
find_listeners() {
	hex_ports=
	for wanted_port do hex_ports="$hex_ports $(printf %04X "$wanted_port")"; done
	listeners=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v ports="$hex_ports " "$listening_awk")
}

# The program that has this socket; only root sees others'.
who_has() {
	set +f
	set -- "$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v socket="socket:[$1]" "$socket_owner_awk")"
	set -f
	[ -z "$1" ] || cat "/proc/$1/comm" 2>/dev/null
}

# challenge_look PORT...: what listens there, what could serve, and how the web servers that run are configured, as far
# as it says which folder answers for a path. No line of a configuration that is not on the list leaves the host.
do_challenge_inspect() {
	[ -r /proc/net/tcp ] || report no-listeners
	find_listeners "$@"
	put_line "$listeners" | while read -r port address inode; do
		[ -z "$port" ] || report listener "$port" "$address" "$(who_has "$inode")"
	done
	find_servers
	report servers $servers
	if has openssl; then report openssl; fi
	set +f
	for entry in /proc/[0-9]*; do
		IFS= read -r command_name <"$entry/comm" || continue
		case $command_name in nginx | apache2 | httpd) inspect_server "${entry##*/}" "$command_name" ;; esac
	done 2>/dev/null
	set -f
	ok seen
}

# Only the first process of each, which the others are children of. What somebody else has under such a name is none of
# this host's web servers: root asks none but root's own, and reads nothing by words that lead to where others may
# write.
inspect_server() {
	runs_as_root "/proc/$1" || { [ "$my_uid" != 0 ] && [ -O "/proc/$1" ]; } || return
	parent=$(awk '/^PPid:/ { print $2 }' "/proc/$1/status")
	IFS= read -r parent_name <"/proc/$parent/comm" || parent_name=
	[ "$parent_name" != "$2" ] || return
	if [ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]; then
		if runs_here "/proc/$1"; then report strange "$2" mounts; else report contained "$2"; fi
		return
	fi
	program=$(readlink "/proc/$1/exe") || { report unreadable "$2"; return; }
	program=${program%' (deleted)'} pid=$1
	if [ "$my_uid" = 0 ]; then
		runs_here "/proc/$1" || { report strange "$2" elsewhere; return; }
		is_roots_daemon "$1" "$2" "$2[.-]*" || { report strange "$2" program; return; }
	fi
	case $2 in
		nginx) inspect_nginx ;;
		*) inspect_apache ;;
	esac
}

# leads_to_root WORD...: whether root alone can have written each path among these words of process $pid, by itself or
# after a flag. What somebody who logged in has started with any words leads nowhere. Why not: $led_by.
leads_to_root() {
	[ "$my_uid" = 0 ] && [ $# -gt 0 ] || return 0
	led_by=login
	if is_of_login "$pid"; then return 1; fi
	led_by=files
	for word do
		case $word in /* | -?/*) ;; *) continue ;; esac
		case $word/ in *//?* | */./* | */../*) led_by=unknown ;; esac
		is_roots_path "/${word#*/}" || return 1
	done
}

inspect_nginx() {
	set -f
	set -- $(tr '\0' ' ' <"/proc/$pid/cmdline")
	prefix=$(after -p "$@") root=$(after -c "$@")
	set --
	[ -z "$prefix" ] || set -- "$@" -p "$prefix"
	[ -z "$root" ] || set -- "$@" -c "$root"
	# A relative one is seen from the prefix, and a relative prefix from where it was started.
	led=$root
	case $root in '' | /*) ;; *) led=${prefix:-$(nginx_prefix)} led=${led%/}/$root ;; esac
	case ${prefix:-/},${led:-/} in /*,/*) ;; *) report strange nginx unknown; return ;; esac
	leads_to_root $prefix $led || { report strange nginx $led_by; return; }
	dump=$("$program" -T "$@" 2>&1) || { report problem nginx "$(put_line "$dump" | tail -n 1 | cut -c 1-300)"; return; }
	report nginx "$pid" "$@"
	put_line "$dump" | only_sites nginx | send_data "nginx-$pid"
}

after() {
	wanted_word=$1
	shift
	while [ $# -gt 1 ]; do
		if [ "$1" = "$wanted_word" ]; then put_line "$2"; return; fi
		shift
	done
}

# That which $program was built with, by its own word.
nginx_prefix() {
	"$program" -V 2>&1 | awk "$nginx_prefix_awk"
}

inspect_apache() {
	set -f
	arguments=$(tr '\0' ' ' <"/proc/$pid/cmdline" |
		sed 's/^[^ ]*//; s/ -k [a-z-]*//; s/ -DFOREGROUND//; s/ -D FOREGROUND//; s/ -X//')
	leads_to_root $arguments || { report strange apache $led_by; return; }
	surroundings=$(tr '\0' '\n' <"/proc/$pid/environ" | grep -E '^APACHE_[A-Z_]+=')
	dump=$(
		# shellcheck disable=SC2163 # NAME=VALUE, as the surroundings of a process are written.
		while IFS= read -r line; do export "$line"; done <<-END
			$surroundings
		END
		"$program" $arguments -t -D DUMP_INCLUDES 2>/dev/null
	) || { report problem apache ''; return; }
	files=$(put_line "$dump" | sed -n 's/^ *([0-9*]*) //p')
	report apache "$pid" $arguments
	{
		first=${files%%"$nl"*}
		put_line "# configuration file ${first%/*}/envvars:"
		put_line "$surroundings"
		put_line "$files" | while IFS= read -r file; do
			put_line "# configuration file $file:"
			cat "$file"
			echo
		done
	} | only_sites apache | send_data "apache-$pid"
}

# Of a dump of configuration, what says which name and path is answered from where.
only_sites() { awk -v kind="$1" "$nginx_awk$only_sites_awk"; }
