# Logs: which keys have logged in, and when each account was last logged in to.

# Which keys have logged in, as sshd wrote it, newest source first. A line counts by what it says without its port,
# once a day, so that years of logs are a few kilobytes; and of each source it is told from when to when it reaches.
read_logs() {
	logs_until=$(($(date +%s) + 8))
	[ $logs_until -le $((begun + 24)) ] || logs_until=$((begun + 24))
	logs_length=0 most_bytes=$((64 * MIB))
	[ $may_stop = no ] || most_bytes=$((512 * MIB))
	read_journal
	read_log_files /var/log/auth.log
	read_log_files /var/log/secure
	read_last_logins
}

# Runs $* for as long as the logs have time, and says at the end if it came to its own.
in_time() {
	left=$((logs_until - $(date +%s)))
	[ $left -gt 0 ] || return
	if [ $may_stop = yes ]; then timeout $left "$@"; else "$@"; fi && printf '%s\n' "$nonce"
}

log_is_late() {
	leave
	[ "$(date +%s)" -ge $logs_until ] || return 1
	unread log "$1" too-late
}

# The messages of the system's own journal, newest first: what is cut off then is the oldest. The name of a program
# is what its message claims, but only root's processes are asked for.
read_journal() {
	has journalctl || return
	found=no
	set +f
	set -- /var/log/journal /run/log/journal /var/log/journal/* /run/log/journal/* \
		/var/log/journal/*/system*.journal* /run/log/journal/*/system*.journal*
	set -f
	for file do
		[ -e "$file" ] || continue
		if [ ! -r "$file" ] || { [ -d "$file" ] && [ ! -x "$file" ]; }; then
			unread log journal not-permitted
			return
		fi
		[ -d "$file" ] || found=yes
	done
	[ $found = yes ] || return
	if log_is_late journal; then return; fi
	summary=$({
		query_journal -n 1 | sed 's/^/N	/'
		in_time env TZ=UTC journalctl --system -q --no-pager --list-boots | tail -n 400 | sed 's/^/B	/'
		# Messages that the journal had no room for within a moment, as it has written itself.
		query_journal -r -n 1000 _TRANSPORT=driver MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e |
			sed -n '/ messages from ssh/s/^/X	/p'
		query_journal -r _UID=0 SYSLOG_IDENTIFIER=sshd SYSLOG_IDENTIFIER=sshd-session SYSLOG_IDENTIFIER=sshd-auth
	} | sum_up_log 1)
	printf '@log %s path:journal\n' $encoding
	ship_log
	# By su, apart: of what calls itself so, any process may have written it, and nothing else follows from it.
	summary=$(query_journal -r -n 2000 SYSLOG_IDENTIFIER=su SYSLOG_IDENTIFIER=su-l | sum_up_log 1)
	printf '@su-log %s\n' $encoding
	ship_log
}

query_journal() { in_time journalctl --system -q --no-pager -o short-iso "$@"; }

# $1 and its rotations, newest first.
read_log_files() {
	set +f
	set -- $(ls -dt "$1" "$1".[0-9]* "$1"-[0-9]*)
	set -f
	for file do
		case $file in
			*[!A-Za-z0-9/._-]*) continue ;;
			*.gz | *.xz | *.zst | *.bz2) [ ! -e "${file%.*}" ] || continue ;;
		esac
		read_log_file "$file"
	done
}

read_log_file() {
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	[ -f "$1" ] || return
	if [ ! -r "$1" ]; then unread log "$1" not-permitted; return; fi
	case $1 in
		*.gz) opener=gzip ;;
		*.xz) opener=xz ;;
		*.zst) opener=zstd ;;
		*.bz2) opener=bzip2 ;;
		*) opener=cat ;;
	esac
	if ! has $opener; then unread log "$1" no-opener $opener; return; fi
	read_stat "$1"
	if [ $opener != cat ] && [ "$size" -gt $((most_bytes / 8)) ]; then unread log "$1" too-large; return; fi
	if log_is_late "$1"; then return; fi
	if [ $logs_length -gt $((2 * MIB)) ]; then unread log "$1" logs-full; return; fi
	summary=$(
		if [ $opener != cat ]; then in_time $opener -dc "$1"
		elif [ "$size" -gt $most_bytes ]; then in_time tail -c $most_bytes "$1"
		else in_time cat "$1"
		fi | sum_up_log 0
	)
	printf '@log %s path:%s' $encoding "$1"
	written=$(date -r "$1" +%s)
	case $written in '' | *[!0-9]*) ;; *) printf ' written:%s' "$written" ;; esac
	[ $opener = cat ] && [ "$size" -gt $most_bytes ] && printf ' cut:%s' $((most_bytes / MIB))
	printf '\n'
	ship_log
}

ship_log() {
	logs_length=$((logs_length + ${#summary}))
	printf '%s\n' "$summary" | payload
}

# Of a log, a line each and its words parted by tabs:
#   D DAY                      each day on which anything was logged, in the order of the log; the first is number 0
#   S FIRST LAST               the first and the last line that has a date
#   A COUNT                    logins by any method
#   M HOST MESSAGE DAYS...     a message on a login by key, its days as NUMBER/COUNT/FIRST/LAST/HOURS/TAG/TAG: the
#                              hours as bits, and what the first and the last line say of their program and port
#   O HOST MESSAGE DAYS...     the same on a login by other means, or by su
#   B COUNT DAY LINE DAY LINE DAY LINE
#                              passwords that were refused to an address before it got in to that account, with the
#                              line of that login, of the first refusal and of the last
#   L O, L B                   there were too many of these
#   E WORD                     whole, or cut where its end was not reached, or full where there were too many messages
# Only what stands at the place of the program's name is sshd: anybody may choose the rest of a line. $1: 1 where the
# newest line comes first.
sum_up_log() {
	awk -v end="$nonce" -v backwards="$1" "$sum_up_log_awk"
}

# When each account was last logged in to, by whatever means, where a program of the host can read it.
read_last_logins() {
	for records in /var/lib/lastlog/lastlog2.db /var/log/wtmp.db /var/lib/wtmpdb/wtmpdb.db /var/log/lastlog; do
		[ -f $records ] || continue
		read_stat $records
		# The old file has a place for every number of an account; it is as good as empty.
		[ "$size" -gt 0 ] || continue
		if [ ! -r $records ]; then unread log $records not-permitted; continue; fi
		if log_is_late $records; then continue; fi
		# What a program has not yet put in its place could only be read by writing beside it.
		if [ -s $records-wal ]; then unread log $records in-use; continue; fi
		case $records in
			*/lastlog2.db)
				query='SELECT Time, Name, RemoteHost FROM Lastlog2 WHERE Time > 0 ORDER BY Time DESC LIMIT 5001'
				program=lastlog2 ;;
			*.db)
				query='SELECT max(Login) / 1000000, User, RemoteHost FROM wtmp WHERE Type = 3 GROUP BY User LIMIT 5001'
				program=wtmpdb ;;
			*) query='' program=lastlog ;;
		esac
		if [ -n "$query" ] && has sqlite3; then
			set -- sqlite3 -readonly -batch -init /dev/null -separator '	' "file:$records?immutable=1" "$query"
			ship_last_logins rows "$@"
		elif has $program; then
			set --
			[ $program != wtmpdb ] || set -- last -f $records -w --time-format iso
			ship_last_logins table $program "$@"
		else
			unread log $records no-opener $program
		fi
	done
}

# ship_last_logins FORM COMMAND...: what that says of $records, of 5,000 who have logged in.
ship_last_logins() {
	form=$1
	shift
	rows=$(in_time "$@" | awk -v end="$nonce" -v of="$form" '
		$0 == end { is_whole = 1; next }
		/\*\*Never logged in\*\*/ || (of == "table" && told[$1]++) { next }
		++many > 5000 { exit }
		{ print }
		END { exit many > 5000 ? 3 : is_whole ? 0 : 4 }')
	ended=$?
	printf '@last-logins %s path:%s form:%s\n' $encoding $records $form
	printf '%s\n' "$rows" | payload
	case $ended in
		0) ;;
		3) unread log $records too-many-workloads ;;
		*) unread log $records not-whole ;;
	esac
}
