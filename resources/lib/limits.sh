# What holds a program back that acts for somebody else: a time, a session of its own, and nothing of what is around
# us. Read after prepare_shell or session_prepare.

# find_limits: what stands before a number of seconds and a program that is ended after them, into $stop_after and,
# where it may not resist, $kill_after; both are empty where this system has no timeout. Of busybox before 1.30 the
# seconds have an option of their own.
find_limits() {
	stop_after= kill_after=
	if timeout -s KILL 5 true; then stop_after=timeout kill_after='timeout -s KILL'
	elif timeout -s KILL -t 5 true; then stop_after='timeout -t' kill_after='timeout -s KILL -t'
	fi
} </dev/null >/dev/null 2>&1

# find_session_tool: what gives a program a session of its own, into $session_tool: whoever has root's terminal could
# type there, as where a script is run by hand. Empty where there is no terminal; fails where there is one and no
# setsid.
find_session_tool() {
	session_tool=
	(: </dev/tty) || return 0
	has setsid || return 1
	session_tool=setsid
} 2>/dev/null

# become_bare COMMAND...: becomes that command, without our environment, and without descriptor 3, by which a session
# gets its requests: whoever it acts for can read its environment, and take over what it has open.
become_bare() { exec env -i "PATH=$PATH" LC_ALL=C LANG=C "$@" 3<&-; }

# alone COMMAND...: runs it so, and outside of our folder: whoever it acts for can read what lies where it stands, be
# that below a folder that is closed to them.
alone() { (cd / && become_bare "$@"); }
