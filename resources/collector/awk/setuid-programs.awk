# Of what ls -ldn says of programs "@setuid - path:PATH e:MODE,LINKS,UID,GID,SIZE" for each that has such a mode
# still. Needs encode.awk.

/^-..[sS]|^-.....[sS]/ {
	if (++many > 500) next
	path = $0
	sub(/^[^\/]*/, "", path)
	print "@setuid - path:" encode(path) " e:" $1 "," $2 "," $3 "," $4 "," $5
}
END { if (many > 500) print "@unread - kind:setuid path:/usr why:too-many-workloads" }
