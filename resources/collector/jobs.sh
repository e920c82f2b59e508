# What runs at a time, and what runs now: jobs of cron and at, processes, programs that run as their owner, and whom
# the host is for Kerberos. A part of workloads.sh.

read_jobs() {
	read_system_crontabs
	for folder in /var/spool/cron/crontabs /var/spool/cron /var/spool/cron/tabs; do read_crontabs $folder; done
	for folder in /var/spool/cron/atjobs /var/spool/at; do read_at_jobs $folder; done
	read_processes
	if is_late; then unread setuid /usr too-late; else read_setuid; fi
	read_keytab
}

# Files of root's, of which each job says as whom it runs, and programs that root's run-parts starts.
read_system_crontabs() {
	system_table=1 crontabs= crontab_folder=/etc/cron.d
	set -- /etc/crontab
	if leads_to_silence /etc/cron.d; then unread workload /etc/cron.d no-answer
	else
		set +f
		set -- "$@" /etc/cron.d/*
		set -f
	fi
	for file do
		case ${file##*/} in '*' | *[!A-Za-z0-9_.-]*) continue ;; esac
		if leads_to_silence "$file"; then unread workload "$file" no-answer; continue; fi
		[ ! -f "$file" ] || add_crontab "$file"
	done
	read_added
	for period in hourly daily weekly monthly yearly; do
		if leads_to_silence /etc/cron.$period; then unread workload /etc/cron.$period no-answer; continue; fi
		set +f
		for file in "/etc/cron.$period"/*; do
			set -f
			case ${file##*/} in *[!A-Za-z0-9_-]*) continue ;; esac
			if leads_to_silence "$file"; then unread workload "$file" no-answer; continue; fi
			[ -f "$file" ] && [ -x "$file" ] || continue
			printf '@cron-job - path:%s line:0 schedule:@%s account:root program:%s\n' "$file" $period "${file##*/}"
		done
		set -f
	done
}

# Files that are named for their accounts. cron follows no link there.
read_crontabs() {
	system_table= crontabs= crontab_folder=$1
	if leads_to_silence "$1"; then unread workload "$1" no-answer; return; fi
	[ -d "$1" ] || return
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread workload "$1" not-listed; return; fi
	left=5000
	set +f
	set -- "$1"/*
	set -f
	for file do
		if [ -h "$file" ] || [ ! -f "$file" ]; then continue; fi
		left=$((left - 1))
		if [ $left -lt 0 ]; then unread workload "$file" too-many-workloads; break; fi
		add_crontab "$file"
	done
	read_added
}

# What lies in a folder of root's alone is read with others of it, and anything else by itself, as whose it is.
add_crontab() {
	if [ ! -r "$1" ]; then unread workload "$1" not-permitted; return; fi
	if is_roots_location "$1"; then
		case $1 in
			*[!A-Za-z0-9/_.@+-]*) ;;
			*) crontabs="$crontabs $1"; return ;;
		esac
	fi
	# cron trusts no such file, and nobody but root may say as whom a job runs.
	if [ -n "$system_table" ]; then unread workload "$1" cannot-evaluate; return; fi
	if ! hold "$1"; then
		case $why in gone) return ;; closed) why=owner-cannot-read ;; esac
		unread workload "$1" $why
		return
	fi
	read_stat "$1"
	encode "$1"
	feed "$1" cron_jobs "$token" || unread workload "$1" too-late
}

read_added() {
	[ -n "$crontabs" ] || return
	{
		[ -z "$system_table" ] || printf '%s\n' "$accounts" | sed 's/^\([^:]*\):.*/account \1/'
		in_parts 'ls -ldnL' $crontabs
	} | cron_jobs '' || unread workload "$crontab_folder" too-late
}

cron_jobs() {
	export file_as="$1"
	whole $limit awk -v most=$MIB -v system_table=$system_table \
		"$encode_awk$words_awk$listed_files_awk$cron_jobs_awk"
}

# Whose the jobs are that wait to be run once, and nothing that is in them.
read_at_jobs() {
	if leads_to_silence "$1"; then unread workload "$1" no-answer; return; fi
	[ -d "$1" ] || return
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread workload "$1" not-listed; return; fi
	at_folder=$1 left=1000
	set +f
	set -- "$1"/[a-zA-Z=][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]*
	set -f
	in_parts list_at_jobs "$@" | awk '/^-/ { print "@at-job - path:" $9 " uid:" $3 }'
	[ $# -le $left ] || unread workload $at_folder too-many-workloads
}

# There are no others with a name of these letters, and what is no file awk leaves out.
list_at_jobs() {
	at_jobs=
	for file do
		left=$((left - 1))
		[ $left -ge 0 ] || break
		case ${file##*/} in *[!A-Za-z0-9=]*) ;; *) at_jobs="$at_jobs $file" ;; esac
	done
	[ -z "$at_jobs" ] || ls -ldn $at_jobs
}

# The processes of this host by the number that they run as: of the four that they have, the second.
read_processes() {
	if [ ! -r /proc/1/status ]; then unread workload /proc needs-root; fi
	set +f
	set -- /proc/[0-9]*/status
	set -f
	in_parts cat "$@" | whole $limit awk -v own=$$ "$encode_awk$processes_awk" || unread workload /proc too-late
}

# Programs that run as their owner or their group, whoever starts them: in these folders, and three levels deep.
SETUID_FOLDERS='/bin /sbin /usr/bin /usr/sbin /usr/local /usr/lib /usr/libexec /opt'

read_setuid() {
	if ! has find; then unread setuid find no-tool; return; fi
	set --
	for folder in $SETUID_FOLDERS; do
		real=$folder
		if ! leads_to_silence $folder && [ -h $folder ]; then resolve $folder; fi
		# Most links lead from one of these to another.
		case " $SETUID_FOLDERS " in *" $real "*) [ "$real" = $folder ] || continue ;; esac
		if leads_to_silence $folder || holds_silence "$real"; then unread setuid $folder no-answer; continue; fi
		[ ! -d "$real" ] || set -- "$@" "$real"
	done
	[ $# -gt 0 ] || return
	# A name of several lines would tell of another program than there is, or be an option.
	found=$(
		$limit find "$@" -xdev -maxdepth 3 -type f \( -perm -4000 -o -perm -2000 \) \
			\( -path "*$nl*" -exec sh -c 'echo unnamed' sh {} + -o -exec ls -ldn -- {} + \)
		printf '\n%s' ended.$?
	)
	case $found in *ended.124 | *ended.137) unread setuid /usr too-late ;; esac
	case $nl$found in
		*"${nl}unnamed$nl"* | "$nl${nl}ended."[!0]*) unread setuid /usr cannot-evaluate ;;
	esac
	printf '%s\n' "$found" | awk "$encode_awk$setuid_programs_awk"
}

# Whether what does not answer lies at $1 or below it: whoever lists its folders asks it.
holds_silence() {
	! is_silent "$1" || return 0
	case $silent_mounts/ in *"$nl$1"/*) ;; *) return 1 ;; esac
}

# Whom this host is for Kerberos: of its keys the names.
read_keytab() {
	keytab=/etc/krb5.keytab
	[ -f $keytab ] || return
	if [ ! -r $keytab ]; then unread keytab $keytab needs-root; return; fi
	if ! has klist; then unread keytab $keytab no-opener klist; return; fi
	if ! is_roots_location $keytab; then unread keytab $keytab owner-cannot-read; return; fi
	printf '@keytab - path:%s' $keytab
	for principal in $($limit klist -k $keytab | awk '$1 ~ /^[0-9]+$/ && !told[$2]++ && n++ < 200 { print $2 }'); do
		say principal "$principal"
	done
	printf '\n'
}
