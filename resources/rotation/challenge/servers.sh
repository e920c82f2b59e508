# A server of one path, or of one certificate, that ends by itself.

has_httpd() { has busybox && busybox --list 2>/dev/null | grep -qx httpd; }

# What can serve one path here, into $servers; the first is used.
find_servers() {
	servers=
	if has python3 && python3 -c 'import socket, threading' 2>/dev/null; then servers="$servers python3"; fi
	if has perl && perl -MPOSIX= -MSocket=:all -e 'pack_sockaddr_in6(1, IN6ADDR_ANY)' 2>/dev/null; then
		servers="$servers perl"
	fi
	if has_httpd; then servers="$servers busybox"; fi
	if has socat; then servers="$servers socat"; fi
}

# challenge_serve RUN ID PORT SECONDS WITH PATH TEXT: TEXT is at PATH of that port, on every address of this host, for
# so long.
do_challenge_serve() {
	run=$1 id=$2 port=$3 seconds=$4 with=$5
	check_words "$run" "$id" "$port" "$seconds" "$with"
	check_challenge "$7"
	case $6 in /*[!A-Za-z0-9/_.-]* | *..* | [!/]*) no odd-words ;; esac
	open_server "$port $with $6 $7"
	problem=$( (put_line "$6" >answer && put_line "$7" >>answer) 2>&1) || cannot no "$home/answer"
	case $with in
		python3) put_line "$server_by_python" >serve && set -- python3 serve "$port" "$seconds" ;;
		perl) put_line "$server_by_perl" >serve && set -- perl serve "$port" "$seconds" ;;
		busybox)
			problem=$( (umask 022; mkdir -p "www${6%/*}" && put_bytes "$7" >"www$6") 2>&1) || cannot no "$home/www"
			set -- busybox httpd -f -p "$port" -h www
			[ "$my_uid" != 0 ] || set -- "$@" -u 65534:65534
			;;
		socat)
			put_line "$server_by_socat" >serve
			find_nobody serve answer
			listen="TCP6-LISTEN:$port,ipv6only=0"
			[ -e /proc/net/if_inet6 ] || listen="TCP4-LISTEN:$port"
			set -- $nobody socat -T 5 "$listen,reuseaddr,fork,max-children=20" "SYSTEM:exec sh serve 3<&0 <answer"
			;;
		*) no odd-words ;;
	esac
	start_server "$@"
}

# challenge_tls RUN ID PORT SECONDS NAME DIGEST: who speaks acme-tls/1 to that port is shown a certificate for NAME
# with the digest in it, for so long. Its key is made here and goes with it.
do_challenge_tls() {
	run=$1 id=$2 port=$3 seconds=$4
	check_words "$run" "$id" "$port" "$seconds" "$6"
	check_challenge "$5"
	has openssl || no no-openssl
	open_server "$port tls $5 $6"
	case $5 in *[!0-9.]*) kind=DNS ;; *) kind=IP ;; esac
	put_line "[req]
distinguished_name = dn
x509_extensions = v3
prompt = no
[dn]
CN = challenge
[v3]
basicConstraints = CA:FALSE
subjectAltName = critical,$kind:$5
1.3.6.1.5.5.7.1.31 = critical,DER:0420$6" >request || { problem=; cannot no "$home/request"; }
	problem=$({ openssl ecparam -name prime256v1 -genkey -noout -out key &&
		openssl req -x509 -new -key key -days 2 -config request -out certificate; } 2>&1) || no openssl "$problem"
	find_nobody key certificate
	start_server $nobody openssl s_server -accept "$port" -alpn acme-tls/1 -cert certificate -key key -quiet
}

# open_server REQUEST: goes into the folder of this server, made anew; one that runs already is all that was asked for.
open_server() {
	make_run_folder
	find_sync "$records"
	home=$records/$id.d
	if is_held_here && [ "$(cat "$home/served" 2>/dev/null)" = "$1" ]; then ok already; fi
	end_processes
	rm -rf "$home"
	served=$1
	find_listeners "$port"
	if [ -n "$listeners" ]; then set -- $listeners; leave_folders; no port-taken "$(who_has "$3")"; fi
	# shellcheck disable=SC2094 # The name is what is said where it cannot be written.
	problem=$(mkdir "$home" 2>&1) && cd "$home" && put_line "$served" >served || cannot no "$home/served"
}

# Whether the holder of this server is alive, into $holder: its number may be somebody else's by now.
is_held_here() {
	holder=
	IFS= read -r holder <"$home/pid" 2>/dev/null || return 1
	case $holder in '' | *[!0-9]*) return 1 ;; esac
	kill -0 "$holder" 2>/dev/null || return 1
	if [ -r "/proc/$holder/cmdline" ]; then
		case $(tr '\0' ' ' <"/proc/$holder/cmdline") in *"latchkey-$run-$id "*) return ;; esac
	else
		case $(ps -o args= -p "$holder" 2>/dev/null) in *"latchkey-$run-$id "*) return ;; esac
	fi
	return 1
}

# find_nobody FILE...: for a server that cannot give up being root by itself, what begins it as nobody who may have any
# port, into $nobody; empty where this host has no such thing. These files of this folder, which nobody else comes to,
# are what it reads.
find_nobody() {
	nobody=
	[ "$my_uid" = 0 ] || return
	nobody='env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin'
	nobody="$nobody setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"
	nobody="$nobody --inh-caps -all,+net_bind_service --ambient-caps -all,+net_bind_service"
	$nobody true 2>/dev/null && chmod 711 . && chmod 644 "$@" || nobody=
}

start_server() {
	set -- sh -c "$holder_text" "latchkey-$run-$id" "$seconds" "$@"
	if has setsid; then set -- setsid "$@"; elif has nohup; then set -- nohup "$@"; fi
	"$@" </dev/null >/dev/null 2>complaints 3<&- &
	started=$! tries=0
	while [ $tries -lt 100 ]; do
		find_listeners "$port"
		[ -z "$listeners" ] || ok serving
		# It is dead, or may never say that it listens.
		[ -s pid ] && ! is_held_here && break
		kill -0 "$started" 2>/dev/null || is_held_here || break
		tries=$((tries + 1))
		sleep 0.1 2>/dev/null || sleep 1
	done
	message=$(grep -v '^[[:space:]]*$' complaints 2>/dev/null | tail -n 1 | cut -c 1-300)
	stop_server
	no no-server "$message"
}

# Ends the holder, and all that has been started in this server's folder, whoever has ended the holder.
end_processes() {
	cd /
	tries=0
	while [ $tries -lt 50 ]; do
		find_processes
		[ -n "$processes" ] || return
		if [ $tries -lt 40 ]; then kill $processes; else kill -9 $processes; fi 2>/dev/null
		tries=$((tries + 1))
		sleep 0.1 2>/dev/null || sleep 1
	done
}

find_processes() {
	processes=
	if is_held_here; then processes=$holder; fi
	set +f
	for entry in /proc/[0-9]*/cwd; do
		case $(readlink "$entry") in "$home" | "$home (deleted)")
			entry=${entry#/proc/} processes="$processes ${entry%/cwd}" ;; esac
	done 2>/dev/null
	set -f
}

stop_server() {
	home=$records/$id.d
	end_processes
	problem=$(rm -rf "$home" 2>&1)
	is_gone "$home" || fail "$why" "$problem"
	leave_folders
}

# challenge_stop RUN ID
do_challenge_stop() {
	run=$1 id=$2
	check_words "$run" "$id"
	find_challenges
	records=$challenges/$run
	stop_server
	ok stopped
}
