# Of the kernel's tables of TCP sockets, and then what ls -ln says of a process's descriptors: whether one of these
# is a socket that listens. Ends with 0 where it is.
$4 == "0A" { listening[$10] = 1; next }
$NF ~ /^socket:\[[0-9]+\]$/ { if (substr($NF, 9, length($NF) - 9) in listening) { found = 1; exit } }
END { exit !found }
