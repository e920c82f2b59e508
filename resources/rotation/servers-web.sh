# nginx, Apache and HAProxy: their tests of what is staged, and how they are told of it. Read after servers.sh.

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
			program_of "$pid" || found untested "its program $program can be changed by others"
			nginx_arguments "$pid"
		elif [ -n "$config" ]; then quote "$config"; arguments="-c $quoted"
		fi
		quote "$program"
		command=$quoted
		# It says first in which file its configuration begins, and that from there.
		main=$(eval "$command $arguments -T" 2>/dev/null | sed -n 's/^# configuration file \(.*\):$/\1/p' | head -n 1)
		quote "$main"
		case " $arguments " in *' -c '*) ;; *) [ -z "$main" ] || arguments="$arguments -c $quoted" ;; esac
		eval "tried \"\${main%/*}\" $command $arguments -q -t"
	done
	found passed "$said"
}

how_nginx() { nginx_masters; how_of $masters; }

# how_of PID...: $told_by, for servers that have a signal for where no service is told.
how_of() {
	[ $# -gt 0 ] || { said='none of root runs here'; return 1; }
	unit_of "$1"
	if [ -n "$unit" ]; then told_by=unit; else told_by=command; fi
}

# Its own test again, for a HUP of files that it does not take changes nothing, and nobody is told.
reload_nginx() {
	nginx_masters
	[ -n "$masters" ] || revive nginx
	for pid in $masters; do
		program_of "$pid" || found not-reloaded "its program $program can be changed by others"
		nginx_arguments "$pid"
		quote "$program"
		said=$(eval "$quoted $arguments -q -t" 2>&1) || found not-reloaded "$said"
		tell_master "$pid" HUP
	done
	found reloaded "$said"
}

# ---- Apache -----------------------------------------------------------------------------------------------

apache_masters() {
	masters_of apache2 httpd
	[ -n "$config" ] || return 0
	mine=
	for pid in $masters; do
		arguments_of "$pid"
		case "$arguments " in *" '-f' '$config' "*) mine="$mine $pid" ;; *" '-f' "*) ;; *) mine="$mine $pid" ;; esac
	done
	masters=$mine
}

# apache_words WORDS...: those by which it was started that say what its configuration is: $arguments.
apache_words() {
	arguments=
	while [ $# -gt 0 ]; do
		case $1 in
			-D) [ "${2-}" = FOREGROUND ] || keep_words "$1" "${2-}"; shift ;;
			-d | -f | -C | -c) keep_words "$1" "${2-}"; shift ;;
			-k | -e | -E) shift ;;
			-D?* | -d?* | -f?* | -C?* | -c?*) [ "$1" = -DFOREGROUND ] || keep_words "$1" ;;
		esac
		[ $# = 0 ] || shift
	done
}

keep_words() { for word do quote "$word"; arguments="$arguments $quoted"; done; }

# Its program as Debian's starts it: with variables that its configuration asks for.
apache_text='if [ -r /etc/apache2/envvars ]; then . /etc/apache2/envvars; fi
exec "$@"'

# apache_command PID: $command, $arguments and $main.
apache_command() {
	program=
	if [ "$1" != 0 ]; then
		program_of "$1" || return
		arguments_of "$1"
		eval "apache_words $arguments"
	else
		program=$(command -v apache2 || command -v httpd) || return
		arguments=
		[ -z "$config" ] || keep_words -f "$config"
	fi
	quote "$program"
	command="sh -c \"\$apache_text\" latchkey $quoted"
	main=${config:-$(eval "$command $arguments -V" 2>/dev/null | sed -n -e 's/.*HTTPD_ROOT="\(.*\)"/\1/p' -e 's/.*SERVER_CONFIG_FILE="\(.*\)"/\1/p' | tr '\n' '/')}
	main=${main%/}
	case "$arguments " in
		*" '-f' "*) main=${arguments#*" '-f' '"}; main=${main%%"'"*} ;;
		*) [ ! -f "$main" ] || keep_words -f "$main" ;;
	esac
}

# Its test reads no key, and a pair that it does not take ends it.
test_apache() {
	apache_masters
	for pid in ${masters:-0}; do
		apache_command "$pid" || found untested 'its program is not there, or can be changed by others'
		eval "tried \"\${main%/*}\" $command $arguments -t"
		try_second_apache
		case $? in
			0) said='a second Apache takes the pair' ;;
			1) found failed "$said" ;;
			*)
				[ -n "$staged_chain" ] && [ -n "$staged_key" ] && has openssl || found untested "its test reads no key, and $said"
				said='openssl finds that key and certificate belong together; its own test reads no key'
				;;
		esac
	done
	found passed "$said"
}

# Another one with nothing but the new files, its modules and a network of its own. 1: it does not take them; 2: nobody knows.
try_second_apache() {
	said='no second one can be started here'
	[ -n "$staged_chain" ] && [ -n "$staged_key" ] && has unshare && has timeout && unshare -n true 2>/dev/null || return 2
	settings=$(eval "$command $arguments -t -D DUMP_RUN_CFG -D DUMP_INCLUDES" 2>/dev/null) || return 2
	begin_try || return 2
	{
		put_line "$settings" | sed -n -e 's/^ServerRoot: /ServerRoot /p' -e 's/^\(User\|Group\): name=\("[^"]*"\).*/\1 \2/p'
		put_line "$settings" | sed -n 's/^ *([0-9*]*) //p' | while IFS= read -r file; do
			grep -h -E '^[[:space:]]*LoadModule[[:space:]]+(ssl|mpm_[a-z]+|authz_core|unixd|socache_[a-z]+)_module[[:space:]]' "$file"
		done | sort -u
		put_line "ServerName localhost
DefaultRuntimeDir $try
PidFile $try/pid
ErrorLog $try/log
Listen 443
<VirtualHost *:443>
SSLEngine on
SSLCertificateFile \"$staged_chain\"
SSLCertificateKeyFile \"$staged_key\"
</VirtualHost>"
	} >"$try/apache.conf" 2>/dev/null
	second_try 'resuming normal operations' timeout 30 unshare -n "$program" -D FOREGROUND -f "$try/apache.conf"
	result=$?
	last_lines "$try/log" AH02
	if [ $result = 1 ] && [ -z "$said" ]; then result=2; last_lines "$try/log" .; fi
	end_try
	return $result
}

how_apache() { apache_masters; how_of $masters; }

reload_apache() {
	apache_masters
	[ -n "$masters" ] || revive apache2 httpd
	live_belongs_together "$@"
	for pid in $masters; do
		apache_command "$pid" || found not-reloaded 'its program can be changed by others'
		said=$(eval "$command $arguments -t" 2>&1) || found not-reloaded "$said"
		tell_master "$pid" USR1
	done
	found reloaded "$said"
}

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
		haproxy_command "$pid" || found untested 'its program is not there, or can be changed by others'
		eval "tried \"\${main%/*}\" $command -c $arguments"
	done
	found passed "$said"
}

how_haproxy() {
	haproxy_masters
	how_of $masters || return
	for pid in $masters; do
		haproxy_command "$pid" || { said='its program can be changed by others'; return 1; }
		[ $told_by = unit ] || [ $has_master = yes ] || eval "find_socket $mains" || told_by=none said=$no_master
	done
	[ $told_by != none ]
}
no_master='it has no master to be told, and no socket that may change certificates'

# By its master; one without is told by its socket, where that may change certificates.
reload_haproxy() {
	haproxy_masters
	[ -n "$masters" ] || revive haproxy
	for pid in $masters; do
		haproxy_command "$pid" || found not-reloaded 'its program can be changed by others'
		said=$(eval "$command -c $arguments" 2>&1) || found not-reloaded "$said"
		unit_of "$pid"
		if [ -n "$unit" ] || [ $has_master = yes ]; then tell_master "$pid" USR2
		else
			set_by_socket "$@"
			pid_before=$pid pid_after=$pid
		fi
	done
	found reloaded "$said"
}

# set ssl cert, commit ssl cert: what it has in memory becomes what is in the files.
set_by_socket() {
	live_belongs_together "$@"
	[ -n "$staged_chain" ] || found not-reloaded 'it has no master to be told, and its socket needs the whole pair'
	eval "find_socket $mains" || found not-reloaded "$no_master"
	told_names=0
	names=$(put_line 'show ssl cert' | ask_socket)
	while IFS= read -r known; do
		case $known in '' | '#'* | '*'*) continue ;; esac
		# It may go by another name than its path, such as @store/name.
		[ "$known" -ef "$staged_chain" ] || is_alias "$known" || continue
		told_names=$((told_names + 1))
		set_one "$known"
	done <<-KNOWN
		$names
	KNOWN
	[ $told_names -gt 0 ] || found not-reloaded 'its socket knows no certificate of that file'
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
		[ ! -f "$file" ] || awk '
			$1 ~ /^(global|defaults|frontend|backend|listen|crt-store|peers|resolvers|cache|userlist)$/ { store = "@" $2; in_store = $1 == "crt-store"; base = "" }
			in_store && $1 == "crt-base" { base = $2 "/" }
			in_store && $1 == "load" {
				crt = ""; alias = ""
				for (at = 2; at < NF; at += 2) { if ($at == "crt") crt = $(at + 1); if ($at == "alias") alias = $(at + 1) }
				path = crt ~ /^\// ? crt : base crt
				print store "/" (alias == "" ? crt : alias), path
			}' "$file"
	done
}

set_one() {
	said=$({
		put_line "set ssl cert $1 <<"
		cat "$staged_chain" | grep -v '^[[:space:]]*$'
		[ "$staged_key" = "$staged_chain" ] || [ -z "$staged_key" ] || grep -v '^[[:space:]]*$' "$staged_key"
		put_line ''
	} | ask_socket)
	case $said in *ransaction*) ;; *) found not-reloaded "$said" ;; esac
	said=$(put_line "commit ssl cert $1" | ask_socket)
	case $said in *Success*) return ;; esac
	put_line "abort ssl cert $1" | ask_socket >/dev/null
	found not-reloaded "$said"
}

# A socket of these configurations that takes orders: $socket.
find_socket() {
	socket=
	has socat || has python3 || has nc || return 1
	for file do
		[ -f "$file" ] || continue
		for candidate in $(sed -n 's/^[	 ]*stats[	 ][	 ]*socket[	 ][	 ]*\([^	 ]*\).*level[	 ][	 ]*admin.*/\1/p' "$file"); do
			socket=${candidate#unix@}
			[ -S "$socket" ] && return 0
		done
	done
	return 1
}

# What is said to the socket comes by standard input.
ask_socket() {
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
