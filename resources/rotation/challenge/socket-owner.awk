# Of `ls -l /proc/[0-9]*/fd`: the number of the first process that has this socket.

/^\/proc\// {
	split($0, part, "/")
	pid = part[3]
}
$NF == socket {
	print pid
	exit
}
