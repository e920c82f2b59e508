# Of a file in the numbers of od: the one certificate in it, for the stream, or, by the status, which kind of
# private key it is. -v path.

function length_at(n,   k, v, i) {
	head = 1
	if (byte[n] < 128) return byte[n]
	k = byte[n] - 128; head = 1 + k; v = 0
	if (k < 1 || k > 3) return -1
	for (i = 1; i <= k; i++) v = v * 256 + byte[n + i]
	return v
}
# The tags of what stands in a row from n to the end; empty where the lengths do not add up.
function tags(n, end,   row, inside) {
	while (n < end && length(row) < 64) {
		row = row byte[n] " "
		inside = length_at(n + 1)
		if (inside < 0) return ""
		n += 1 + head + inside
	}
	return n == end ? row : ""
}
function kind_of_key(at,   row, oid, i) {
	row = tags(at, size)
	if (byte[at] == 2 && byte[at + 1] == 1) {
		if (byte[at + 2] <= 1 && row ~ /^2 48 4 (160 )?(161 |129 )?$/) return 10
		if (byte[at + 2] == 0 && row == "2 2 2 2 2 2 2 2 2 ") return 12
		if (byte[at + 2] == 1 && row ~ /^2 4 (160 )?(161 )?$/) return 13
		if (byte[at + 2] == 0 && row == "2 2 2 2 2 2 ") return 14
	}
	if (row != "48 4 ") return 0
	length_at(at + 1)
	for (i = at + 1 + head; i < at + 12 + head; i++) oid = oid byte[i] " "
	# PKCS#5, and the passwords of PKCS#12
	return oid ~ /^6 [0-9]+ 42 134 72 134 247 13 1 (5|12) / ? 11 : 0
}
NR == 1 && $1 != 48 { exit }
{ for (i = 1; i <= NF; i++) byte[size++] = $i }
END {
	if (size < 24) exit
	body = length_at(1)
	whole = 1 + head + body
	at = 1 + head
	if (byte[0] != 48 || body < 0) exit
	if (whole == size && (key = kind_of_key(at))) exit key
	if (byte[at] != 48 || length_at(at + 1) < 0) exit
	at += 1 + head
	if (byte[at] != 160 && byte[at] != 2) exit
	if (whole > size) {
		printf "@certificate-note - path:%s n:1 why:%s\n", path, (size >= 65536 ? "too-large" : "cut-short")
		exit
	}
	printf "@certificate hex path:%s n:1\n", path
	for (i = 0; i < whole; i++) printf "%02x%s", byte[i], (i % 32 == 31 || i == whole - 1) ? "\n" : ""
	if (size > whole) printf "@certificate-note - path:%s n:1 why:more-behind\n", path
}
