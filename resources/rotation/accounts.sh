# An account's entry in /etc/passwd and /etc/shadow: locked, expired and without a shell, or as it was before. Verbs of
# a session for root alone, as session/protocol.sh says what one is, read after deployment/, whose staging folder and
# rollback timer they use.
#
# What is written is written by shadow-utils' own programs, which take the locks that all other tools take, and replace
# each file by rename. A hash of a password is in the memory of this shell at most: it is in no answer, in no file of
# ours, and in the words of no program.

# Programs of shadow-utils that root alone can have put there, into $account_tool: none that PATH leads to.
find_account_tool() {
	for account_tool in "/usr/sbin/$1" "/sbin/$1" "/usr/bin/$1" "/bin/$1"; do
		if [ -f "$account_tool" ] && [ -x "$account_tool" ] && is_roots_path "$account_tool"; then return 0; fi
	done
	account_tool=
	return 1
}

need_accounts() {
	[ "$my_uid" = 0 ] || no not-owner 0
	# A name that a program could take for an option, a pattern or two fields.
	case $1 in '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.@-]* | ?????????????????????????????????*) no odd-name ;; esac
	[ -f /etc/shadow ] || no no-shadow
	find_account_tool usermod || no no-usermod
}

# read_entry NAME: $entry_uid, $entry_gid, $entry_home and $entry_shell; of the password its class alone, into
# $entry_class, the day on which the account expires into $entry_expires, and that of its last change.
read_entry() {
	entry_uid= entry_gid= entry_home= entry_shell= entry_class= entry_expires= entry_changed=
	# As text: awk would take 007 for 7.
	entry_lines=$(awk -F: -v name="$1" '$1 "" == name "" {
		print ($2 == "x" ? "x" : "-") ":" $3 ":" $4 ":" $6 ":" $7 }' /etc/passwd)
	case $entry_lines in
		'') if [ -n "$(ask_names "$1")" ]; then no not-local; else no no-account; fi ;;
		*"$nl"*) no twice-named ;;
	esac
	IFS=: read -r entry_field entry_uid entry_gid entry_home entry_shell <<-END
		$entry_lines
	END
	[ "$entry_field" = x ] || no no-shadow
	# A number with zeros before it, or one that the kernel counts around, may be root's.
	case $entry_uid in '' | *[!0-9]* | 0?* | 4294967295 | [5-9]????????? | ???????????*) no odd-entry ;; esac
	case $entry_gid in '' | *[!0-9]*) no odd-entry ;; esac
	# What everything else on this host goes by: an entry of NIS or a directory may stand before this one.
	if has getent && [ "$(ask_names "$1" | cut -d: -f1,3,4,6,7)" != "$1:$entry_uid:$entry_gid:$entry_home:$entry_shell" ]
	then no other-answer
	fi
	entry_lines=$(awk -F: -v name="$1" '$1 "" == name "" {
		print ($2 == "" ? "none" : $2 ~ /^!/ ? "locked" : $2 ~ /^[*]/ ? "starred" : "set") ":" $8 ":" $3 }' /etc/shadow)
	case $entry_lines in '') no no-shadow ;; *"$nl"*) no twice-named ;; esac
	IFS=: read -r entry_class entry_expires entry_changed <<-END
		$entry_lines
	END
	case $entry_expires$entry_changed in *[!0-9]*) no odd-entry ;; esac
}

# The name services' entry of account $1: a directory that hangs is not waited for.
ask_names() { ${kill_after:+$kill_after 5} getent passwd "$1" </dev/null 2>/dev/null; }

shadow_field() { awk -F: -v name="$1" '$1 "" == name "" { print $2 }' /etc/shadow; }

# account_entry NAME: all that a plan has to know of an account: its entry, who shares its number, what runs as it, and
# by what it would be shut.
do_account_entry() {
	need_accounts "$1"
	read_entry "$1"
	report entry "$entry_uid" "$entry_gid" "$entry_home" "$entry_shell" "$entry_class" "$entry_expires"
	report shares $(awk -F: -v name="$1" -v number="$entry_uid" '
		$3 + 0 == number && $1 "" != name "" && $1 ~ /^[A-Za-z0-9_]/ { print $1; if (++named == 20) exit }' /etc/passwd)
	for shell in /usr/sbin/nologin /sbin/nologin /usr/bin/nologin /bin/false /usr/bin/false; do
		if [ -f "$shell" ] && [ -x "$shell" ] && is_roots_path "$shell"; then report nologin "$shell"; break; fi
	done
	report_processes "$entry_uid"
	report_workloads "$1" "$entry_uid"
	report_rights "$1" "$entry_uid" "$entry_gid"
	find_timers
	report rollback-timer $timers
	ok
}

# A line for each process of user $1, 50 at most: its number, its name, and the unit or the session that it is of.
report_processes() {
	set +f
	cat /proc/[0-9]*/status 2>/dev/null | awk -v number="$1" '
		$1 == "Name:" { name = $2 }
		$1 == "Pid:" { pid = $2 }
		$1 == "Uid:" && ($2 == number || $3 == number || $4 == number || $5 == number) {
			print pid, name
			if (++told == 50) exit
		}' | while read -r pid command_name; do
		unit=$(sed -n 's|.*/\([^/]*\.\(service\|scope\)\).*|\1|p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)
		report process "$pid" "$command_name" "$unit"
	done
	set -f
}

# report_workloads NAME UID: units that run as this account by their files; its crontab, its jobs of at, and that its
# own units run without a login.
report_workloads() {
	set +f
	named="($(quote_pattern "$1")|$2)"
	grep -lsE "^[[:space:]]*User[[:space:]]*=[[:space:]]*\"?$named\"?[[:space:]]*\$" \
		/etc/systemd/system/*.service /etc/systemd/system/*/*.conf /run/systemd/system/*.service \
		/run/systemd/system/*/*.conf /run/systemd/transient/*.service /usr/local/lib/systemd/system/*.service \
		/usr/lib/systemd/system/*.service /usr/lib/systemd/system/*/*.conf /lib/systemd/system/*.service </dev/null |
		sed -e 's|/[^/]*\.conf$||' -e 's|\.d$||' -e 's|.*/||' | sort -u | head -n 20 |
		while IFS= read -r unit; do report unit "$unit"; done
	for job in /var/spool/cron/atjobs/* /var/spool/at/*; do
		read_stat "$job"
		case $mode,$uid in -*,"$2") report crontab "$job" ;; esac
	done
	set -f
	for crontab in "/var/spool/cron/crontabs/$1" "/var/spool/cron/tabs/$1" "/var/spool/cron/$1" \
		"/var/lib/systemd/linger/$1"; do
		[ ! -f "$crontab" ] || report crontab "$crontab"
	done
}

# report_rights NAME UID GID: the groups that it is in beside its own, and the lines of sudo's and doas' files that
# name it or its own group, or the number of either, each as PATH:NUMBER.
report_rights() {
	report groups $(awk -F: -v name="$1" -v own="$3" '
		$3 != own && index("," $4 ",", "," name ",") && $1 ~ /^[A-Za-z0-9_.-]+$/ {
			print $1
			if (++named == 50) exit
		}' /etc/group)
	group=$(awk -F: -v own="$3" '$3 == own && $1 ~ /^[A-Za-z0-9_.-]+$/ { print $1; exit }' /etc/group)
	# Before a number, # begins no comment.
	plain='^([^#]|#[0-9])*' ends='([^A-Za-z0-9_.@-]|$)'
	set +f
	grep -nsE -e "$plain(^|[^A-Za-z0-9_.%@:#-])$(quote_pattern "$1")$ends" -e "$plain(^|[^%])#$2([^0-9]|\$)" \
		-e "$plain%#$3([^0-9]|\$)" -e "${plain}[%:]$(quote_pattern "${group:-#$3}")$ends" \
		-e "^[[:space:]]*(permit|deny)[^#]*[[:space:]]($2|:$3)([[:space:]]|\$)" \
		/etc/sudoers /etc/sudoers.d/* /etc/doas.conf /dev/null </dev/null |
		sed 's/^\([^:]*:[0-9]*\):.*/\1/' | head -n 20 | while IFS= read -r line; do report right "$line"; done
	set -f
}

quote_pattern() { put_line "$1" | sed 's/[.]/[.]/g'; }

# account_change NAME UID GID HOME SHELL CLASS EXPIRES SHELL CLASS EXPIRES: of the account with this number, group and
# home, shell, password and expiry become the last three, each of which is the one before by now, or already the last.
# Where anything else stands, nothing is done. A password is locked by the mark before its hash, and unlocked by
# taking that away: nobody needs the hash for it.
do_account_change() {
	need_accounts "$1"
	changed_account=$1 changed_identity=$2:$3:$4
	shift 4
	read_entry "$changed_account"
	[ "$entry_uid" != 0 ] || no root-account
	[ "$entry_uid:$entry_gid:$entry_home" = "$changed_identity" ] || no account-changed
	case $entry_shell in "$1" | "$4") ;; *) no account-changed ;; esac
	case $entry_class in "$2" | "$5") ;; *) no account-changed ;; esac
	case $entry_expires in "$3" | "$6") ;; *) no account-changed ;; esac
	to_shell=$4 to_class=$5 to_expires=$6 last_change=$entry_changed
	hash_before=$(shadow_field "$changed_account")
	expected_hash=$hash_before
	set --
	[ "$entry_shell" = "$to_shell" ] || set -- "$@" -s "$to_shell"
	[ "$entry_expires" = "$to_expires" ] || set -- "$@" -e "$to_expires"
	case $entry_class,$to_class in
		"$to_class,$to_class") ;;
		*,locked) set -- "$@" -L; expected_hash=!$hash_before ;;
		# That alone would be refused: an account without a password is unlocked by its name.
		locked,none) set -- "$@" -p ''; expected_hash= ;;
		locked,*) set -- "$@" -U; expected_hash=${hash_before#!} ;;
		*) no account-changed ;;
	esac
	[ $# -gt 0 ] || ok already
	problem=$("$account_tool" "$@" "$changed_account" 2>&1 </dev/null) || account_failed
	read_entry "$changed_account"
	if [ "$to_class" = none ] && [ "$entry_changed" != "$last_change" ] && find_account_tool chage; then
		"$account_tool" -d "${last_change:--1}" "$changed_account" </dev/null >/dev/null 2>&1
	fi
	[ "$entry_uid:$entry_gid:$entry_home" = "$changed_identity" ] &&
		[ "$entry_shell:$entry_class:$entry_expires" = "$to_shell:$to_class:$to_expires" ] &&
		[ "$(shadow_field "$changed_account")" = "$expected_hash" ] || fail account-changed
	hash_before= expected_hash=
	sync
	ok changed
}

account_failed() {
	case $problem in
		*'annot lock'*) no accounts-locked ;;
		*'s currently used by'*) no in-use "$problem" ;;
	esac
	why_of "$problem" /etc/passwd
	fail "$why" "$problem"
}

# account_arm TOKEN ID TIMER SECONDS WORDS...: unless disarmed (deployment_disarm) in so many seconds, account_change
# is done with these words.
do_account_arm() {
	[ "$my_uid" = 0 ] || no not-owner 0
	cd_to_run "$1" "$2" make
	token=$1 deployment=$2 timer_kind=$3 seconds=$4
	check_words "$seconds"
	shift 4
	arm_library fire_account "$@"
}

# fire_account GEN WORDS...: whoever takes armed-deployment away first, decides. Who holds the files of accounts lets
# them go.
fire_account() {
	mv "armed-deployment.$1" "fired-deployment.$1" || exit
	fired=fired-deployment.$1
	shift
	insist do_account_change "$@"
} >/dev/null 2>&1

# insist VERB WORDS...: while somebody else holds the files of accounts, it is tried again, for five minutes. Why it
# was not done stands in $fired, for whoever reads it.
insist() {
	tries=0
	while :; do
		answer=$("$@")
		case $answer in
			*' ok '*) return ;;
			*accounts-locked*) if [ $tries -ge 60 ]; then break; fi; sleep 5 ;;
			*) break ;;
		esac
		tries=$((tries + 1))
	done
	set -- $answer
	put_line "gave-up ${5:-unknown}" >"$fired"
}

# account_uses NAME SINCE: what logs tell of logins to an account, and of what was not let in or not started as it
# since that second of our clock, each line after + for a use and - for a try, which a stranger can bring about. Of
# the journal what root's own programs say; of files lines after the path and a tab, all that are there: any user may
# have lines written there. A line that is = alone says that this log was read to its end.
do_account_uses() {
	need_accounts "$1"
	check_words "$2"
	find_drop
	sources=
	if has journalctl && [ -n "$(journalctl --system -q --no-pager -n 1 2>/dev/null)" ]; then
		sources=journal
		list_uses "$1" read_journal "$2" | send_data journal
	fi
	for file in /var/log/auth.log.1 /var/log/auth.log /var/log/secure.1 /var/log/secure /var/log/cron; do
		if find_log_reader "$file"; then sources="$sources $file"
		# What its lines say is not known.
		elif [ -n "$log_reader" ] && [ "${sources%% *}" != journal ]; then no open-folder "$file"
		fi
	done
	[ -n "$sources" ] || no no-log
	report sources $sources
	report now "$(date +%s)" "$(date +%z)"
	for file in $sources; do
		[ "$file" = journal ] || list_uses "$1" read_log "$file" | sed "s|^|$file	|"
	done | send_data lines
	ok read
}

# list_uses NAME COMMAND...: what keep_uses keeps of what that prints, and = where it has come to its end. That word is
# ours: what reads with the rights of an account cannot write it.
list_uses() {
	used_name=$1
	shift
	{ { "$@" 4>&- && put_line '=' >&4; } | keep_uses "$used_name" 4>&-; } 4>&1
}

read_journal() { journalctl --system -q --no-pager -o short-unix --since "@$1" _UID=0 2>/dev/null; }

# find_log_reader FILE: with whose rights it is read, into $log_reader. Where others than root may put something else
# in its place, those of whoever it belongs to: nobody has root read a file of root's by a link.
find_log_reader() {
	log_reader=
	if [ -f "$1" ] && is_roots_location "$1"; then log_reader=0; return; fi
	read_stat "$1"
	case $mode in -*) ;; *) return 1 ;; esac
	log_reader=$uid log_group=$gid
	[ "$uid" != 0 ] && [ -n "$drop_by" ]
}

read_log() {
	find_log_reader "$1" || return
	if [ "$log_reader" = 0 ]; then cat "$1"; return; fi
	name_of "$log_reader"
	drop_limit=${kill_after:+$kill_after 20}
	as_account "$log_reader" "$log_group" "$user_name" 'exec cat "$1"' "$1"
} </dev/null 2>/dev/null

# keep_uses NAME: lines of programs that let accounts in, or run something as one, in which they write this account:
# the last 500 uses, and the last 500 tries. What stands before their names, such as that of the host, is none; a dot
# in a pattern is any letter.
#
# A use is what nobody can have such a program say of another account: its message begins with it. A stranger chooses
# the name of an account that is not there, who calls sudo chooses the command and the folder, and everybody can fail
# to log in.
keep_uses() {
	program='(sshd|sshd-session|sshd-auth|su|sudo|login|CRON|cron|crond|atd|systemd-logind)([[][0-9]+])?'
	before="([^A-Za-z0-9_.-](for|user|account|to|by) '?|[(=']|[)] )"
	plain=$(put_line "$1" | sed 's/[.]/[.]/g')
	name="$plain([^A-Za-z0-9_.-]|[.]?( |\$))"
	uses="Accepted [^ ]+ for $plain from |(fatal: )?Access denied for user $plain by PAM account"
	uses="$uses|pam_[a-z]+\([a-z-]+:account\): (account|expired password for user) ${plain}[ (]"
	uses="$uses|pam_[a-z]+\([a-z-]+:session\): session opened for user ${plain}[ (]"
	uses="$uses|\($plain\) [A-Z]|\(to $plain\) |Successful su for $plain by "
	uses="$uses|(FAILED SU )?\(to [^ )]+\) $plain on "
	uses="$uses|New session [^ ]+ of user $plain\.|(ROOT )?LOGIN ON [^ ]+ BY $plain( |\$)"
	start='^([^:]|:[0-9])*[^A-Za-z0-9_.-]' sudo='sudo([[][0-9]+])?: +'
	grep -E -e "(^|[^A-Za-z0-9_.-])$program:(.*$before| +)$name" | cut -c 1-1000 | sed -E \
		-e "/$start$program: +($uses)/{s/^/+/;b" -e '}' \
		-e "/$start$sudo$plain : /{s/^/+/;b" -e '}' \
		-e '/ ; USER=.* ; USER=/{s/^/-/;b' -e '}' \
		-e "/$start${sudo}[^ ;]+ : (TTY|PWD)=.* ; USER=$plain ; /{s/^/+/;b" -e '}' \
		-e 's/^/-/' | awk '
		function put(kind, i) {
			for (i = at[kind] > 500 ? at[kind] - 499 : 1; i <= at[kind]; i++) print line[kind, i % 500]
		}
		{ kind = substr($0, 1, 1); at[kind]++; line[kind, at[kind] % 500] = $0 }
		END { put("+"); put("-") }'
}
