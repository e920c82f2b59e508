# The rollback timer: what rolls a change back on the host itself unless it is verified in time.

# The timers that this host has, into $timers.
find_timers() {
	timers=
	if [ -d /run/systemd/system ] && has systemd-run && { [ "$my_uid" = 0 ] || [ $by_root = yes ]; }; then
		timers=systemd-run
	fi
	if has at && runs atd && at -l >/dev/null 2>&1; then timers="$timers at"; fi
	if has setsid || has nohup; then timers="$timers sleep"; fi
}

runs() {
	set +f
	for entry in /proc/[0-9]*/comm; do
		IFS= read -r command_name <"$entry" || continue
		if [ "$command_name" = "$1" ]; then set -f; return 0; fi
	done 2>/dev/null
	set -f
	return 1
}

quote() { quoted=\'$(put_line "$1" | sed "s/'/'\\\\''/g")\'; }

# Stands alone. Whoever takes armed-ID away first, decides.
revert_text='
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C
export PATH LC_ALL
umask 077
cd -P -- "$folder" || exit
set -- $(ls -ldn .)
[ "$3" = "$uid" ] || exit
work=.latchkey/$run
mv "$work/armed-$id.$gen" "$work/fired-$id.$gen" || exit
hash_of() { hashed=$($hash_tool <"$1") || hashed=; hashed=${hashed%% *}; }
become_file() {
	sync "$work/back-$id" || sync
	hash_of "./$name"
	[ "$hashed" = "$now" ] && $move "$work/back-$id" "./$name" && { sync . || sync; }
}
take_away() {
	mv "./$name" "$work/gone-$id" || return
	hash_of "$work/gone-$id"
	[ "$hashed" = "$prior" ] || ln "$work/gone-$id" "./$name"
	sync . || sync
}
hash_of "./$name"
now=$hashed
if [ "$now" = "$wrote" ]; then
	held=$work/held-$id.$prior
	[ -f "$held" ] || held=$work/next-$id.$wrote
	hash_of "$held"
	if [ "$hashed" = "$prior" ]; then
		rm -f "$work/back-$id"
		$copy "$held" "$work/back-$id" || cp -p "$held" "$work/back-$id"
		hash_of "$work/back-$id"
		[ "$hashed" = "$prior" ] && become_file && [ "$created" = yes ] && take_away
	fi
elif [ "$now" = "$prior" ]; then [ "$created" != yes ] || take_away
elif [ -s "$work/lines-$id" ]; then
	rm -f "$work/back-$id"
	$copy "./$name" "$work/back-$id" || cp -p "./$name" "$work/back-$id"
	{
		[ -z "$(tail -c 1 "$work/back-$id" | tr -d "\\n")" ] || echo
		cat "$work/lines-$id"
	} >>"$work/back-$id" && become_file
fi
rm -f "$work/back-$id"'

# arm PATH ID TOKEN TIMER SECONDS WROTE PRIOR LINES CREATED: unless disarmed in so many seconds, the file becomes PRIOR
# again if it is still WROTE; if it is neither, and LINES is not empty, those are added to it. CREATED (yes): there was
# no file, and PRIOR, which is empty, is removed, too.
do_arm() {
	cd_as_owner "$1"
	id=$2 run=$3 timer_kind=$4 seconds=$5 wrote=$6 prior=$7 created=${9:-no}
	check_words "$id" "$run" "$seconds" "$wrote" "$prior" "$created"
	need_lock
	find_sync "$work"
	disarm_all
	# What an earlier one has done is seen by whoever arms anew; it says nothing of this one.
	set +f
	rm -f "$work/fired-$id".*
	set -f
	gen=$(date +%s)x$$
	revert=$work/revert-$id.$gen.sh part=$work/part-$id
	quote "$folder"
	head="folder=$quoted"
	quote "$name"
	head="$head name=$quoted uid=$my_uid run=$run id=$id gen=$gen wrote=$wrote prior=$prior created=$created"
	head="$head hash_tool='$hash_tool' copy='$copy' move='$move'"
	rm -f "$part"
	problem=$({ put_line "$head" && put_line "$revert_text"; } 2>&1 >"$part") || { why_of "$problem"; no "$why"; }
	sync_file "$part" || { why_of "$problem"; no "$why"; }
	$move "$part" "$revert"
	rm -f "$work/lines-$id"
	if [ -n "${8-}" ]; then
		problem=$(put_bytes "$8" 2>&1 >"$part") || { why_of "$problem"; no "$why"; }
		sync_file "$part" || { why_of "$problem"; no "$why"; }
		$move "$part" "$work/lines-$id"
	fi
	part=
	problem=$( (put_line "$timer_kind" >"$work/armed-$id.$gen") 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
	case $timer_kind in
		sleep) { has setsid || has nohup; } && start_sleep ;;
		at) start_at ;;
		systemd-run) ;;
		*) rm -f "$work/armed-$id.$gen"; no odd-words ;;
	esac || { rm -f "$work/armed-$id.$gen"; no no-rollback-timer "$timer_kind"; }
	sync_folder
	ok armed "$gen"
}

# fire_by FOLDER UID NAME: what runs the text NAME of a folder, into $firing, if the folder is still that user's:
# whoever may write to a folder of the path can have put another in its place. It has no dollar, which a service
# manager would expand.
fire_by() {
	quote "$1"
	firing="cd -P -- $quoted && ls -ldn . | grep -q '^d[^ ]*  *[0-9][0-9]*  *$2 ' && exec sh './$3'"
}

start_sleep() {
	# By the folder that we are in, whatever is called like it by then.
	set -- sh -c 'trap "" HUP; sleep "$1"; exec sh "$2"' latchkey "$seconds" "./$revert"
	if has setsid; then setsid "$@" </dev/null >/dev/null 2>&1 3<&- &
	else nohup "$@" </dev/null >/dev/null 2>&1 3<&- &
	fi
	put_line $! >"$work/timer-$id.$gen"
	kill -0 $!
}

# at counts in minutes, and begins them on time: what is left over is slept.
start_at() {
	fire_by "$folder" "$my_uid" "$revert"
	due=$(($(date +%s) + seconds))
	answer_of_at=$(put_line "rest=\$(($due - \$(date +%s)))
[ \$rest -lt 0 ] && rest=0; [ \$rest -gt $seconds ] && rest=$seconds
exec >/dev/null 2>&1; sleep \$rest; $firing" | at "now + $((seconds / 60)) minutes" 2>&1) || return 1
	answer_of_at=${answer_of_at##*job }
	put_line "${answer_of_at%% *}" >"$work/timer-$id.$gen"
}

# start_timer PATH ID TOKEN GENERATION SECONDS: the service manager, which root alone may ask, runs what was armed. As
# whom, and where that lies, root sees for itself: an account's own shell could say anything.
do_start_timer() {
	id=$2 run=$3 gen=$4 seconds=$5
	check_words "$id" "$run" "$gen" "$seconds"
	folder=${1%/*} refusal=
	check_path "${folder:-/}" || no "$refusal" "$detail"
	fire_by "${folder:-/}" "$actor" ".latchkey/$run/revert-$id.$gen.sh"
	problem=$(systemd-run --quiet --on-active="$seconds" --timer-property=AccuracySec=1s --uid="$actor" \
		--unit="latchkey-$run-$id-$gen" /bin/sh -c "$firing" 2>&1) || no no-rollback-timer "$problem"
	ok started
}

do_stop_timer() {
	case $1 in *[!A-Za-z0-9-]*) no odd-words ;; esac
	systemctl stop "latchkey-$1.timer" >/dev/null 2>&1
	ok stopped
}

# Removes what would let it fire; timers and generations of what was armed, into $disarmed.
disarm_all() {
	disarmed=
	set +f
	for entry in "$work/armed-$id".*; do
		[ -f "$entry" ] || continue
		gen=${entry##*.}
		IFS= read -r armed_kind <"$entry" || armed_kind=
		mv "$entry" "$work/off-$id.$gen" 2>/dev/null || continue
		disarmed="$disarmed $armed_kind $gen"
		stop_timer
	done
	set -f
}

stop_timer() {
	[ -f "$work/timer-$id.$gen" ] && IFS= read -r timer <"$work/timer-$id.$gen" || return 0
	case $timer in '' | *[!0-9]*) return ;; esac
	case $armed_kind in
		at) atrm "$timer" ;;
		# Its number may be somebody else's by now.
		sleep) case $(tr '\0' ' ' <"/proc/$timer/cmdline") in *"$run"*) kill -- "-$timer" || kill "$timer" ;; esac ;;
	esac
} 2>/dev/null

# disarm PATH ID TOKEN
do_disarm() {
	cd_as_owner "$1"
	id=$2 run=$3 work=.latchkey/$3
	check_words "$id" "$run"
	disarm_all
	set +f
	for entry in "$work/fired-$id".*; do [ ! -e "$entry" ] || { rm -f "$entry"; no fired; }; done
	set -f
	ok disarmed $disarmed
}
