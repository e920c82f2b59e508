# authorized_keys files: which there are, and whether sshd can read them as the account.

# One value of AuthorizedKeysFile: a path, and from OpenSSH 10 on a pattern.
read_key_paths() {
	case $version$1 in
		OpenSSH_[1-9][0-9]*[*?[]*)
			report_if_closed authorized-keys "$1" || return
			IFS=
			set +f
			set -- $1
			set -f
			unset IFS
			;;
	esac
	for path do read_keys "$path"; done
}

read_keys() {
	find_out "$1"
	[ $stands != absent ] || return
	if [ $stands = hidden ]; then
		case $1 in
			"$home"/*)
				why=
				if leads_to_silence "$home"; then why=no-answer
				elif is_below "$home" "$closed_mounts"; then why=not-permitted
				elif [ -d "$home" ] && [ ! -x "$home" ]; then why=not-permitted
				fi
				if [ -n "$why" ]; then
					[ $home_recorded = yes ] || unread home "$home" $why
					home_recorded=yes
					return
				fi
				;;
		esac
		if leads_to_silence "$1"; then unread_keys "$1" no-answer; else unread_keys "$1" rights-missing; fi
		return
	fi
	encode "$name"
	account=$token
	encode "$1"
	case $seen_keys in
		*"$nl$1$nl"*) printf '@authorized-keys-for - path:%s account:%s\n' "$token" "$account"; return ;;
	esac
	seen_keys=$seen_keys$1$nl
	resolve "$1"
	if [ $stands = other ]; then unread_keys "$1" not-regular; return; fi
	if [ -z "$real" ]; then unread_keys "$1" rights-missing; return; fi
	walk "$real"
	why=
	work_as "$account_uid" "$account_gid" "$name"
	if [ ! -r "$real" ]; then why=not-permitted
	elif ! is_theirs "$1" && ! can_account_read "$1"; then why=account-cannot-read
	else is_withheld "$1"
	fi
	work_as
	# What root alone finds is not there for the account.
	case $why in owner-cannot-read | no-such-file) why=account-cannot-read ;; esac
	if [ -n "$why" ]; then
		# Another account that names the same file may be able to read it.
		[ $why != account-cannot-read ] || seen_keys=${seen_keys%"$1$nl"}
		unread_keys "$1" $why
		return
	fi
	describe_keys "$1" $encoding
	printf '\n'
	ship "$1"
}

unread_keys() { describe_keys "$1" -; printf ' why:%s\n' "$2"; }

describe_keys() {
	printf '@authorized-keys %s' "$2"
	say path "$1"
	say account "$name"
	# By a link of the folder, to look at the file would be to ask where it leads.
	if ! leads_to_silence "$1" && [ -h "$1" ]; then printf ' link:yes'; else printf ' link:no'; fi
	[ $stands = file ] && [ -n "$real" ] || return
	say real "$real"
	say written "$written"
	printf %s "$entries"
	[ "$real" != "$1" ] || return
	# On its way sshd goes through the folders of the path as it is written, too.
	set -- "$entries" "$mode" "$uid" "$gid" "$1"
	walk "$5" L
	for found in $entries; do printf ' through:%s' "${found#e:}"; done
	entries=$1 mode=$2 uid=$3 gid=$4
}

# Whether file $1 will be opened with no rights but those of the account: nobody needs to judge before what it may
# read.
is_theirs() { ! is_roots_location "$1" && drops_to "$as_uid" "$as_name"; }

# sshd opens file $1 as the account. What that account could not open is none of ours to show either: a link to
# somebody's secret must not bring it into the stream. Asks what `walk "$real"` left.
can_account_read() {
	[ "$account_uid" != 0 ] || return 0
	may_account r "$mode" "$uid" "$gid" || return 1
	# Without a link, who closed the folder did not mean to hide the file from us.
	[ "$real" != "$1" ] || return 0
	last="$mode,$links,$uid,$gid,$size"
	for found in $entries; do
		found=${found#e:}
		[ "$found" != "$last" ] || continue
		IFS=,
		set -- $found
		unset IFS
		may_account x "$1" "$3" "$4" || return 1
	done
}

# Whether the account has right $1, r or x, to a thing of mode $2, user $3 and group $4. ACLs are not looked at.
may_account() {
	if [ "$3" = "$account_uid" ]; then
		case $1$2 in r?r* | x???[xs]*) return 0 ;; *) return 1 ;; esac
	fi
	case $1$2 in r???????r* | x?????????[xt]*) return 0 ;; r????r* | x??????[xs]*) ;; *) return 1 ;; esac
	for group in $account_gid $(in_seconds 5 id -G "$name"); do
		[ "$group" != "$4" ] || return 0
	done
	return 1
}
