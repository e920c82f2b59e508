# Of a PEM file each certificate, for the stream. Ends with 3 when there is a private key in it, with 4 when there
# is no PEM at all. -v path, most (bytes).

function value(i) { return index(ALPHABET, substr(data, i, 1)) - 1 }
function byte(n,   i) {
	i = int(n / 3) * 4
	if (n % 3 == 0) return value(i + 1) * 4 + int(value(i + 2) / 16)
	if (n % 3 == 1) return (value(i + 2) % 16) * 16 + int(value(i + 3) / 4)
	return (value(i + 3) % 4) * 64 + value(i + 4)
}
function length_at(n,   first, k, v) {
	first = byte(n); head = 1
	if (first < 128) return first
	k = first - 128; head = 1 + k; v = 0
	if (k < 1 || k > 3) return -1
	for (i = 1; i <= k; i++) v = v * 256 + byte(n + i)
	return v
}
function note(why) { printf "@certificate-note - path:%s n:%d why:%s\n", path, count, why }
function emit(   body, inner, whole, padding, i) {
	count++
	if (length(data) < 24 || length(data) % 4 != 0) { note("cut-short"); return }
	body = length_at(1)
	whole = 1 + head + body
	inner = 1 + head
	if (byte(0) != 48 || body < 0 || byte(inner) != 48 || length_at(inner + 1) < 0) { note("not-a-certificate"); return }
	inner += 1 + head
	if (byte(inner) != 160 && byte(inner) != 2) { note("not-a-certificate"); return }
	padding = data ~ /==$/ ? 2 : data ~ /=$/ ? 1 : 0
	have = length(data) / 4 * 3 - padding
	if (have < whole) { note("cut-short"); return }
	if (have > whole && label != "TRUSTED CERTIFICATE") note("more-behind")
	data = substr(data, 1, int((whole + 2) / 3) * 4)
	printf "@certificate b64 path:%s n:%d\n", path, count
	for (i = 1; i <= length(data); i += 64) print substr(data, i, 64)
}
BEGIN { ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; code = 4; count = 0 }
# OpenSSL passes over a byte-order mark.
NR == 1 { sub("^\357\273\277", "") }
{ read += length($0) + 1; gsub(/[ \t\r]/, "", $0); if (read > most) { note("too-large"); exit } }
/-----BEGIN/ {
	if (is_open) { count++; note("cut-short") }
	is_open = 0
	if (code == 4) code = 0
	if ($0 ~ /PRIVATEKEY-----/) { code = 3; order = order ($0 ~ /BEGIN(RSA|EC|DSA)?PRIVATE/ ? "k" : "e") }
	if ($0 ~ /^-----BEGIN(TRUSTED|X509)?CERTIFICATE-----$/) {
		order = order "c"
		is_open = 1; data = ""; is_bad = 0
		label = $0 ~ /TRUSTED/ ? "TRUSTED CERTIFICATE" : "CERTIFICATE"
	}
	next
}
/^PuTTY-User-Key-File-/ { code = 3; exit }
is_open && /-----END/ {
	if (is_bad) { count++; note("not-base64") } else emit()
	is_open = 0
	next
}
is_open {
	if ($0 !~ /^[A-Za-z0-9+\/]*=?=?$/ || data ~ /=$/) is_bad = 1
	if (!is_bad) data = data $0
	if (length(data) > 174764) { count++; note("too-long"); is_open = 0 }
}
END {
	if (is_open && read <= most) { count++; note("cut-short") }
	# What stands in a file with a private key, and in which order: k, or e where it is no plain one for TLS, and c.
	if (order ~ /[ke]/ && length(order) > 1 && length(order) <= 64 && read <= most) {
		printf "@pem - path:%s order:%s\n", path, order
	}
	exit code
}
