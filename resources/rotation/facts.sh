# What a plan has to know of accounts and of the login, beside files: verbs of a session.

# account NAME ADDRESS: its entry, and how sshd goes by it for a login from there.
do_account() {
	entry=
	while IFS= read -r line; do
		case $line in "$1":*) entry=$line; break ;; esac
	done </etc/passwd
	[ -n "$entry" ] || ! has getent || entry=$(getent passwd "$1")
	[ -n "$entry" ] || no absent "$1"
	IFS=: read -r _ _ account_uid account_gid _ home shell <<-END
		$entry
	END
	report account "$account_uid" "$account_gid" "$home" "$shell"
	[ -z "${SSH_CONNECTION-}" ] || report from "${SSH_CONNECTION%% *}"
	if [ "$my_uid" = 0 ] && has sshd; then
		report_sshd_version
		queried_login="user=$1,host=${2:-localhost},addr=${2:-127.0.0.1}" answer=
		if find_daemon; then
			answer=$(run_sshd -T -C "$queried_login" 2>/dev/null) || answer=
			report_unread_config
		fi
		put_line "$answer" | keep_settings | send_data sshd
		send_other_daemons "$queried_login"
	fi
	ok
}

# Older ones know no -V, and say their version as they complain of it.
report_sshd_version() {
	sshd_version=$("$(command -v sshd)" -V 2>&1 </dev/null) || :
	case $sshd_version in *OpenSSH_*) ;; *) return ;; esac
	sshd_version=${sshd_version#*OpenSSH_}
	report sshd-version "OpenSSH_${sshd_version%%[!A-Za-z0-9._-]*}"
}

keep_settings() {
	grep -i -e '^authorizedkeys' -e '^authenticationmethods ' -e '^forcecommand ' -e '^hostkey ' -e '^port '
}

# What the other sshd of root's that listen here go by for such a login, as blocks sshd-2, sshd-3 and so on: whoever
# logs in may choose. Four at most, as the collector has it.
send_other_daemons() {
	own_line=$sshd_line nth_daemon=1
	IFS=$nl
	for other_line in $sshd_listeners; do
		unset IFS
		[ "$other_line" != "$own_line" ] && [ $nth_daemon -lt 4 ] || { IFS=$nl; continue; }
		take_sshd_words "${other_line#* }"
		if [ -z "$sshd_config" ] || is_roots_path "$sshd_config"; then
			nth_daemon=$((nth_daemon + 1)) daemon_options=$sshd_options
			other_answer=$(run_sshd -T -C "$1" 2>/dev/null) || other_answer=
			put_line "$other_answer" | keep_settings | send_data sshd-$nth_daemon
			other_pid_file=$(put_line "$other_answer" | sed -n 's/^pidfile //p')
			report_unread_by "${other_line%% *}" "${sshd_config:-/etc/ssh/sshd_config}" \
				unread-config-$nth_daemon "$other_pid_file" ||
				report unread-config-$nth_daemon unknown
		fi
		IFS=$nl
	done
	unset IFS
}

# Files of the configuration that were written since the sshd that this login came by has read them: then it goes by
# others than -T tells. It writes its number down whenever it has read them.
report_unread_config() {
	[ -z "$listener" ] ||
		report_unread_by "$listener" "$daemon_config" unread-config /run/sshd.pid /var/run/sshd.pid || :
}

# The same of the sshd with number $1, by its configuration $2, as $3 "file" PATH; the rest are files where it may have
# written its number. 1: none of them has it, so that it is not known.
report_unread_by() {
	read_by=$1 read_config=$2 fact_name=$3
	shift 3
	for pid_file do
		read_pid=
		[ -f "$pid_file" ] && is_roots_path "$pid_file" && read -r read_pid <"$pid_file" && [ "$read_pid" = "$read_by" ] ||
			continue
		list_config "$read_config" 0 | while IFS= read -r config_file; do
			if [ "$config_file" -nt "$pid_file" ]; then report "$fact_name" file "$config_file"; fi
		done
		return 0
	done
	return 1
}

# Configuration file $1 and what it includes, a line each, as sshd reads them: what an Include names stands where it is
# named.
list_config() {
	put_line "$1"
	[ "$2" -lt 8 ] || return 0
	sed -n 's/^[ 	]*[Ii][Nn][Cc][Ll][Uu][Dd][Ee][ 	=][ 	=]*//p' "$1" 2>/dev/null | while read -r patterns; do
		for pattern in $patterns; do
			pattern=${pattern#\"}
			pattern=${pattern%\"}
			case $pattern in /*) ;; *) pattern=/etc/ssh/$pattern ;; esac
			set +f
			for included in $pattern; do
				if [ -f "$included" ]; then (list_config "$included" $(($2 + 1))); fi
			done
			set -f
		done
	done
}

# The options of root's sshd that listens, a line each into $daemon_options, and the file that its configuration begins
# with into $daemon_config: of the one that this login came by, or else of the first. 1: they lead to a file that
# others than root may write, or somebody who logged in has started the one that this login came by with more than a
# port and a file of root's: root goes by none such.
find_daemon() {
	daemon_options= daemon_config=/etc/ssh/sshd_config
	find_sshd
	find_listener
	sshd_line=$(put_line "$sshd_listeners$sshd_claims" | grep "^${listener:-0} ")
	[ -n "$sshd_line" ] || sshd_line=${sshd_listeners%%"$nl"*}
	take_sshd_words "${sshd_line#* }"
	if [ -n "$sshd_config" ]; then
		daemon_config=$sshd_config
		is_roots_path "$sshd_config" || return 1
	fi
	case "$nl$sshd_claims" in *"$nl${listener:-0} "*) has_plain_options || return 1 ;; esac
	daemon_options=$sshd_options
}

# Whether $sshd_options are a file and ports alone.
has_plain_options() {
	IFS=$nl
	for sshd_option in $sshd_options; do
		case ${sshd_option#-oPort=} in
			"$sshd_option") case $sshd_option in -f*) ;; *) unset IFS; return 1 ;; esac ;;
			'' | *[!0-9]*) unset IFS; return 1 ;;
		esac
	done
	unset IFS
}

# The sshd that all logins come from: of those that this shell descends from, the one that listens, whoever started it;
# empty where each login has its own.
find_listener() {
	listener= pid=$$
	while [ "${pid:-0}" -gt 0 ]; do
		case "$nl$sshd_listeners$sshd_claims" in *"$nl$pid "*) listener=$pid; return ;; esac
		IFS= read -r stat <"/proc/$pid/stat" || break
		set -- ${stat##*\) }
		pid=$2
	done 2>/dev/null
}

# sshd's own program with these options: `run_sshd OPTION...`.
run_sshd() {
	IFS=$nl
	set -- $daemon_options "$@"
	IFS=' 	
'
	"$(command -v sshd)" "$@"
}
