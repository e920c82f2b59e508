# How Latchkey's hand answers, on a host, who wants to see that a name is that host's (RFC 8555, RFC 8737): a file in the
# folder that a web server serves, or a server of one path that ends by itself. Read after hand.sh.
#
# What was begun for a run is written down first, in $challenges/RUN (/var/lib/latchkey/challenges, or under the home of
# whoever is not root), so that it can be taken away whatever ended who began it:
#
#   ID.file    the file: its folder, its name, its hash, and which folders were made for it
#   ID.d/      a server: its files, what it said, and in `pid` who holds it

for tool in busybox cut nohup openssl perl ps python3 setsid sleep socat; do unset -f "$tool" 2>/dev/null; done

find_challenges() {
	if [ "$my_uid" = 0 ]; then challenges=/var/lib/latchkey/challenges
	else challenges=${HOME:-/nonexistent}/.local/state/latchkey/challenges
	fi
}

make_run_folder() {
	find_challenges
	records=$challenges/$run
	[ ! -L "$challenges" ] || no linked-folder "$challenges"
	problem=$(mkdir -p "$records" 2>&1) || { why_of "$problem"; no "$why" "$challenges"; }
}

check_challenge() { for word do case $word in '' | *[!A-Za-z0-9_.-]* | .*) no odd-words ;; esac; done; }

# ---- A file in a web server's folder -----------------------------------------------------------------------

# Follows all links of $1: the deepest folder that is there, into $real, and what is missing behind it, into $missing. Whoever
# owns that folder writes there, so each link has to be theirs or root's: $owners.
follow() {
	left=${1#/}/ walked= missing= owners=' ' followed=0 real=
	while [ -n "${left%/}" ]; do
		step=${left%%/*} left=${left#*/}
		case $step in
			'' | .) continue ;;
			..) walked=${walked%/*}; continue ;;
		esac
		look_at "$walked/$step"
		case $mode in
			d*) walked=$walked/$step ;;
			l*)
				owners="$owners$uid "
				followed=$((followed + 1))
				goal=$(readlink "$walked/$step" 2>/dev/null) && [ $followed -lt 16 ] || { refuse linked-folder "$walked/$step"; return 1; }
				case $goal in /*) walked= ;; esac
				left=${goal#/}/$left
				;;
			'') missing=$step/${left%/} missing=${missing%/}; break ;;
			*) refuse no-folder "$walked/$step"; return 1 ;;
		esac
	done
	real=${walked:-/}
	if is_odd "$1$real"; then refuse odd-path "$1"; return 1; fi
	look_at "$real"
	actor=$uid
	for owner in $owners; do
		case $owner in 0 | "$actor") ;; *) refuse linked-folder "$1"; return 1 ;; esac
	done
}

# step_in FOLDER: no link is on the way, and nobody puts one there: from here on by relative names.
step_in() {
	cd -P -- "$1" 2>/dev/null || no no-folder "$1"
	[ "$(pwd -P)" = "$1" ] || no linked-folder "$1"
}

# As the owner of $real, or as ourselves where we may write there anyway.
act_as_owner() {
	[ "$actor" = "$my_uid" ] && return
	if [ "$my_uid" != 0 ] && [ -w "$real" ]; then return; fi
	become "$actor"
}

# challenge_put FOLDER site|challenges RUN ID NAME TEXT: a file of that name and text is where the site has
# /.well-known/acme-challenge/, which FOLDER is itself ("challenges") or has in it.
do_challenge_put() {
	run=$3 id=$4 name=$5 text=$6 refusal=
	check_words "$run" "$id"
	check_challenge "$name" "$text"
	case $1 in /*) ;; *) no odd-path "$1" ;; esac
	case $2 in
		site) below=.well-known/acme-challenge ;;
		challenges) below= ;;
		*) no odd-words ;;
	esac
	follow "$1${below:+/$below}" || no "$refusal" "$detail"
	case $missing in '' | "$below" | "${below#*/}") ;; *) no no-folder "$1" ;; esac
	[ -n "$hash_tool" ] || no no-hash-tool
	wanted=$(put_bytes "$text" | $hash_tool)
	wanted=${wanted%% *}
	[ $by_root = yes ] || write_down
	act_as_owner
	step_in "$real"
	part= made=
	make_missing
	put_challenge
	ok put "$real${missing:+/$missing}/$name"
}

# Who comes first writes down which folders were not there: whoever ends last takes them away.
write_down() {
	make_run_folder
	place=$real${missing:+/$missing} made=$missing
	[ -n "$made" ] || made=$(made_for "$place")
	part=$records/$id.part
	find_sync "$records"
	problem=$({ put_line "$place" && put_line "$name" && put_line "$wanted" && put_line "$made"; } 2>&1 >"$part") || { why_of "$problem"; no "$why" "$records"; }
	sync_file "$part"
	problem=$(mv -f "$part" "$records/$id.file" 2>&1) || { why_of "$problem"; no "$why" "$records"; }
	part=
}

# Of other challenges in the same folder.
made_for() {
	set +f
	for record in "$challenges"/*/*.file; do
		{ IFS= read -r other_place && IFS= read -r _ && IFS= read -r _ && IFS= read -r other_made; } <"$record" || continue
		if [ "$other_place" = "$1" ] && [ -n "$other_made" ]; then put_line "$other_made"; break; fi
	done 2>/dev/null
	set -f
}

make_missing() {
	left=${missing:+$missing/} here=${real%/}
	while [ -n "$left" ]; do
		step=${left%%/*} left=${left#*/} here=$here/$step
		if problem=$(umask 022; mkdir "./$step" 2>&1); then made="$step $made"; label "./$step"
		elif [ ! -d "./$step" ]; then why_of "$problem"; give_up "$why" "$problem"
		fi
		cd -P "./$step" 2>/dev/null && [ "$(pwd -P)" = "$here" ] || give_up linked-folder "$here"
	done
}

# Nothing of this one try stays. We are in the deepest of the folders that were made.
give_up() {
	drop_part
	part=
	for step in $made; do
		case $(pwd -P) in */"$step") cd .. && rmdir "./$step" 2>/dev/null ;; *) rmdir "./$step" 2>/dev/null ;; esac
	done
	no "$@"
}

put_challenge() {
	look_at "./$name"
	case $mode in
		'') ;;
		-*)
			hash_of "./$name"
			[ "$hashed" = "$wanted" ] || give_up in-the-way "$(pwd -P)/$name"
			ok already "$(pwd -P)/$name"
			;;
		*) give_up in-the-way "$(pwd -P)/$name" ;;
	esac
	part=./.latchkey-$run-$id
	rm -f "$part" 2>/dev/null
	problem=$( (set -C; umask 022; put_bytes "$text" >"$part") 2>&1) || { why_of "$problem"; give_up "$why" "$problem"; }
	label "$part"
	# Never over what somebody has put there meanwhile.
	if ! ln "$part" "./$name" 2>/dev/null; then
		[ ! -e "./$name" ] && [ ! -L "./$name" ] || give_up in-the-way "$(pwd -P)/$name"
		problem=$(mv "$part" "./$name" 2>&1) || { why_of "$problem"; give_up "$why" "$problem"; }
	fi
	rm -f "$part"
	part=
	hash_of "./$name"
	[ "$hashed" = "$wanted" ] || fail not-there "$hashed"
}

# challenge_drop FOLDER NAME HASH MADE RUN ID: the file is gone if it is ours, and the folders that were made for it, once
# nothing is in them.
do_challenge_drop() {
	name=$2 wanted=$3 made=$4 run=$5 id=$6 refusal=
	check_words "$wanted" "$run" "$id"
	check_challenge "$name"
	case $made in '' | .well-known/acme-challenge | acme-challenge) ;; *) no odd-words ;; esac
	case $1 in /*) ;; *) no odd-path "$1" ;; esac
	follow "$1" || no "$refusal" "$detail"
	[ $followed = 0 ] || no linked-folder "$1"
	act_as_owner
	step_in "$real"
	if [ -z "$missing" ]; then drop_file; fi
	# Of folders that are gone already, the outer one may still be there.
	left=$made here=$1
	while [ -n "$left" ]; do
		[ "$(pwd -P)" != "$here" ] || { cd .. && rmdir "./${here##*/}" 2>/dev/null; }
		here=${here%/*}
		case $left in */*) left=${left%/*} ;; *) left= ;; esac
	done
	ok dropped
}

drop_file() {
	rm -f "./.latchkey-$run-$id" 2>/dev/null
	look_at "./$name"
	[ -n "$mode" ] || return
	hash_of "./$name"
	[ "$hashed" = "$wanted" ] || return
	problem=$(rm -f "./$name" 2>&1)
	is_gone "./$name" || fail "$why" "$problem"
}

# challenge_list RUN: what was begun for it and not yet forgotten.
do_challenge_list() {
	run=$1
	check_words "$run"
	find_challenges
	set +f
	for entry in "$challenges/$run"/*; do
		id=${entry##*/}
		case $id in
			*.file)
				{ IFS= read -r place && IFS= read -r name && IFS= read -r wanted && IFS= read -r made; } <"$entry" || continue
				tell file "${id%.file}" "$place" "$name" "$wanted" "$made"
				;;
			*.d) tell server "${id%.d}" ;;
		esac
	done
	set -f
	ok listed
}

# challenge_forget RUN ID: of a file that is gone.
do_challenge_forget() {
	run=$1
	check_words "$1" "$2"
	find_challenges
	problem=$(rm -f "$challenges/$1/$2.file" "$challenges/$1/$2.part" 2>&1)
	is_gone "$challenges/$1/$2.file" || fail "$why" "$problem"
	leave_folders
	ok forgotten
}

# challenge_end RUN: what was never written down whole is gone, and the folder, if nothing else is in it.
do_challenge_end() {
	run=$1
	check_words "$run"
	find_challenges
	set +f
	rm -f "$challenges/$run"/*.part
	set -f
	leave_folders
	ok ended
}

# Nobody's run, nobody's folder.
leave_folders() { rmdir "$challenges/$run" "$challenges" "${challenges%/*}" 2>/dev/null; }

# ---- A server of one path ------------------------------------------------------------------------------------

# Each is started in its folder by PORT and SECONDS, gives up being root once it has its port, and answers from the file
# `answer`: the path, and what is there.
server_by_python='
import os, socket, sys, threading
port, seconds = int(sys.argv[1]), int(sys.argv[2])
path, text = open("answer").read().split()
def listen(family, where):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind((where, port))
    s.listen(64)
    return s
try:
    server = listen(socket.AF_INET6, "::")
except OSError as error:
    if error.errno in (13, 98, 48):
        sys.exit(str(error))
    server = listen(socket.AF_INET, "")
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
def answer(client):
    try:
        client.settimeout(5)
        asked = b""
        while b"\r\n\r\n" not in asked and len(asked) < 16384:
            piece = client.recv(4096)
            if not piece:
                break
            asked += piece
        found = asked.split(b" ")[:2] == [b"GET", path.encode()]
        body = text if found else ""
        client.sendall(("HTTP/1.1 %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % ("200 OK" if found else "404 Not Found", len(body), body)).encode())
    except OSError:
        pass
    finally:
        client.close()
timer = threading.Timer(seconds, lambda: os._exit(0))
timer.daemon = True
timer.start()
while True:
    client = server.accept()[0]
    if threading.active_count() > 50:
        client.close()
    else:
        threading.Thread(target=answer, args=(client,), daemon=True).start()'

server_by_perl='
use strict; use Socket qw(:all);
my ($port, $seconds) = @ARGV;
open(my $file, "<", "answer") or die; my ($path, $text) = split " ", join("", <$file>);
my $server;
sub six { socket($server, AF_INET6, SOCK_STREAM, 0) && setsockopt($server, IPPROTO_IPV6, IPV6_V6ONLY, 0) && setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1) && bind($server, pack_sockaddr_in6($port, IN6ADDR_ANY)) }
sub four { socket($server, AF_INET, SOCK_STREAM, 0) && setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1) && bind($server, pack_sockaddr_in($port, INADDR_ANY)) }
six() or do { die "$!\n" if $!+0 == 13 || $!+0 == 98 || $!+0 == 48; four() or die "$!\n" };
listen($server, 64) or die "$!\n";
if ($> == 0) { $) = "65534 65534"; $( = 65534; $< = 65534; $> = 65534 }
$SIG{CHLD} = "IGNORE";
alarm $seconds;
while (1) {
    accept(my $client, $server) or next;
    my $child = fork;
    if (defined $child && $child == 0) {
        alarm 5;
        my $asked = "";
        while ($asked !~ /\r\n\r\n/ && length($asked) < 16384) { sysread($client, $asked, 4096, length $asked) or last }
        my $found = index($asked, "GET $path ") == 0;
        my $body = $found ? $text : "";
        syswrite($client, "HTTP/1.1 " . ($found ? "200 OK" : "404 Not Found") . "\r\nContent-Type: application/octet-stream\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body");
        exit 0;
    }
    close $client;
}'

# A line without an end would be as long as there is memory.
server_by_socat='
ulimit -v 65536
read -r path; read -r text
while IFS= read -r line <&3; do
    line=${line%"$(printf "\r")"}
    [ -n "$line" ] || break
    [ -n "$first" ] || first=$line
done
case $first in
    "GET $path "*) printf "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" ${#text} "$text" ;;
    *) printf "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" ;;
esac'

# Holds the server until its time is over, and ends it when told to. Its own number is written down by itself, so that there
# is no server of which nobody knows. Once its time is over nothing of it stays, whether anybody comes for it or not; where it
# ended before that, what it said does.
holder_text='
trap "" HUP
echo $$ >pid
home=$(pwd -P)
left=$1
over=$(($(date +%s) + left - 1))
shift
"$@" &
child=$!
exec 2>/dev/null
trap "kill $child; exit 0" TERM INT
while [ $left -gt 0 ] && kill -0 $child; do
    sleep 1 &
    wait $!
    left=$((left - 1))
done
kill $child
[ $(date +%s) -ge $over ] || exit
# From within, where whoever begins it anew finds and ends us.
rm -rf "$home"
run=${home%/*}
rmdir "$run" "${run%/*}" "${run%/*/*}"'

has_httpd() { has busybox && busybox --list 2>/dev/null | grep -qx httpd; }

# What can serve one path here, into $servers; the first is used.
find_servers() {
	servers=
	if has python3 && python3 -c 'import socket, threading' 2>/dev/null; then servers="$servers python3"; fi
	if has perl && perl -MSocket=:all -e 'pack_sockaddr_in6(1, IN6ADDR_ANY)' 2>/dev/null; then servers="$servers perl"; fi
	if has_httpd; then servers="$servers busybox"; fi
	if has socat; then servers="$servers socat"; fi
}

# challenge_serve RUN ID PORT SECONDS WITH PATH TEXT: TEXT is at PATH of that port, on every address of this host, for so long.
do_challenge_serve() {
	run=$1 id=$2 port=$3 seconds=$4 with=$5
	check_words "$run" "$id" "$port" "$seconds" "$with"
	check_challenge "$7"
	case $6 in /*[!A-Za-z0-9/_.-]* | *..* | [!/]*) no odd-words ;; esac
	open_server "$port $with $6 $7"
	put_line "$6" >answer && put_line "$7" >>answer || no no-space
	case $with in
		python3) put_line "$server_by_python" >serve && set -- python3 serve "$port" "$seconds" ;;
		perl) put_line "$server_by_perl" >serve && set -- perl serve "$port" "$seconds" ;;
		busybox)
			(umask 022; mkdir -p "www${6%/*}" && put_bytes "$7" >"www$6") || no no-space
			set -- busybox httpd -f -p "$port" -h www
			[ "$my_uid" != 0 ] || set -- "$@" -u 65534:65534
			;;
		socat)
			put_line "$server_by_socat" >serve
			set -- socat -T 5 "TCP6-LISTEN:$port,ipv6only=0,reuseaddr,fork,max-children=20" "SYSTEM:exec sh serve 3<&0 <answer"
			[ -e /proc/net/if_inet6 ] || set -- socat -T 5 "TCP4-LISTEN:$port,reuseaddr,fork,max-children=20" "SYSTEM:exec sh serve 3<&0 <answer"
			;;
		*) no odd-words ;;
	esac
	start_server "$@"
}

# challenge_tls RUN ID PORT SECONDS NAME DIGEST: who speaks acme-tls/1 to that port is shown a certificate for NAME with the
# digest in it, for so long. Its key is made here and goes with it.
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
1.3.6.1.5.5.7.1.31 = critical,DER:0420$6" >request || no no-space
	problem=$({ openssl ecparam -name prime256v1 -genkey -noout -out key && openssl req -x509 -new -key key -days 2 -config request -out certificate; } 2>&1) || no openssl "$problem"
	start_server openssl s_server -accept "$port" -alpn acme-tls/1 -cert certificate -key key -quiet
}

# open_server ASKED: goes into the folder of this server, made anew; one that runs already is all that was asked for.
open_server() {
	make_run_folder
	find_sync "$records"
	home=$records/$id.d
	if is_held_here && [ "$(cat "$home/asked" 2>/dev/null)" = "$1" ]; then ok already; fi
	end_processes
	rm -rf "$home"
	asked=$1
	find_listeners "$port"
	if [ -n "$listeners" ]; then set -- $listeners; leave_folders; no port-taken "$(who_has "$3")"; fi
	problem=$(mkdir "$home" 2>&1) && cd "$home" && put_line "$asked" >asked || { why_of "$problem"; no "$why" "$home"; }
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

start_server() {
	set -- sh -c "$holder_text" "latchkey-$run-$id" "$seconds" "$@"
	if has setsid; then set -- setsid "$@"; elif has nohup; then set -- nohup "$@"; fi
	"$@" </dev/null >/dev/null 2>said 3<&- &
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
	said=$(grep -v '^[[:space:]]*$' said 2>/dev/null | tail -n 1 | cut -c 1-300)
	stop_server
	no no-server "$said"
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
		case $(readlink "$entry") in "$home" | "$home (deleted)") entry=${entry#/proc/} processes="$processes ${entry%/cwd}" ;; esac
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

# ---- Looking ----------------------------------------------------------------------------------------------------

# Who listens at any of these ports, into $listeners: port, address and inode of each, as the kernel writes them.
find_listeners() {
	hex_ports=
	for wanted_port do hex_ports="$hex_ports $(printf %04X "$wanted_port")"; done
	listeners=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v ports="$hex_ports " '
		$4 == "0A" { split($2, at, ":"); if (index(ports, " " at[2] " ")) print at[2], at[1], $10 }')
}

# The program that has this socket; only root is told of others'.
who_has() {
	set +f
	set -- "$(ls -l /proc/[0-9]*/fd 2>/dev/null | awk -v socket="socket:[$1]" '
		/^\/proc\// { split($0, part, "/"); pid = part[3] }
		$NF == socket { print pid; exit }')"
	set -f
	[ -z "$1" ] || cat "/proc/$1/comm" 2>/dev/null
}

# challenge_look PORT...: what listens there, what could serve, and how the web servers that run are configured, as far as
# it tells which folder answers for a path. No line of a configuration that is not on the list leaves the host.
do_challenge_look() {
	[ -r /proc/net/tcp ] || tell no-listeners
	find_listeners "$@"
	put_line "$listeners" | while read -r port address inode; do
		[ -z "$port" ] || tell listener "$port" "$address" "$(who_has "$inode")"
	done
	find_servers
	tell servers $servers
	if has openssl; then tell openssl; fi
	set +f
	for entry in /proc/[0-9]*; do
		IFS= read -r command_name <"$entry/comm" || continue
		case $command_name in nginx | apache2 | httpd) look_at_server "${entry##*/}" "$command_name" ;; esac
	done 2>/dev/null
	set -f
	ok seen
}

# Only the first process of each, which the others are children of.
look_at_server() {
	parent=$(awk '/^PPid:/ { print $2 }' "/proc/$1/status")
	IFS= read -r parent_name <"/proc/$parent/comm" || parent_name=
	[ "$parent_name" != "$2" ] || return
	if [ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]; then tell contained "$2"; return; fi
	program=$(readlink "/proc/$1/exe") || { tell unread "$2"; return; }
	program=${program%' (deleted)'} pid=$1
	case $2 in
		nginx) look_at_nginx ;;
		*) look_at_apache ;;
	esac
}

look_at_nginx() {
	set -f
	set -- $(tr '\0' ' ' <"/proc/$pid/cmdline")
	prefix=$(after -p "$@") root=$(after -c "$@")
	set --
	[ -z "$prefix" ] || set -- "$@" -p "$prefix"
	[ -z "$root" ] || set -- "$@" -c "$root"
	dump=$("$program" -T "$@" 2>&1) || { tell problem nginx "$(put_line "$dump" | tail -n 1 | cut -c 1-300)"; return; }
	tell nginx "$pid" "$@"
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

look_at_apache() {
	set -f
	arguments=$(tr '\0' ' ' <"/proc/$pid/cmdline" | sed 's/^[^ ]*//; s/ -k [a-z-]*//; s/ -DFOREGROUND//; s/ -D FOREGROUND//; s/ -X//')
	surroundings=$(tr '\0' '\n' <"/proc/$pid/environ" | grep -E '^APACHE_[A-Z_]+=')
	dump=$(
		while IFS= read -r line; do export "$line"; done <<-END
			$surroundings
		END
		"$program" $arguments -t -D DUMP_INCLUDES 2>/dev/null
	) || { tell problem apache ''; return; }
	files=$(put_line "$dump" | sed -n 's/^ *([0-9*]*) //p')
	tell apache "$pid" $arguments
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

# Of a dump of configuration, what tells which name and path is answered from where.
only_sites() {
	awk -v kind=$1 '
		function nginx(line,   i, c, n) {
			n = length(line)
			for (i = 1; i <= n; i++) {
				c = substr(line, i, 1)
				if (quote != "") {
					statement = statement c
					if (c == "\\") statement = statement substr(line, ++i, 1)
					else if (c == quote) quote = ""
				} else if (c == "\\") {
					statement = statement c substr(line, ++i, 1); is_word = 1
				} else if (c ~ /[ \t]/) {
					statement = statement c; is_word = 0
				} else if (c == "#" && !is_word) {
					break
				} else if (c == ";" || c == "}" || (c == "{" && substr(line, i - 1, 1) != "$")) {
					end_statement(c)
				} else {
					if (!is_word && (c == "\"" || c == "\047")) quote = c
					statement = statement c; is_word = 1
				}
				if (c == "$" && substr(line, i + 1, 1) == "{") {
					while (i < n && substr(line, i, 1) != "}") statement = statement substr(line, ++i, 1)
				}
			}
			statement = statement "\n"
			is_word = 0
			if (length(statement) > 65536) { statement = "\n"; quote = "" }
		}
		function end_statement(end,   text, word) {
			text = statement
			statement = ""
			is_word = 0
			word = text
			sub(/^[ \t\n]+/, "", word)
			sub(/[ \t\n].*/, "", word)
			if (end == ";") {
				if (word ~ /^(proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$|^(rewrite|auth_request|content_by_lua.*|js_content)$/) text = around(text, word)
				else if (word == "return" && text !~ /^[ \t\n]*return[ \t\n]+[0-9]+[ \t\n]*$/ && text !~ /^[ \t\n]*return[ \t\n]+([0-9]+[ \t\n]+)?["\047]?(https?|[$]scheme):[^@ \t\n]*$/) text = around(text, "return 200")
				else if (word == "auth_basic" && text !~ /[ \t]off[ \t\n]*$/) text = around(text, "auth_basic on")
				else if (word !~ /^(listen|server_name|include|root|alias|return|try_files|ssl|auth_basic|deny|allow|internal)$/) text = blank(text)
			}
			if (end == "{" && word !~ /^(http|server|location)$/) text = around(text, word)
			if (end == "}") text = blank(text)
			out = out text end
		}
		function around(text, word) { match(text, /^[ \t\n]*/); return blank(substr(text, 1, RLENGTH)) " " word " " blank(substr(text, RLENGTH + 1)) }
		function blank(text) { gsub(/[^\n]/, "", text); return text }
		function end_file() { if (kind == "nginx") printf "%s", out blank(statement); out = statement = quote = "" }
		function apache(line,   word, part, text) {
			if (!goes_on) {
				sub(/^[ \t]+/, "", line)
				word = tolower(line)
				sub(/[ \t=:].*/, "", word)
				split(line, part, /[ \t]+/)
				text = ""
				if (word ~ /^(listen|servername|serveralias|serverroot|include|includeoptional|loadmodule|undefine|documentroot|alias|aliasmatch|scriptalias|rewriteengine|mdomain|mdomainset)$/ || line ~ /^APACHE_[A-Z_]+=/) text = line
				else if (word == "define") text = part[3] == "" || (part[3] ~ /^"?[\/0-9]/ && word !~ /pass|secret|token|pw/) ? line : part[1] " " part[2]
				else if (word == "rewriterule") text = "RewriteRule " part[2] " " (part[3] ~ /^(https:\/\/[^@]*|-)$/ ? part[3] : "other")
				else if (word ~ /^redirect/) text = line ~ /@/ ? part[1] " / other" : line
				else if (word ~ /^proxypass(match)?$/) text = part[1] " " part[2] " " (part[3] == "!" ? "!" : "other")
				else if (word == "require") text = line ~ /all[ \t]+(granted|denied)[ \t]*$/ ? line : "Require other"
				else if (word ~ /^(use|authtype)$/) text = part[1] " " part[2]
				else if (word ~ /^<\/?(virtualhost|ifmodule|ifdefine|ifversion|iffile|ifdirective|ifsection|macro|location|locationmatch|directory|directorymatch|mdomain.*)>?$/) text = line
				else if (word ~ /^</) { sub(/>.*/, "", word); text = word ">" }
				is_kept = text == line
			} else text = is_kept ? line : ""
			goes_on = line ~ /\\$/
			if (goes_on && text !~ /\\$/) text = text "\\"
			print text
		}
		/^# configuration file .*:$/ { end_file(); print; goes_on = 0; next }
		length($0) > 65536 || total > 4194304 { next }
		{ total += length($0) }
		kind == "nginx" { nginx($0); next }
		!goes_on && /^[ \t]*#/ { print ""; next }
		{ apache($0) }
		END { end_file() }'
}
