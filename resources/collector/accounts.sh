# Accounts and groups, their shells, and of each password its class.

# $accounts: name:uid:gid:home:shell, a line each; never the password field, never the full name.
read_accounts() {
	is_asked=yes
	has getent || is_asked=no
	passwd=$(query_names passwd) && passwd=$(printf '%s\n' "$passwd" | only_accounts) || passwd=
	if [ -z "$passwd" ]; then
		passwd=$(only_accounts </etc/passwd)
		[ $is_asked = no ] || unread limit getent too-late
		is_asked=no
	fi
	accounts=$passwd
	for name in "$my_name" "$login_account"; do
		case $nl$accounts in *"$nl$name:"*) continue ;; esac
		[ -n "$name" ] && passwd=$(query_names passwd "$name") || continue
		passwd=$(printf '%s\n' "$passwd" | only_accounts)
		[ -z "$passwd" ] || accounts=$accounts$nl$passwd
	done
	printf '@accounts %s\n' $encoding
	printf '%s\n' "$accounts" | payload
	leave
	groups=$(query_names group) && groups=$(printf '%s\n' "$groups" | only_groups) || groups=
	[ -n "$groups" ] || groups=$(only_groups </etc/group)
	if [ -n "$groups" ]; then
		printf '@groups %s\n' $encoding
		printf '%s\n' "$groups" | payload
	fi
	directories=
	if [ -r /etc/nsswitch.conf ]; then
		while read -r keyword sources; do
			case $keyword in passwd: | group: | initgroups:) ;; *) continue ;; esac
			for source in ${sources%%#*}; do
				case $source in files | compat | systemd | db | \[* | *\]) continue ;; esac
				case " $directories " in *" $source "*) continue ;; esac
				directories="$directories $source"
				unread accounts "$source" directory-service
			done
		done </etc/nsswitch.conf
	fi
	leave
	find_silent_mounts
	order_accounts
	read_shells
	read_password_states
}

# $ordered: shut:name:uid:gid:home:shell, a line each, whom to read first at first; $homes: theirs, a line each.
order_accounts() {
	ordered=$({ printf '%s\n:\n' "$silent_mounts$closed_mounts"; printf '%s\n' "$accounts"; } |
		awk -v me="$my_name" -v login="$login_account" "$account_order_awk")
	homes=$(printf '%s\n' "$ordered" | awk -F: '$5 ~ /^\// && !told[$5]++ { print $5 }')
	[ -n "$ordered" ] || unread limit /etc/passwd not-ended
}

# What a directory that does not answer has begun to say may end in the middle of a name: it fails then.
query_names() {
	[ $is_asked = yes ] && in_seconds 5 getent "$@"
}

# Of two accounts with one name the first counts, as everywhere on the host.
only_accounts() { awk -F: 'NF >= 7 && $1 !~ /^[+-]/ && !told[$1]++ { print $1 ":" $3 ":" $4 ":" $6 ":" $7 }'; }
only_groups() { awk -F: 'NF >= 4 { print $1 ":" $3 ":" $4 }'; }

# Which shells somebody may use, as many as some hosts have accounts; of others that is not known.
read_shells() {
	printf '@shells -'
	told=0
	IFS=$nl
	for shell in $(printf '%s\n' "$ordered" | awk -F: '!told[$6]++ { print ($6 == "" ? "/bin/sh" : $6) }'); do
		unset IFS
		told=$((told + 1))
		[ $told -le 500 ] || break
		find_out "$shell"
		usable=unknown
		case $stands in
			absent | other) usable=no ;;
			file)
				# sshd asks whether anybody may execute it, not whether we may.
				read_stat "$shell"
				case $mode in *[xst]*) usable=yes ;; ?*) usable=no ;; esac
				;;
		esac
		say $usable "$shell"
		IFS=$nl
	done
	unset IFS
	printf '\n'
	[ $told -le 500 ] || unread limit "$shell" too-many-shells
}

# Of each password its class, the day on which the account expires, the day from which a password is too old for PAM
# (its last change, its longest age and the days of grace, where there are all three), and what else says how old it
# may become.
read_password_states() {
	if [ -r /etc/shadow ]; then
		printf '@password-states %s\n' $encoding
		# Elsewhere than on Linux, sshd takes *LK* for a lock.
		awk -F: -v kernel="$(uname -s)" "$password_classes_awk" /etc/shadow | payload
		return
	fi
	unread password-state /etc/shadow needs-root
	status=$(in_seconds 5 passwd -S "$my_name" </dev/null)
	chage=$(in_seconds 5 chage -l "$my_name" </dev/null)
	encode "$my_name"
	printf '@own-password %s account:%s\n' $encoding "$token"
	printf '%s\n%s\n' "$status" "$chage" | payload
}
