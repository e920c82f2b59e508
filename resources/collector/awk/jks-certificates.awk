# Of a Java keystore in the numbers of od: each certificate, for the stream. Ends with 0 when there was one and all
# was understood. -v path.

{ for (i = 1; i <= NF; i++) byte[size++] = $i }
function number(   v) {
	v = ((byte[at] * 256 + byte[at + 1]) * 256 + byte[at + 2]) * 256 + byte[at + 3]
	at += 4
	return v
}
function short(   v) { v = byte[at] * 256 + byte[at + 1]; at += 2; return v }
# Not at += number(): busybox takes at as it was before the call.
function skip(length_of_it) { at += length_of_it }
function length_at(n,   k, v, i) {
	head = 1
	if (byte[n] < 128) return byte[n]
	k = byte[n] - 128; head = 1 + k; v = 0
	if (k < 1 || k > 3) return -1
	for (i = 1; i <= k; i++) v = v * 256 + byte[n + i]
	return v
}
function certificate(   n, end, whole, inner, i) {
	if (version == 2) skip(short())
	n = number()
	if (n < 24 || at + n > size - 20) return 0
	end = at + n
	whole = length_at(at + 1) + 1 + head
	inner = at + 1 + head
	if (byte[at] != 48 || whole != n || byte[inner] != 48 || length_at(inner + 1) < 0) return 0
	inner += 1 + head
	if (byte[inner] != 160 && byte[inner] != 2) return 0
	printf "@certificate hex path:%s n:%d\n", path, ++told
	for (i = 0; i < n; i++) printf "%02x%s", byte[at + i], (i % 32 == 31 || i == n - 1) ? "\n" : ""
	at = end
	return 1
}
END {
	at = 4; version = number(); entries = number()
	if (entries > 2000) exit 1
	while (entries-- > 0 && at < size - 20) {
		tag = number(); skip(short()); at += 8
		if (tag == 2) { if (!certificate()) exit 1; continue }
		if (tag != 1) exit 1
		skip(number())
		chain = number()
		if (chain > 100) exit 1
		while (chain-- > 0) if (!certificate()) exit 1
	}
	exit told == 0
}
