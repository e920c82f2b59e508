# Doing something with the rights of an account, which root gives up for it. Read after prepare_shell or
# session_prepare, and limits.sh.

# How root can become an account, into $drop_by: setpriv, chroot or su; empty where it cannot. What needs no PAM
# comes first: a session of su may be logged, slow, or refused. What limits it in time, such as `$kill_after 4`, may
# be put into $drop_limit. Where the account needs a session of its own ($session_tool) and there is none to be had,
# nothing is done with its rights.
find_drop() {
	drop_by= drop_flags= drop_limit= drop_known=
	[ "$my_uid" = 0 ] || return 1
	drop_known=$(cut -d: -f1 /etc/passwd)
	find_session_tool || return 1
	if alone setpriv --reuid 1 --regid 1 --clear-groups --no-new-privs true; then
		drop_by=setpriv drop_flags=--no-new-privs
	elif alone setpriv --reuid 1 --regid 1 --clear-groups true; then drop_by=setpriv
	elif alone chroot --userspec=+1:+1 --groups= / true; then drop_by=chroot
	else
		for drop_name in nobody daemon bin; do
			if alone su -s /bin/sh $drop_name -c true; then drop_by=su; break; fi
		done
		[ -n "$drop_by" ]
	fi
} </dev/null >/dev/null 2>&1

# as_account UID GID NAME TEXT WORD...: runs TEXT in a shell with the rights of that account alone, with these
# words. Its groups are those of the account, for what sshd opens for it, it opens with these. Whatever that account
# has running may take the shell over: what comes of it is the account's word, it may never end (see $drop_limit),
# and it may hold its output open when it has ended.
as_account() {
	drop_uid=$1 drop_gid=$2 drop_name=$3 drop_text=$4
	shift 4
	# An account without a name has no groups but its own. Never as root: not for a number that is none, nor for one
	# that the kernel counts around. By pattern: some shells count in 32 bits.
	case $drop_uid$drop_gid in *[!0-9]*) return 1 ;; esac
	case $drop_uid in '' | 0* | 4294967295 | [5-9]????????? | ???????????*) return 1 ;; esac
	case $drop_gid in '') return 1 ;; esac
	drop_groups=--init-groups
	case "
$drop_known
" in
		*"
$drop_name
"*) ;;
		# Of a directory that cannot be reached nobody knows the groups.
		*) [ -n "$drop_name" ] && id "$drop_name" >/dev/null 2>&1 || drop_groups=--clear-groups ;;
	esac
	case $drop_by in
		setpriv)
			alone $session_tool $drop_limit setpriv --reuid "$drop_uid" --regid "$drop_gid" $drop_groups $drop_flags \
				sh -c "$drop_text" sh "$@"
			;;
		chroot)
			drop_list=
			[ $drop_groups = --clear-groups ] || drop_list=$(id -G "$drop_name" | tr ' ' ,)
			alone $session_tool $drop_limit chroot --userspec="+$drop_uid:+$drop_gid" --groups="$drop_list" / \
				sh -c "$drop_text" sh "$@"
			;;
		su) alone $session_tool $drop_limit su -s /bin/sh "$drop_name" -c "$drop_text" sh "$@" ;;
		*) return 1 ;;
	esac
}

# become_account UID GID NAME TEXT WORD...: the same by a process that does nothing else, and that nobody waits for: it
# becomes that shell, so that nothing stays open with it that a shell keeps beside, such as what it writes to.
become_account() {
	alone() { cd / && become_bare "$@"; }
	as_account "$@"
}
