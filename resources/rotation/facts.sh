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
		find_daemon
		answer=$($(command -v sshd) -T $daemon_options -C "user=$1,host=${2:-localhost},addr=${2:-127.0.0.1}" 2>/dev/null) || answer=
		put_line "$answer" | grep -i -e '^authorizedkeys' -e '^authenticationmethods ' -e '^forcecommand ' -e '^hostkey ' | send_data sshd
	fi
	ok
}

# The options of the sshd that listens, as it shows them itself; the first where several do. Anybody can call a process of
# theirs so: only root's counts.
find_daemon() {
	daemon_options=
	set +f
	for entry in /proc/[0-9]*/cmdline; do
		IFS= read -r line <"$entry" || [ -n "$line" ] || continue
		case $line in 'sshd: '*' [listener]'*) ;; *) continue ;; esac
		look_at "${entry%/cmdline}"
		[ "$uid" = 0 ] || continue
		line=${line#sshd: }
		set -f
		set -- ${line%% \[listener\]*}
		shift
		while [ $# -gt 0 ]; do
			case $1 in
				-f) daemon_options="$daemon_options -f ${2-}"; shift ;;
				-o) daemon_options="$daemon_options -o ${2-}"; shift ;;
				-f?* | -o?*) daemon_options="$daemon_options $1" ;;
			esac
			[ $# -eq 0 ] || shift
		done
		break
	done 2>/dev/null
	set -f
}
