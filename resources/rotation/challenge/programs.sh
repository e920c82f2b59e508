# Programs that serve one path, and what holds them.

# Each is started in its folder by PORT and SECONDS, gives up being root once it has its port, and answers from the
# file `answer`: the path, and what is there.
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
        request = b""
        while b"\r\n\r\n" not in request and len(request) < 16384:
            piece = client.recv(4096)
            if not piece:
                break
            request += piece
        found = request.split(b" ")[:2] == [b"GET", path.encode()]
        body = text if found else ""
        status = "200 OK" if found else "404 Not Found"
        head = "HTTP/1.1 %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n" % (status, len(body))
        client.sendall((head + "Connection: close\r\n\r\n" + body).encode())
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
use strict; use POSIX (); use Socket qw(:all);
my ($port, $seconds) = @ARGV;
open(my $file, "<", "answer") or die; my ($path, $text) = split " ", join("", <$file>);
my $server;
sub six {
    socket($server, AF_INET6, SOCK_STREAM, 0) && setsockopt($server, IPPROTO_IPV6, IPV6_V6ONLY, 0)
        && setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1) && bind($server, pack_sockaddr_in6($port, IN6ADDR_ANY))
}
sub four {
    socket($server, AF_INET, SOCK_STREAM, 0) && setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1)
        && bind($server, pack_sockaddr_in($port, INADDR_ANY))
}
six() or do { die "$!\n" if $!+0 == 13 || $!+0 == 98 || $!+0 == 48; four() or die "$!\n" };
listen($server, 64) or die "$!\n";
# What perl makes of $< and $> keeps the way back to root.
if ($> == 0) { $) = "65534 65534"; POSIX::setgid(65534) or die "$!\n"; POSIX::setuid(65534) or die "$!\n" }
$SIG{CHLD} = "IGNORE";
alarm $seconds;
while (1) {
    accept(my $client, $server) or next;
    my $child = fork;
    if (defined $child && $child == 0) {
        alarm 5;
        my $request = "";
        while ($request !~ /\r\n\r\n/ && length($request) < 16384) {
            sysread($client, $request, 4096, length $request) or last;
        }
        my $found = index($request, "GET $path ") == 0;
        my $body = $found ? $text : "";
        syswrite($client, "HTTP/1.1 " . ($found ? "200 OK" : "404 Not Found") . "\r\n"
            . "Content-Type: application/octet-stream\r\nContent-Length: " . length($body) . "\r\n"
            . "Connection: close\r\n\r\n$body");
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
    "GET $path "*)
        printf "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
        printf "Content-Length: %d\r\nConnection: close\r\n\r\n%s" ${#text} "$text" ;;
    *) printf "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" ;;
esac'

# Holds the server until its time is over, and ends it when told to. Its own number is written down by itself, so that
# there is no server of which nobody knows. Once its time is over nothing of it stays, whether anybody comes for it or
# not; where it ended before that, what it said does.
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
