# The facts of one private key file as attributes: its public key where it stands in clear, and nothing of the
# private one.

function decode_line(s,   i, c) {
	for (i = 1; i <= length(s); i++) {
		c = index(ALPHABET, substr(s, i, 1)) - 1
		if (c < 0) continue
		bits = bits * 64 + c; held += 6
		if (held >= 8) {
			held -= 8
			byte[size++] = int(bits / POWER[held])
			bits = bits % POWER[held]
		}
	}
}
function number(   v) {
	v = ((byte[at] * 256 + byte[at + 1]) * 256 + byte[at + 2]) * 256 + byte[at + 3]
	at += 4
	return v
}
# Not at += number(): busybox takes at as it was before the call.
function skip(length_of_it) { at += length_of_it }
function text(   n, s) {
	n = number(); s = ""
	if (n > 200 || at + n > size) { at = size + 1; return "" }
	while (n-- > 0) s = s sprintf("%c", byte[at++])
	return s
}
function openssh(   i, cipher, length_of_blob, end, start, type, parts, hex) {
	format = "openssh"
	if (size < 60) { why = "malformed"; return }
	for (i = 0; i < 14; i++) if (byte[i] != MAGIC[i + 1]) { why = "malformed"; return }
	at = 15
	cipher = text()
	if (cipher == "") { why = "malformed"; return }
	encrypted = cipher == "none" ? "no" : "yes"
	derivation = text()
	if (cipher !~ /^[a-z0-9@.-]+$/ || derivation !~ /^[a-z0-9@.-]+$/) { why = "malformed"; return }
	end = number(); end += at
	if (encrypted == "yes") lock = " cipher:" cipher " kdf:" derivation
	if (derivation == "bcrypt") { skip(number()); if (at + 4 == end) lock = lock " rounds:" number() }
	at = end
	if (number() != 1) { why = "malformed"; return }
	length_of_blob = number(); start = at; end = at + length_of_blob
	if (length_of_blob > 8192 || end > size) { why = "malformed"; return }
	type = text()
	parts = PARTS[type]
	if (parts == "") { why = "unknown-type"; return }
	while (parts-- > 1 && at < end) skip(number())
	if (at != end || parts > 0) { why = "malformed"; return }
	for (i = start; i < end; i++) hex = hex sprintf("%02x", byte[i])
	blob = " hex:" hex
}
BEGIN {
	ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	split("111 112 101 110 115 115 104 45 107 101 121 45 118 49", MAGIC, " ")
	PARTS["ssh-ed25519"] = 2; PARTS["ssh-rsa"] = 3; PARTS["ssh-dss"] = 5
	PARTS["ecdsa-sha2-nistp256"] = PARTS["ecdsa-sha2-nistp384"] = PARTS["ecdsa-sha2-nistp521"] = 3
	PARTS["sk-ssh-ed25519@openssh.com"] = 3; PARTS["sk-ecdsa-sha2-nistp256@openssh.com"] = 4
	PARTS["ssh-mldsa44-ed25519@openssh.com"] = 2
	# busybox may have been built without the operator for it.
	POWER[0] = 1
	for (i = 1; i <= 8; i++) POWER[i] = 2 * POWER[i - 1]
	format = "unknown"; encrypted = "unknown"
}
{ sub(/\r$/, "") }
part == "" && /-----BEGIN OPENSSH PRIVATE KEY-----/ { part = "openssh"; next }
part == "" && /-----BEGIN ENCRYPTED PRIVATE KEY-----/ {
	part = "end"; format = "pkcs8"; encrypted = "yes"; why = "encrypted"
	exit
}
part == "" && /-----BEGIN PRIVATE KEY-----/ { part = "pem"; format = "pkcs8"; encrypted = "no"; next }
part == "" && /-----BEGIN (RSA|EC|DSA) PRIVATE KEY-----/ { part = "pem"; format = "pem"; encrypted = "no"; next }
part == "" && /^PuTTY-User-Key-File-[0-9]/ { part = "putty"; format = "putty"; next }
part == "openssh" && /^-----END/ { exit }
part == "openssh" { if (size < 12288) decode_line($0); next }
part == "pem" && /^Proc-Type:.*ENCRYPTED/ { encrypted = "yes"; why = "encrypted"; next }
part == "pem" && encrypted == "yes" {
	if ($0 ~ /^DEK-Info: *[A-Za-z0-9-]+,/) {
		sub(/^DEK-Info: */, "")
		sub(/,.*/, "")
		lock = " cipher:" tolower($0) " kdf:md5"
	}
	exit
}
part == "pem" && /^-----END/ { derive = 1; exit }
part == "putty" && /^Private-/ { exit }
part == "putty" && /^Encryption: [a-z0-9-]+$/ {
	encrypted = $2 == "none" ? "no" : "yes"
	if (encrypted == "yes") lock = " cipher:" $2
}
part == "putty" && /^Key-Derivation: [A-Za-z0-9]+$/ { lock = lock " kdf:" tolower($2) }
part == "putty" && /^Argon2-Passes: [0-9]+$/ { lock = lock " rounds:" $2 }
part == "putty" && /^Public-Lines:/ { left = $2 + 0; next }
part == "putty" && left > 0 {
	if ($0 !~ /^[A-Za-z0-9+\/=]+$/ || left > 200) { why = "malformed"; exit }
	public = public $0
	if (--left == 0) blob = " b64:" public
	next
}
END {
	if (part == "openssh") openssh()
	if (part == "putty" && blob == "" && why == "") why = "malformed"
	if (part == "pem" && !derive && why == "") why = "malformed"
	if (part == "") why = "malformed"
	printf " format:%s encrypted:%s%s%s", format, encrypted, lock, blob
	if (why != "") printf " why:%s", why
	if (derive) printf " derive:yes"
}
