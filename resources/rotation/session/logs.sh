# What the logs of a host show of logins.

# log SINCE FINGERPRINT...: what shows logins by one of these keys. Of the journal its entries as JSON, one a line,
# with the fields that journald alone writes; of files their lines after the path and a tab, all that are there. Any
# user of a host may write a line of a file. Where no log can be read, nothing is known.
do_log() {
	since=$1
	check_words "$since"
	shift
	sources=
	if has journalctl && [ -n "$(journalctl --system -q --no-pager -n 1 2>/dev/null)" ]; then sources=journal; fi
	for file in /var/log/auth.log.1 /var/log/auth.log /var/log/secure.1 /var/log/secure; do
		if [ -f "$file" ] && [ -r "$file" ]; then sources="$sources $file"; fi
	done
	[ -n "$sources" ] || no no-log
	report sources $sources
	for source in $sources; do
		[ "$source" != journal ] || read_journal --since "@$since"
	done | keep_lines "$@" | tail -n 500 | send_data journal
	for source in $sources; do
		[ "$source" = journal ] || keep_lines "$@" <"$source" | sed "s|^|$source	|"
	done | tail -n 2000 | send_data lines
	ok read
}

# Of root's processes of these names alone: the kernel tells journald whose they are.
read_journal() {
	journalctl --system -q --no-pager -o json "$@" _UID=0 _COMM=sshd _COMM=sshd-session _COMM=sshd-auth 2>/dev/null
}

keep_lines() {
	set -- $(for fingerprint do printf -- '-e %s\n' "$fingerprint"; done)
	grep -F 'Accepted publickey for ' | grep -F "$@"
}
