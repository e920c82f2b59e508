# What holds a program back that acts for somebody else: a time, a session of its own, and nothing of what is around
# us. Read after prepare_shell or hand_prepare.

# find_limits: what stands before a number of seconds and a program that is ended after them, into $stop_after and,
# where it may not resist, $kill_after; both are empty where this system has no timeout. Of busybox before 1.30 the
# seconds have an option of their own.
find_limits() {
	stop_after= kill_after=
	if timeout -s KILL 5 true; then stop_after=timeout kill_after='timeout -s KILL'
	elif timeout -s KILL -t 5 true; then stop_after='timeout -t' kill_after='timeout -s KILL -t'
	fi
} </dev/null >/dev/null 2>&1

# find_apart: what gives a program a session of its own, into $apart: whoever has root's terminal could type there,
# as where a script is run by hand. Empty where there is no terminal; not to be had where there is one and no
# setsid.
find_apart() {
	apart=
	(: </dev/tty) || return 0
	has setsid || return 1
	apart=setsid
} 2>/dev/null

# become_bare COMMAND...: becomes that command, without our environment: whoever it acts for can read its own.
become_bare() { exec env -i "PATH=$PATH" LC_ALL=C LANG=C "$@"; }

# alone COMMAND...: runs it so, and outside of our folder: whoever it acts for can read what lies where it stands, be
# that below a folder that is closed to them.
alone() { (cd / && become_bare "$@"); }
