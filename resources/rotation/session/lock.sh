# The lock of a folder, which a run holds while it changes what is in it.

# The lock that holds, into $lock (its number), $lock_token, $lock_who, $lock_since and $lock_end; $highest is the
# number of the last one, whatever it says, and $foreign what is called like a lock and is none. Whoever owns the
# folder may have put anything there: nothing is opened, and a number is one only if all shells count so far.
find_lock() {
	lock= lock_token= lock_who= lock_since= lock_end= highest= foreign=
	set +f
	for entry in .latchkey/lock-*; do
		if [ -L "$entry" ]; then
			if is_lock_number "${entry#.latchkey/lock-}"; then
				[ "${highest:-0}" -ge "$number" ] || highest=$number
			else foreign=$entry
			fi
		elif [ -e "$entry" ]; then foreign=$entry
		fi
	done
	set -f
	[ -n "$highest" ] || return 0
	goal=$(readlink ".latchkey/lock-$highest" 2>/dev/null)
	# Gone meanwhile.
	[ -n "$goal" ] || return 0
	IFS=,
	set -- $goal
	IFS=' 	
'
	is_lock "$goal" "$@" || { foreign=.latchkey/lock-$highest; return 0; }
	lock=$highest lock_token=$1 lock_who=$2 lock_since=$3 lock_end=$4
}

# Eight digits, the first of them no 0, which some shells would take for octal.
is_lock_number() {
	case $1 in '' | 0* | *[!0-9]* | ?????????*) return 1 ;; esac
	number=$1
}

# As a lock says who holds it, into $who. is_lock and readHolder of the workstation take no other letters.
clean_lock_owner() { who=$(put_line "$1" | tr -c 'A-Za-z0-9@._:\n-' '_' | cut -c 1-200); }

# is_lock GOAL TOKEN WHO SINCE END: whether a run has written this. No run holds a folder for a day; the time by which
# this one has taken its own may have been set back since.
is_lock() {
	[ $# = 5 ] && [ ${#1} -le 400 ] || return 1
	case $2 in '' | *[!A-Za-z0-9]*) return 1 ;; esac
	case $3 in *[!A-Za-z0-9@._:-]*) return 1 ;; esac
	for word in "$4" "$5"; do
		case $word in '' | 0* | *[!0-9]* | ???????????*) return 1 ;; esac
	done
	[ "$2" = "${run-}" ] || [ "$5" -le $(($(date +%s) + 86400)) ]
}

# Whether a run can hold this folder: .latchkey is not there, or is a folder of ours with nothing among its locks but
# locks.
check_work_folder() {
	lock= highest= foreign=
	read_stat .latchkey
	case $mode in
		'') return 0 ;;
		drwx*) ;;
		*) return 1 ;;
	esac
	# So large only where somebody fills it: to go through that would take longer than anybody waits.
	[ "$uid" = "$my_uid" ] && [ ${#size} -le 5 ] && [ "$size" -le 16384 ] || return 1
	find_lock
	[ -z "$foreign" ] || return 1
	[ "${highest:-0}" -lt 90000000 ] || [ "$lock_token" = "${run-}" ]
}

# begin PATH TOKEN WHO SECONDS BREAKS: takes or renews the lock of the folder of PATH. BREAKS: the token of a lock
# whose lease is over.
do_begin() {
	cd_as_owner "$1"
	run=$2 seconds=$4 breaks=${5-}
	clean_lock_owner "$3"
	check_words "$run" "$seconds"
	begun=begun tries=0
	# Somebody who ends may take the folder away again between one call and the next.
	until take_lock || [ $tries -ge 20 ]; do tries=$((tries + 1)); done
	if [ -n "$problem" ] || [ -z "$lock" ]; then
		why_of "$problem"
		rmdir .latchkey 2>/dev/null
		no "$why"
	fi
	drop_locks "$lock"
	# What an earlier try has kept there is still to be had.
	[ ! -d ".latchkey/$run" ] || begun=renewed
	problem=$(mkdir -p ".latchkey/$run" 2>&1) || { why_of "$problem"; no "$why"; }
	ok $begun "$since" "$((now + seconds))"
}

# Makes the lock after the highest; 1: once more.
take_lock() {
	problem=$(mkdir .latchkey 2>&1) && problem=
	check_work_folder || no work-folder-occupied "$folder/.latchkey"
	[ -d .latchkey ] || { no_folder; return 1; }
	now=$(date +%s)
	since=$now
	if [ "$lock_token" = "$run" ]; then since=$lock_since begun=renewed
	elif [ -n "$lock" ] && { [ "$breaks" != "$lock_token" ] || [ "$now" -le "$lock_end" ]; }; then is_held
	fi
	mine=$((${highest:-0} + 1))
	problem=$(ln -s "$run,$who,$since,$((now + seconds))" ".latchkey/lock-$mine" 2>&1) && problem=
	find_lock
	if [ -n "$lock" ] && [ "$lock_token" != "$run" ]; then
		# Somebody was faster: the highest holds.
		[ -n "$problem" ] || rm -f ".latchkey/lock-$mine"
		is_held
	fi
	[ -z "$problem" ] || [ -d .latchkey ]
}

no_folder() {
	if [ $tries -lt 20 ] && mkdir .latchkey 2>/dev/null; then return; fi
	check_flags . || no "$refusal" "$detail"
	why_of "$problem"
	no "$why" "$problem"
}

is_held() { no held "$lock_token" "$lock_who" "$lock_since" "$lock_end" "$(date +%s)"; }

# Removes all locks but that number, or those of $run where it is empty.
drop_locks() {
	set +f
	for entry in .latchkey/lock-*; do
		if [ -n "$1" ]; then [ "${entry##*-}" = "$1" ] || rm -f "$entry"
		else case $(readlink "$entry" 2>/dev/null) in "$run",*) rm -f "$entry" ;; esac
		fi
	done
	set -f
}

# For names of files and arithmetic.
check_words() { for word do case $word in '' | *[!A-Za-z0-9]*) no odd-words ;; esac; done; }

# Whatever is done for a run needs its lock, however old that is.
need_lock() {
	work=.latchkey/$run
	find_lock
	[ -n "$lock" ] || no lock-lost
	[ "$lock_token" = "$run" ] || is_held
	[ -d "$work" ] || mkdir "$work" 2>/dev/null || no lock-lost
}

# unlock PATH TOKEN: the run holds the folder of PATH no more. What it has kept there stays.
do_unlock() {
	cd_as_owner "$1"
	run=$2
	check_words "$run"
	drop_locks ''
	sync_folder
	ok unlocked
}

# end PATH TOKEN: nothing of the run is left in the folder of PATH.
do_end() {
	cd_as_owner "$1"
	run=$2 work=.latchkey/$2
	check_words "$run"
	# Where somebody has put something else in its place, nothing of the run is left.
	read_stat .latchkey
	case $mode,$uid in d*,"$my_uid") ;; *) ok gone ;; esac
	late=
	set +f
	for entry in "$work"/next-*; do [ ! -e "$entry" ] || no unfinished "${entry##*-}"; done
	for entry in "$work"/armed-*; do [ ! -e "$entry" ] || no armed "${entry##*/armed-}"; done
	for entry in "$work"/held-*; do
		[ -e "$entry" ] || continue
		hash_of "$entry"
		[ "$hashed" = "${entry##*.}" ] || late="$late $folder/$entry"
	done
	set -f
	[ -z "$late" ] || no late-edit $late
	problem=$(rm -rf "$work" 2>&1)
	is_gone "$work" || fail "$why" "$problem"
	drop_locks ''
	find_lock
	[ "$lock_token" != "$run" ] || { why_of ''; fail "$why"; }
	rmdir .latchkey 2>/dev/null
	sync_folder
	ok ended
}
