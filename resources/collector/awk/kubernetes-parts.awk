# Of a kubeconfig or Secret: certificates, its first key, or what there is. -v want (certificates, key, names), most
# (bytes).

function decode(text,   i, n, bits, held, out, c) {
	n = length(text)
	for (i = 1; i <= n; i++) {
		c = substr(text, i, 1)
		if (c == "=") break
		bits = bits * 64 + VALUE[c]; held += 6
		if (held < 8) continue
		held -= 8
		c = int(bits / POWER[held])
		bits = bits % POWER[held]
		# No text: a store, or DER.
		if (c > 126) return ""
		out = out CHARACTER[c]
	}
	return out
}
function is_wanted(name) {
	return name ~ /^(certificate-authority|client-certificate|client-key)-data$/ || name ~ /[.](crt|cer|cert|pem|key)$/
}
function take_value(name, value,   count, text, line, i) {
	if (value !~ /^LS0tLS1CRUdJTi/ && !is_wanted(name)) return
	if (length(value) > 262144 || ++values > 64) { is_cut = 1; return }
	count = split(decode(value), line, "\n")
	for (i = 1; i <= count; i++) take_line(line[i])
}
function take_line(line) {
	gsub(/^[ \t]+|[ \t\r]+$/, "", line)
	if (line ~ /^-----BEGIN [A-Z0-9 ]+-----$/) {
		part = line ~ /PRIVATE KEY-----$/ ? "key" : line ~ /CERTIFICATE-----$/ ? "certificates" : ""
		if (part != "") count_of[part]++
	}
	if (part == want && part != "" && (part != "key" || count_of[part] == 1)) print line
	if (line ~ /^-----END/) part = ""
}
function finish_value() { if (pending != "") take_value(pending, gathered); pending = gathered = "" }
function indent_of(line) { match(line, /^[ \t]*/); return RLENGTH }
BEGIN {
	ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for (i = 1; i <= 64; i++) VALUE[substr(ALPHABET, i, 1)] = i - 1
	NAMED = "(client-certificate|certificate-authority|client-key)[\"\047]?[ \t]*:[ \t]*"
	NAMED = NAMED "(\"[^\"]+\"|\047[^\047]+\047|[^\"\047 \t\r,}]+)"
	# busybox may have been built without the operator for it.
	POWER[0] = 1
	for (i = 1; i <= 8; i++) POWER[i] = 2 * POWER[i - 1]
	CHARACTER[9] = "\t"; CHARACTER[10] = "\n"
	for (i = 32; i < 127; i++) CHARACTER[i] = sprintf("%c", i)
}
{ read += length($0) + 1; if (read > most) { is_cut = 1; exit } }
pending != "" {
	line = $0
	gsub(/[ \t\r]/, "", line)
	if (indent_of($0) > indent && line ~ /^[A-Za-z0-9+\/]+=*$/) { gathered = gathered line; next }
	finish_value()
}
part == "" && match($0, /^[ \t-]*[A-Za-z0-9._-]+:[ \t]*([|>][0-9+-]*)?[ \t\r]*$/) {
	line = $0
	indent = indent_of(line)
	gsub(/^[ \t-]+|:.*/, "", line)
	if (is_wanted(line)) pending = line
}
{
	take_line($0)
	rest = $0
	while (match(rest, /[A-Za-z0-9._-]+["\047]?[ \t]*:[ \t]*["\047]?[A-Za-z0-9+\/]+=?=?/)) {
		field = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		gsub(/["\047 \t]/, "", field)
		take_value(substr(field, 1, index(field, ":") - 1), substr(field, index(field, ":") + 1))
	}
	rest = $0
	while (want == "names" && rest ~ /client-|certificate-authority/ && match(rest, NAMED)) {
		field = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		sub(/^[^:]*:[ \t]*/, "", field)
		gsub(/["\047]/, "", field)
		if (files++ < 64) print "file " field
	}
}
END {
	finish_value()
	if (want != "names") exit
	if (count_of["certificates"]) print "certificates"
	if (count_of["key"]) print "key"
	if (count_of["key"] > 1) print "keys"
	if (is_cut) print "cut"
}
