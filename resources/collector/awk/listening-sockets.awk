# Of /proc/net/tcp and ls -ln of /proc/PID/fd: the sockets that listen, and who holds them.

$4 == "0A" && $2 ~ /^[0-9A-F]+:[0-9A-F]+$/ { if (many++ < 2000) address[$10] = $2; next }
/^\/proc\// { split($0, part, "/"); pid = part[3]; next }
$NF ~ /^socket:\[[0-9]+\]$/ {
	inode = substr($NF, 9, length($NF) - 9)
	if (!(inode in address) || pid !~ /^[0-9]+$/ || told[inode " " pid]++) next
	if (++holders[inode] <= 64) pids[inode] = pids[inode] " pid:" pid
}
END { for (inode in address) print "socket:" address[inode] pids[inode] }
