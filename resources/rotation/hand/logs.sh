# What the logs of a host tell of logins.

# log SINCE FINGERPRINT...: the lines that tell of logins by one of these keys; of logs that begin within it, all of them.
# Where no log can be read, nothing is known.
do_log() {
	since=$1
	check_words "$since"
	shift
	sources=
	if has journalctl && [ -n "$(ask_journal -n 1)" ]; then sources=journal; fi
	for file in /var/log/auth.log.1 /var/log/auth.log /var/log/secure.1 /var/log/secure; do
		if [ -f "$file" ] && [ -r "$file" ]; then sources="$sources $file"; fi
	done
	[ -n "$sources" ] || no no-log
	tell sources $sources
	for source in $sources; do
		if [ "$source" = journal ]; then ask_journal --since "@$since"; else cat "$source"; fi
	done | grep 'Accepted publickey for ' | keep_lines "$@" | tail -n 2000 | send_data lines
	ok read
}

ask_journal() {
	journalctl --system -q --no-pager -o short-iso "$@" _UID=0 \
		SYSLOG_IDENTIFIER=sshd SYSLOG_IDENTIFIER=sshd-session SYSLOG_IDENTIFIER=sshd-auth 2>/dev/null
}

keep_lines() {
	set -- $(for fingerprint do printf -- '-e %s\n' "$fingerprint"; done)
	grep -F "$@"
}
