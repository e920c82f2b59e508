# How an offline script sends requests to the session library that it contains.

# insist VERB WORD...: as send_request, for what replaces a file. Where it failed it may have been done all the same:
# sent once more, it goes on from what stands there. Nothing else is sent twice: an account that never answers costs
# all others time.
insist() {
	send_request "$@"
	case $status in fail | lost) send_request "$@" ;; esac
}

# send_request VERB WORD...: into $status (ok, no, fail or lost), $answer and $facts, a line each.
send_request() {
	seq=$((seq + 1)) request=$seq
	for word do
		quote "$word"
		request="$request $quoted"
	done
	frames=$(session_do "$request" 2>/dev/null)
	status=lost answer= facts=
	while read -r _ _ _ kind rest; do
		case $kind in
			ok | no | fail) status=$kind answer=$rest ;;
			fact) facts=$facts$rest$nl ;;
		esac
	done <<ANSWER
$frames
ANSWER
}

# read_fact NAME: the words of the first fact of this name, into $words: root's, where it reports any.
read_fact() {
	words=
	while read -r fact_name rest; do
		if [ "$fact_name" = "$1" ]; then words=$rest; return; fi
	done <<TOLD
$facts
TOLD
}

# Inspects $path: $seen is its hash, $refused why it cannot be changed, $lock_owner the token of who has locked its
# folder, $folder_uid whose that is ("unknown": nobody could say), $ours yes where something of this script lies there,
# $timer_kind what can roll a change back.
inspect_file() {
	send_request inspect "$path"
	read_fact actor
	folder_uid=${words%% *}
	folder_uid=${folder_uid:-unknown}
	read_fact hash
	take_hash "$words"
	seen=$hash
	read_fact refusal
	refused=${words%% *}
	read_fact work-folder
	[ -z "$words" ] || refused=${refused:-work-folder-occupied}
	read_fact lock
	lock_owner=${words%% *} ours=no
	case $lock_owner$nl$facts in "$offline_token$nl"* | *"${nl}kept $offline_token$nl"*) ours=yes ;; esac
	read_fact rollback-timer
	# A timer of systemd is started by the other end of a session, which is nobody here.
	case " $words " in *' sleep '*) timer_kind=sleep ;; *' at '*) timer_kind=at ;; *) timer_kind= ;; esac
}

# What an account says is a hash, into $hash; empty where it is none.
take_hash() {
	hash=$1
	case $hash in *[!0-9a-f]*) hash= ;; esac
	[ ${#hash} = 64 ] || hash=
}

# Why a request was refused, as a sentence about $path, into $why.
explain() {
	set -- $answer
	case ${1-} in
		changed) why="$path was changed by somebody else" ;;
		held) name_lock_owner "${3-}"; why="the folder of $path is held by ${lock_owner_name:-somebody else}" ;;
		*) format_refusal "${1:-unknown}"; why="$path $sentence" ;;
	esac
}

# Who has locked a folder, as the lock of a run names it, into $lock_owner_name; empty where an account says what no
# run has written.
name_lock_owner() {
	lock_owner_name=$1
	case $lock_owner_name in *[!A-Za-z0-9@._:-]*) lock_owner_name= ;; esac
	[ ${#lock_owner_name} -le 200 ] || lock_owner_name=
}
