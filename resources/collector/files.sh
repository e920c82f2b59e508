# Looking at files: their modes and owners, where links lead, and what does not answer.

# ls of one thing, all links followed: $mode $links $uid $gid $size, and $written, the day of its last change
read_stat() { columns $(ls -ldnL "$1"); }

columns() {
	mode=${1-} links=${2-} uid=${3-} gid=${4-} size=${5-}
	case $size in '' | *[!0-9]*) size=0 ;; esac
	# Within the last half year ls tells the time instead of the year.
	case ${8-} in *:*) written=${6-},${7-} ;; *) written=${6-},${7-},${8-} ;; esac
}

# Where another machine or a program serves files and does not answer, a line each, into $silent_mounts: whoever looks
# below waits for ever. All are asked at once, each by a home that lies there, for autofs has nothing else to ask; what
# a program of an ordinary user serves is not asked at all, for that may wait until it is looked at.
# Those that are there, and of which not even that is told, into $closed_mounts: what lies below would look as if it
# were not there.
find_silent_mounts() {
	silent_mounts= closed_mounts= unasked_mount=
	[ $may_stop = yes ] && [ -r /proc/mounts ] || return
	checked_mounts=$(printf '%s\n' "$accounts" | awk -v me="$my_uid" "$checked_mounts_awk" - /proc/mounts | ask_mounts)
	IFS=$nl
	for mount in $checked_mounts; do
		case $mount in
			closed:*) closed_mounts=$closed_mounts$nl${mount#closed:} ;;
			*)
				silent_mounts=$silent_mounts$nl${mount#*:}
				case $mount in unasked:*) unasked_mount=${unasked_mount:-${mount#*:}} ;; esac
				;;
		esac
	done
	unset IFS
	[ -z "$unasked_mount" ] || unread limit "$unasked_mount" too-late
}

# Sixty-four at a time, and for as long as that takes two that do not answer.
ask_mounts() {
	asking=0 asked_until=$(($(date +%s) + 6))
	while IFS= read -r mount && IFS= read -r asked; do
		case $asked in
			closed | silent) printf '%s:%s\n' "$asked" "$mount"; continue ;;
		esac
		if [ $asking = 64 ]; then wait; asking=0; fi
		if [ $asking = 0 ] && [ "$(date +%s)" -ge $asked_until ]; then asked_until=0; fi
		if [ $asked_until = 0 ]; then printf 'unasked:%s\n' "$mount"; continue; fi
		asking=$((asking + 1))
		ask_mount &
	done
	wait
}

# A shell of its own has nothing open that anybody else waits for. The kernel may still know what was there: of the
# whole it asks each time.
ask_mount_script='
ls -ldn "$1/." >/dev/null
stat -f "$1/." >/dev/null
if [ -e "$2" ]; then printf there; else printf closed; fi'

# Whoever waits for a program that has taken what it was asked, and answers nothing, cannot be killed (FUSE): so nobody
# waits for the one who asks, but for who listens to it. That there is nothing of this name is an answer, too.
ask_mount() {
	answer=$({ sh -c "$ask_mount_script" sh "$asked" "$mount" </dev/null & } | timeout -s KILL 3 head -c 6)
	case $answer in
		there) ;;
		closed) printf 'closed:%s\n' "$mount" ;;
		*) printf 'silent:%s\n' "$mount" ;;
	esac
}

is_silent() { is_below "$1" "$silent_mounts"; }

# Whether $1 is one of the mounts $2, or lies below one.
is_below() {
	[ -n "$2" ] || return 1
	IFS=$nl
	for mount in $2; do
		case $1/ in "$mount"/*) unset IFS; return 0 ;; esac
	done
	unset IFS
	return 1
}

# Whether links lead to where nothing answers: who follows them waits for ever. What each says is read, and no more.
leads_to_silence() {
	[ -n "$silent_mounts" ] || return 1
	ahead=$1 reached= hops=0
	while [ -n "$ahead" ]; do
		step=${ahead%%/*}
		case $ahead in */*) ahead=${ahead#*/} ;; *) ahead= ;; esac
		case $step in
			'' | .) continue ;;
			..) reached=${reached%/*}; continue ;;
		esac
		reached=$reached/$step
		! is_silent "$reached" || return 0
		[ -h "$reached" ] || continue
		hops=$((hops + 1))
		# Linux goes no further either.
		[ $hops -le 40 ] || return 1
		led=$(readlink "$reached")
		case $led in /*) reached= ;; *) reached=${reached%/*} ;; esac
		ahead=$led${ahead:+/$ahead}
	done
	return 1
}

# Whether $1 is there: file, other, absent (provably), or hidden (cannot be told), into $stands.
find_out() {
	stands=absent
	case $1 in /*) ;; *) return ;; esac
	if leads_to_silence "$1" || is_below "$1" "$closed_mounts"; then stands=hidden; return; fi
	if [ -f "$1" ]; then stands=file; return; fi
	if [ -e "$1" ]; then stands=other; return; fi
	above=$1
	while [ "$above" != / ]; do
		if [ -h "$above" ]; then
			[ "$my_uid" = 0 ] || stands=hidden
			return
		fi
		above=${above%/*}
		[ -n "$above" ] || above=/
		if [ -d "$above" ]; then
			[ -x "$above" ] || stands=hidden
			return
		fi
		[ ! -e "$above" ] || return
	done
}

# The path of $1 without any link, into $real; empty if it cannot be told.
resolve() {
	real=
	! leads_to_silence "$1" || return
	real=$1
	case $1 in
		*//* | */./* | */../* | */. | */..) ;;
		*)
			above=$1
			while [ -n "$above" ] && [ ! -h "$above" ]; do above=${above%/*}; done
			[ -n "$above" ] || return
			;;
	esac
	real=$(readlink -f "$1" && printf x)
	real=${real%x}
	real=${real%"$nl"}
}

# Attributes e:MODE,LINKS,UID,GID,SIZE of $1 and each folder above it, "/" first, into $entries. Leaves the columns
# of $1 itself. ls sorts by bytes, and a folder sorts before what is in it. With L as $2, links are followed.
walk() {
	follow=${2-}
	set -- "$1"
	above=$1
	while [ "$above" != / ]; do
		above=${above%/*}
		[ -n "$above" ] || above=/
		set -- "$above" "$@"
	done
	entries=
	case $* in
		*"$nl"*)
			for above do
				columns $(ls -ldn$follow "$above")
				entries="$entries e:$mode,$links,$uid,$gid,$size"
			done
			;;
		*)
			listing=$(ls -ldn$follow "$@")
			IFS=$nl
			for line in $listing; do
				unset IFS
				columns $line
				entries="$entries e:$mode,$links,$uid,$gid,$size"
			done
			unset IFS
			;;
	esac
}

# Seconds since the epoch; nothing where no tool can tell.
modified_at() { date -r "$1" +%s || stat -c %Y "$1"; }
