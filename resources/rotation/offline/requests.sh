# How a carried script asks the hand that it holds.

# insist VERB WORD...: as ask, for what puts a file in place. Where it failed it may have been done all the same: asked
# once more, it goes on from what stands there. Nothing else is asked twice: an account that never answers costs all
# others time.
insist() {
	ask "$@"
	case $status in fail | lost) ask "$@" ;; esac
}

# ask VERB WORD...: into $status (ok, no, fail or lost), $said and $told, a line for each thing that was told.
ask() {
	seq=$((seq + 1)) request=$seq
	for word do
		quote "$word"
		request="$request $quoted"
	done
	answer=$(hand_do "$request" 2>/dev/null)
	status=lost said= told=
	while read -r _ _ _ kind rest; do
		case $kind in
			ok | no | fail) status=$kind said=$rest ;;
			tell) told=$told$rest$nl ;;
		esac
	done <<ANSWER
$answer
ANSWER
}

# told_of NAME: the words that were told under this name, into $words. What comes first is root's, where it tells
# anything of that.
told_of() {
	words=
	while read -r tell_name rest; do
		if [ "$tell_name" = "$1" ]; then words=$rest; return; fi
	done <<TOLD
$told
TOLD
}

# Looks at $path: $seen is its hash, $refused why it cannot be changed, $holder the token of who holds its folder,
# $folder_uid whose that is ("unknown": nobody could say), $ours yes where something of this script lies there, $way
# what can take a change back.
look() {
	ask look "$path"
	told_of actor
	folder_uid=${words%% *}
	folder_uid=${folder_uid:-unknown}
	told_of hash
	take_hash "$words"
	seen=$hash
	told_of refusal
	refused=${words%% *}
	told_of work-folder
	[ -z "$words" ] || refused=${refused:-work-folder-taken}
	told_of lock
	holder=${words%% *} ours=no
	case $holder$nl$told in "$carry_token$nl"* | *"${nl}kept $carry_token$nl"*) ours=yes ;; esac
	told_of dead-man
	# A timer of systemd is started by whoever asks the hand, which is nobody here.
	case " $words " in *' sleep '*) way=sleep ;; *' at '*) way=at ;; *) way= ;; esac
}

# What an account says is a hash, into $hash; empty where it is none.
take_hash() {
	hash=$1
	case $hash in *[!0-9a-f]*) hash= ;; esac
	[ ${#hash} = 64 ] || hash=
}

# Why the hand did not, as a sentence about $path, into $why.
explain() {
	set -- $said
	case ${1-} in
		changed) why="$path was changed by somebody else" ;;
		held) name_holder "${3-}"; why="the folder of $path is held by ${holder_name:-somebody else}" ;;
		*) say_refusal "${1:-unknown}"; why="$path $sentence" ;;
	esac
}

# Who holds a folder, as the lock of a run names it, into $holder_name; empty where an account says what no run has
# written.
name_holder() {
	holder_name=$1
	case $holder_name in *[!A-Za-z0-9@._:-]*) holder_name= ;; esac
	[ ${#holder_name} -le 200 ] || holder_name=
}
