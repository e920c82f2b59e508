# What a plan has to know of accounts and of the login, beside files: verbs for the hand.

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
	tell account "$account_uid" "$account_gid" "$home" "$shell"
	[ -z "${SSH_CONNECTION-}" ] || tell from "${SSH_CONNECTION%% *}"
	if [ "$my_uid" = 0 ] && has sshd; then
		answer=
		if find_daemon; then answer=$(ask_daemon -T -C "user=$1,host=${2:-localhost},addr=${2:-127.0.0.1}" 2>/dev/null) || answer=; fi
		put_line "$answer" | grep -i -e '^authorizedkeys' -e '^authenticationmethods ' -e '^forcecommand ' -e '^hostkey ' | send_data sshd
	fi
	ok
}

# The options of root's sshd that listens, a line each into $daemon_options, and the file that its configuration begins with into
# $daemon_config: of the one that this login came by, or else of the first. 1: they lead to a file that others than root may write, or
# somebody who logged in has started the one that this login came by with more than a port and a file of root's: root goes by none such.
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

# The sshd that all logins come from: of those that this shell descends from, the one that listens, whoever started it; empty where
# each login has its own.
find_listener() {
	listener= pid=$$
	while [ "${pid:-0}" -gt 0 ]; do
		case "$nl$sshd_listeners$sshd_claims" in *"$nl$pid "*) listener=$pid; return ;; esac
		IFS= read -r stat <"/proc/$pid/stat" || break
		set -- ${stat##*\) }
		pid=$2
	done 2>/dev/null
}

# sshd's own program with these options: `ask_daemon OPTION...`.
ask_daemon() {
	IFS=$nl
	set -- $daemon_options "$@"
	IFS=' 	
'
	"$(command -v sshd)" "$@"
}
