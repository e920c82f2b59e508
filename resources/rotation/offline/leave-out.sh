# What one account does to its own folder stops that account's part of an offline script, and nobody else's: its files
# are left out by name from a phase on, as long as nothing of that phase stands in them. Why they cannot be written is
# reported by what runs as that account. Root alone leaves anything out, and no file or folder of root's own: no
# account can have brought that about.

# $left_out and $unended: a line for each, as the result has them: ID PHASE REASON, and ID REASON of a folder in which
# something of the script stays. $first_left: why the first one was, as a sentence.

may_leave_out() { [ "$my_uid" = 0 ] && [ "$file_uid" != 0 ] && [ "$folder_uid" != 0 ]; }

# leave_or_stop PHASE: leaves $id out of that phase, for $answer; otherwise it is $why.
leave_or_stop() {
	name_reason
	answer=${answer:-$reason}
	explain
	if ! may_leave_out; then return; fi
	put_line "left out: $why" >&2
	first_left=${first_left:-$why} why=
	left_out="$left_out$id $1 $reason$nl"
}

# The word of $answer, into $reason. Whoever speaks for an account may say anything: what no result may have as a word
# is no answer.
name_reason() {
	reason=${answer%% *}
	case $reason in '' | *[!a-z-]*) reason=no-answer ;; esac
	[ ${#reason} -le 40 ] || reason=no-answer
}

# is_left_out PHASE: whether $id is. From the addition on it is left out of all.
is_left_out() {
	case $nl$left_out in *"$nl$id grant "* | *"$nl$id $1 "*) return 0 ;; esac
	return 1
}

# require_left PHASE: without a file that it is done in nothing is shown, where the run cannot do without this host:
# $why is that of the first one that is left out then.
require_left() {
	[ -z "$why" ] && [ -n "$left_out" ] && [ "$offline_needed" = yes ] || return 0
	some_left=no left_of=$1
	each_file see_left
	[ $some_left = yes ] || why=$first_left
}

see_left() {
	if [ $left_of = revoke ] && [ "$h_removed" = "$h_added" ]; then return; fi
	if is_left_out $left_of; then return; fi
	some_left=yes
}

# The accounts that a login is asked of: those that are let in by a file that is not left out.
format_accounts() {
	with_files= without_files=
	each_file sort_accounts
	IFS=$nl
	for name in $offline_accounts; do
		case $nl$with_files in *"$nl$name$nl"*) ;; *) case $nl$without_files in *"$nl$name$nl"*) continue ;; esac ;; esac
		put_line "$name"
	done | awk 'NR > 1 { printf " and " } { printf "%s", $0 }'
	IFS=' 	
'
}

sort_accounts() {
	if is_left_out "$phase"; then without_files=$without_files$accounts$nl; else with_files=$with_files$accounts$nl; fi
}
