# Of the kernel's tables of TCP sockets: port, address and inode of each that listens at one of `ports`, which are
# hexadecimal and between spaces.

$4 == "0A" {
	split($2, at, ":")
	if (index(ports, " " at[2] " ")) print at[2], at[1], $10
}
