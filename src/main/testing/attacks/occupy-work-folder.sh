#!/bin/sh
# An ordinary user's: makes ~/.ssh/.latchkey what no run has made, so that a run stumbles over it.
#
#   occupy-work-folder.sh KIND [HOME]
#
# KIND: file, fifo, link, number (a lock with more digits than a shell can count), octal (lock 08), words (a lock whose times
# are no numbers), leading (times that a shell reads as octal), future (a lease of a hundred years), fifos (locks that are
# pipes), crowd (twenty thousand locks), top (the highest number that is counted), shut (a folder that is not to be entered),
# lock (what a run would write, of a run that there is not); close (~/.ssh itself is not to be entered); over (such a lock in the place of a run's own, whose work stays);
# unfinished (in a run's own work, a piece of a write that never was), fired (in a run's own work, what says that the host has taken
# its change back), litter (there, a backup, a replaced file and a timer that no run has made)
kind=$1 work=${2:-$HOME}/.ssh/.latchkey now=$(date +%s)
lock=evil,jo@desk,$now,$((now + 86000))
if [ "$kind" = over ]; then
	[ -d "$work" ] || exit 0
	rm -f "$work"/lock-*
	ln -s "$lock" "$work/lock-9000"
	exit
fi
if [ "$kind" = unfinished ]; then
	for run in "$work"/*/; do [ ! -d "$run" ] || : >"${run}next-never.0"; done
	exit
fi
if [ "$kind" = fired ] || [ "$kind" = litter ]; then
	for timer in "$work"/*/armed-*; do
		[ -e "$timer" ] || continue
		id=${timer##*/armed-} run=${timer%/*}
		id=${id%%.*}
		if [ "$kind" = fired ]; then : >"$run/fired-$id.x"
		else echo x | tee "$run/before-$id" "$run/held-$id.x" "$run/armed-$id.x" >/dev/null
		fi
	done
	exit
fi
if [ "$kind" = close ]; then
	chmod 0 "${work%/*}"
	exit
fi
rm -rf "$work"
case $kind in
	file) : >"$work" ;;
	fifo) mkfifo "$work" ;;
	link) ln -s /tmp "$work" ;;
	*) mkdir -m 700 "$work" ;;
esac
case $kind in
	number) ln -s "run,jo,$now,$((now + 900))" "$work/lock-99999999999999999999999999" ;;
	octal) ln -s "run,jo,$now,$((now + 900))" "$work/lock-08" ;;
	words) ln -s 'run,jo,$(id),a[$(id)]' "$work/lock-1" ;;
	leading) ln -s "run,jo,08,09" "$work/lock-1" ;;
	future) ln -s "run,jo,$now,$((now + 3155760000))" "$work/lock-1" ;;
	fifos) mkfifo "$work/lock-1" "$work/lock-2" ;;
	crowd) (cd "$work" && seq -f "lock-%.0f" 20000 | xargs touch) ;;
	top) ln -s "gone,jo,1,2" "$work/lock-999999999" ;;
	lock) ln -s "$lock" "$work/lock-1" ;;
	shut) chmod 0 "$work" ;;
esac
