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
# below waits for ever. All are asked at once, each by a home that lies there, for autofs has nothing else to ask.
# Those that are there, and of which not even that is told, into $closed_mounts: what lies below would look as if it
# were not there.
find_silent_mounts() {
	silent_mounts= closed_mounts=
	[ $may_stop = yes ] && [ -r /proc/mounts ] || return
	checked_mounts=$(printf '%s\n' "$accounts" | awk "$checked_mounts_awk" - /proc/mounts | {
		while IFS= read -r mount && IFS= read -r asked; do
			{
				if ! answers "$asked"; then printf '%s\n' "$mount"
				elif [ ! -e "$mount" ]; then printf '%s\n' "closed:$mount"
				fi
			} &
		done
		wait
	})
	IFS=$nl
	for mount in $checked_mounts; do
		case $mount in
			closed:*) closed_mounts=$closed_mounts$nl${mount#closed:} ;;
			*) silent_mounts=$silent_mounts$nl$mount ;;
		esac
	done
	unset IFS
}

# Whether there is an answer about $1, be it that it does not exist. What is killed holds no pipe open.
answers() {
	for question in 'ls -ldn' 'stat -f'; do
		# The kernel may still know what was there: of the whole it asks each time.
		timeout -s KILL 3 $question "$1/." >/dev/null
		case $? in 124 | 137) return 1 ;; esac
	done
	return 0
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

# Whether $1 is there: file, other, absent (provably), or hidden (cannot be told), into $stands.
find_out() {
	stands=absent
	case $1 in /*) ;; *) return ;; esac
	if is_silent "$1" || is_below "$1" "$closed_mounts"; then stands=hidden; return; fi
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
	! is_silent "$1" || return
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
