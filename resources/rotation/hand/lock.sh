# The lock of a folder, which a run holds while it changes what is in it.

# The lock that holds, into $lock (its number), $lock_token, $lock_who, $lock_since and $lock_end.
find_lock() {
	lock= lock_token= lock_who= lock_since= lock_end=
	set +f
	for entry in .latchkey/lock-*; do
		number=${entry##*-}
		case $number in '' | *[!0-9]*) continue ;; esac
		if [ -z "$lock" ] || [ "$number" -gt "$lock" ]; then lock=$number; fi
	done
	set -f
	[ -n "$lock" ] || return 0
	IFS=,
	set -- $(readlink ".latchkey/lock-$lock" 2>/dev/null)
	IFS=' 	
'
	lock_token=${1-} lock_who=${2-} lock_since=${3:-0} lock_end=${4:-0}
	# Gone meanwhile.
	[ -n "$lock_token" ] || lock=
}

# begin PATH TOKEN WHO SECONDS BREAKS: takes or renews the lock of the folder of PATH. BREAKS: the token of a lock whose
# lease is over.
do_begin() {
	enter "$1"
	run=$2 who=$(put_line "$3" | tr -c 'A-Za-z0-9@._:\n-' '_' | cut -c 1-200) seconds=$4 breaks=${5-}
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
	problem=$(mkdir -p ".latchkey/$run" 2>&1) || { why_of "$problem"; no "$why"; }
	ok $begun "$since" "$((now + seconds))"
}

# Makes the lock after the highest; 1: once more.
take_lock() {
	problem=$(mkdir .latchkey 2>&1) || [ -d .latchkey ] || no_folder
	look_at .latchkey
	case $mode in d*) ;; '') return 1 ;; *) no work-folder-taken ;; esac
	[ "$uid" = "$my_uid" ] || no work-folder-taken
	now=$(date +%s)
	find_lock
	since=$now
	if [ "$lock_token" = "$run" ]; then since=$lock_since begun=renewed
	elif [ -n "$lock" ] && { [ "$breaks" != "$lock_token" ] || [ "$now" -le "$lock_end" ]; }; then is_held
	fi
	mine=$((${lock:-0} + 1))
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
	judge_flags . || no "$refusal" "$detail"
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

# end PATH TOKEN: nothing of the run is left in the folder of PATH.
do_end() {
	enter "$1"
	run=$2 work=.latchkey/$2
	check_words "$run"
	[ -d .latchkey ] || ok gone
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
