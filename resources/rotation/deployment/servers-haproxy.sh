# HAProxy: its test of what is staged, and how it is reloaded.

# ---- HAProxy ----------------------------------------------------------------------------------------------

# haproxy_words WORDS...: those that say what its configuration is: $arguments, with its files in $mains; $has_master.
haproxy_words() {
	arguments= mains= has_master=no
	while [ $# -gt 0 ]; do
		case $1 in
			-f) keep_words "$1" "${2-}"; quote "${2-}"; mains="$mains $quoted"; shift ;;
			-C | -L) keep_words "$1" "${2-}"; shift ;;
			-W | -Ws) has_master=yes ;;
			--) keep_words "$@"; shift; for word do quote "$word"; mains="$mains $quoted"; done; return ;;
		esac
		[ $# = 0 ] || shift
	done
}

haproxy_command() {
	if [ "$1" != 0 ]; then
		program_of "$1" || return
		arguments_of "$1"
		eval "haproxy_words $arguments"
		# Its files may be named from where it stands.
		cd "$(readlink "/proc/$1/cwd")" 2>/dev/null || cd /
	else
		program=$(command -v haproxy) || return
		haproxy_words -f "${config:-/etc/haproxy/haproxy.cfg}"
	fi
	quote "$program"
	command="sh -c \"\$haproxy_text\" latchkey $quoted"
	eval "set -- $mains"
	main=${1-}
}
# shellcheck disable=SC2034 # haproxy_command makes a command of it, which is evaluated.
haproxy_text='if [ -r /etc/default/haproxy ]; then set -a; . /etc/default/haproxy; set +a; fi
exec "$@"'

haproxy_masters() {
	masters_of haproxy
	[ -n "$config" ] || return 0
	mine=
	for pid in $masters; do
		arguments_of "$pid"
		eval "haproxy_words $arguments"
		case "$mains " in *" '$config' "* | *" '${config%/*}' "*) mine="$mine $pid" ;; esac
	done
	masters=$mine
}

test_haproxy() {
	haproxy_masters
	for pid in ${masters:-0}; do
		[ "$pid" != 0 ] || require_roots_path "${config:-/etc/haproxy/haproxy.cfg}"
		haproxy_command "$pid" || found untested 'its program is not there, or can be changed by others'
		eval "tried \"\${main%/*}\" $command -c $arguments"
	done
	found passed "$message"
}

how_haproxy() {
	haproxy_masters
	how_of $masters || return
	for pid in $masters; do
		haproxy_command "$pid" || { message='its program can be changed by others'; return 1; }
		[ $reload_kind = unit ] || [ $has_master = yes ] || eval "find_socket $mains" ||
			reload_kind=none message=$no_master
	done
	[ $reload_kind != none ]
}
no_master='it has no master process to reload it, and no socket that may change certificates'

# By its master; one without by its socket, where that may change certificates.
reload_haproxy() {
	haproxy_masters
	[ -n "$masters" ] || revive haproxy
	for pid in $masters; do
		haproxy_command "$pid" || found not-reloaded 'its program can be changed by others'
		message=$(eval "$command -c $arguments" 2>&1) || found not-reloaded "$message"
		unit_of "$pid"
		if [ -n "$unit" ] || [ $has_master = yes ]; then
			signal_master "$pid" USR2
			report whole
		else
			set_by_socket "$@"
			pid_before=$pid pid_after=$pid
		fi
	done
	found reloaded "$message"
}

# set ssl cert, commit ssl cert: what it has in memory becomes what is in the files.
set_by_socket() {
	require_matching_live_key "$@"
	[ -n "$staged_chain" ] ||
		found not-reloaded 'it has no master process to reload it, and its socket needs certificate and key'
	eval "find_socket $mains" || found not-reloaded "$no_master"
	set_names=0
	names=$(put_line 'show ssl cert' | query_socket)
	while IFS= read -r known; do
		case $known in '' | '#'* | '*'*) continue ;; esac
		# It may go by another name than its path, such as @store/name.
		[ "$known" -ef "$staged_chain" ] || is_alias "$known" || continue
		set_names=$((set_names + 1))
		set_one "$known"
	done <<-KNOWN
		$names
	KNOWN
	[ $set_names -gt 0 ] || found not-reloaded 'its socket knows no certificate of that file'
}

# Whether name $1 is what a store of the configuration calls the certificate.
is_alias() {
	case $1 in @*) ;; *) return 1 ;; esac
	[ -n "$(eval "stores_of $mains" | while read -r alias file; do
		if [ "$alias" = "$1" ] && [ "$file" -ef "$staged_chain" ]; then put_line yes; fi
	done)" ]
}

# Names and files of what the stores of these configurations load, one a line.
stores_of() {
	for file do
		[ ! -f "$file" ] || awk "$haproxy_stores_awk" "$file"
	done
}

set_one() {
	message=$({
		put_line "set ssl cert $1 <<"
		grep -v '^[[:space:]]*$' "$staged_chain"
		[ "$staged_key" = "$staged_chain" ] || [ -z "$staged_key" ] || grep -v '^[[:space:]]*$' "$staged_key"
		put_line ''
	} | query_socket)
	case $message in *ransaction*) ;; *) found not-reloaded "$message" ;; esac
	message=$(put_line "commit ssl cert $1" | query_socket)
	case $message in *Success*) return ;; esac
	put_line "abort ssl cert $1" | query_socket >/dev/null
	found not-reloaded "$message"
}

# A socket of these configurations that takes orders: $socket.
find_socket() {
	socket=
	has socat || has python3 || has nc || return 1
	for file do
		[ -f "$file" ] || continue
		blank='[	 ]'
		of_socket="s/^$blank*stats$blank$blank*socket$blank$blank*\\([^	 ]*\\).*level$blank$blank*admin.*/\\1/p"
		for candidate in $(sed -n "$of_socket" "$file"); do
			socket=${candidate#unix@}
			[ -S "$socket" ] && return 0
		done
	done
	return 1
}

# What is said to the socket comes by standard input.
query_socket() {
	if has socat; then socat -t 10 - "UNIX-CONNECT:$socket"
	elif has python3; then python3 -I -c "$socket_text" "$socket"
	else nc -U "$socket"
	fi 2>/dev/null
}
socket_text='import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while True:
    piece = s.recv(65536)
    if not piece:
        break
    sys.stdout.buffer.write(piece)
'
