# nginx and Apache: their tests of what is staged, and how they are reloaded.

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
		elif [ -n "$config" ]; then
			require_roots_path "$config"
			quote "$config"
			arguments="-c $quoted"
		fi
		quote "$program"
		command=$quoted
		# It says first in which file its configuration begins, and that from there.
		main=$(eval "$command $arguments -T" 2>/dev/null | sed -n 's/^# configuration file \(.*\):$/\1/p' | head -n 1)
		quote "$main"
		case " $arguments " in *' -c '*) ;; *) [ -z "$main" ] || arguments="$arguments -c $quoted" ;; esac
		eval "tried \"\${main%/*}\" $command $arguments -q -t"
	done
	found passed "$message"
}

how_nginx() { nginx_masters; how_of $masters; }

# how_of PID...: $reload_kind, for servers that have a signal where no service reloads them.
how_of() {
	[ $# -gt 0 ] || { message='none of root runs here'; return 1; }
	unit_of "$1"
	if [ -n "$unit" ]; then reload_kind=unit; else reload_kind=command; fi
}

# Its own test again, for a HUP of files that it does not take changes nothing, and nobody is notified.
reload_nginx() {
	nginx_masters
	[ -n "$masters" ] || revive nginx
	for pid in $masters; do
		program_of "$pid" || found not-reloaded "its program $program can be changed by others"
		nginx_arguments "$pid"
		quote "$program"
		message=$(eval "$quoted $arguments -q -t" 2>&1) || found not-reloaded "$message"
		signal_master "$pid" HUP
	done
	found reloaded "$message"
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
# shellcheck disable=SC2034 # What it is in is evaluated.
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
	main=${config:-$(eval "$command $arguments -V" 2>/dev/null |
		sed -n -e 's/.*HTTPD_ROOT="\(.*\)"/\1/p' -e 's/.*SERVER_CONFIG_FILE="\(.*\)"/\1/p' | tr '\n' '/')}
	main=${main%/}
	case "$arguments " in
		*" '-f' "*) main=${arguments#*" '-f' '"}; main=${main%%"'"*} ;;
		*) [ ! -f "$main" ] || keep_words -f "$main" ;;
	esac
}

# Its test reads no key, and a certificate that it does not accept ends it.
test_apache() {
	apache_masters
	for pid in ${masters:-0}; do
		[ "$pid" != 0 ] || [ -z "$config" ] || require_roots_path "$config"
		apache_command "$pid" || found untested 'its program is not there, or can be changed by others'
		eval "tried \"\${main%/*}\" $command $arguments -t"
		apache_keys_match || found failed "$message"
		try_second_apache
		case $? in
			0) message='a second Apache accepts the certificate' ;;
			1) found failed "$message" ;;
			*)
				# Of what is reloaded as it is nothing would be rolled back.
				[ "${run-}" != none ] && [ -n "$staged_chain" ] && [ -n "$staged_key" ] && has openssl ||
					found untested "its test reads no key, and $message"
				message='openssl finds that key and certificate belong together; its own test reads no key'
				;;
		esac
	done
	found passed "$message"
}

# Another one with nothing but copies of the new files, whose names nobody else has chosen, its modules and a network
# of its own. 1: it does not take them; 2: nobody knows.
try_second_apache() {
	message='no second one can be started here'
	[ -n "$staged_chain" ] && [ -n "$staged_key" ] && has unshare && has timeout && unshare -n true 2>/dev/null ||
		return 2
	settings=$(eval "$command $arguments -t -D DUMP_RUN_CFG -D DUMP_INCLUDES" 2>/dev/null) || return 2
	begin_try || return 2
	copy_certificate "$staged_chain" "$staged_key" || { end_try; message='the try could not be written'; return 2; }
	{
		put_line "$settings" |
			sed -n -e 's/^ServerRoot: /ServerRoot /p' -e 's/^\(User\|Group\): name=\("[^"]*"\).*/\1 \2/p'
		put_line "$settings" | sed -n 's/^ *([0-9*]*) //p' | while IFS= read -r file; do
			grep -h -E -e '^[[:space:]]*LoadModule[[:space:]]+(ssl|authz_core|unixd)_module[[:space:]]' \
				-e '^[[:space:]]*LoadModule[[:space:]]+(mpm|socache)_[a-z]+_module[[:space:]]' "$file"
		done | sort -u
		put_line "ServerName localhost
DefaultRuntimeDir $try
PidFile $try/pid
ErrorLog $try/log
Listen 443
<VirtualHost *:443>
SSLEngine on
SSLCertificateFile $try_chain
SSLCertificateKeyFile $try_key
</VirtualHost>"
	} >"$try/apache.conf" 2>/dev/null
	second_try 'resuming normal operations' timeout 30 unshare -n "$program" -D FOREGROUND -f "$try/apache.conf"
	result=$?
	last_lines "$try/log" AH02
	if [ $result = 1 ] && [ -z "$message" ]; then result=2; last_lines "$try/log" .; fi
	end_try
	return $result
}

# Whether each certificate that its configuration names has its key, of whichever site, for one that does not ends it
# as it is reloaded; $message names that. Of those that are to change what is staged counts.
apache_keys_match() {
	has openssl || return 0
	settings=$(eval "$command $arguments -t -D DUMP_RUN_CFG -D DUMP_INCLUDES" 2>/dev/null) || return 0
	server_root=$(put_line "$settings" | sed -n 's/^ServerRoot: "\(.*\)"$/\1/p')
	named=$(put_line "$settings" | sed -n 's/^ *([0-9*]*) //p' | while IFS= read -r file; do
		awk "$apache_certificates_awk" "$file" 2>/dev/null
	done | sort -u)
	while IFS='	' read -r named_chain named_key; do
		[ -n "$named_chain" ] || continue
		message=$(named_key_matches) || return 1
	done <<-NAMED
		$named
	NAMED
	message=
}

# What it says goes to standard output.
named_key_matches() {
	in_use "$named_chain"
	staged_chain=$used
	in_use "$named_key"
	staged_key=$used
	[ -f "$staged_chain" ] && [ -f "$staged_key" ] || return 0
	kind_of "$staged_key"
	# One that needs a passphrase, or is none at all, such as where the certificate alone is named.
	case $file_kind in key | both) ;; *) return 0 ;; esac
	key_matches_certificate && return
	put_line "$named_chain of its configuration would be read as well: $message"
	return 1
}

# What file $1 of its configuration is to become, or is: $used.
in_use() {
	used=$1
	case $used in /*) ;; *) used=$server_root/$used ;; esac
	eval "set -- $view"
	while [ $# -ge 2 ]; do
		if [ "$used" -ef "$2" ]; then used=$1; return; fi
		shift 2
	done
}

how_apache() { apache_masters; how_of $masters; }

reload_apache() {
	apache_masters
	[ -n "$masters" ] || revive apache2 httpd
	require_matching_live_key "$@"
	for pid in $masters; do
		apache_command "$pid" || found not-reloaded 'its program can be changed by others'
		message=$(eval "$command $arguments -t" 2>&1) || found not-reloaded "$message"
		message_before=$message
		apache_keys_match || found not-reloaded "it was not reloaded, for that would end it: $message"
		message=$message_before
		signal_master "$pid" USR1
	done
	found reloaded "$message"
}
