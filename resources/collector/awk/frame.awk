# The stream of what `collect` prints, with its lengths, its end and its hash. -v nonce, digest (what hashes), aside
# (what gets the last line where the host signs it), most (bytes).

# In pieces: each is one write where awk does not gather them.
function put(line) { text = text line "\n"; total += length(line) + 1; if (length(text) > 4000) send() }
function send() { print text; if (digest != "") print text | digest; text = "" }
function close_record(   i) {
	if (head == "") return 1
	if (is_over) return leave_out()
	split(head, word, " ")
	encoding = word[2]
	rest = substr(head, length(word[1]) + length(word[2]) + 3)
	if (total - left + length(head) + held + 16 > most) return leave_out()
	put(word[1] " " held " " encoding (rest == "" ? "" : " " rest))
	for (i = 1; i <= lines; i++) put(line[i])
	count++
	head = ""
	return 1
}
# Names what has no room, and goes on with what has, as long as there is room for names.
function leave_out(   path, name) {
	path = head
	sub(/ .*/, "", path)
	if (match(head, / (path|root):[^ ]+/)) path = substr(head, RSTART + 6, RLENGTH - 6)
	name = "unread 0 - kind:limit path:" path " why:over-limit"
	if (head ~ /^unread /) name = "unread 0 " substr(head, 8)
	is_over = 0
	if (!(name in named)) {
		if (left + length(name) > 64000) return 0
		put(name); count++
		left += length(name) + 1
		named[name] = 1
	}
	head = ""
	return 1
}
function finish() {
	send()
	last = sprintf("end %d %s %s", count, nonce, (digest == "" ? "none\n" : "sha256 "))
	if (aside == "") printf "%s", last
	else { fflush(); printf "%s", last | aside; close(aside) }
	if (digest == "") return
	fflush()
	system("")
	close(digest)
}
BEGIN { ORS = ""; printf "\n"; put("latchkey-collection 1 " nonce) }
$0 == "@done" { is_done = 1; exit }
/^@/ {
	if (!close_record()) { is_full = 1; exit }
	if ($0 == "@leave") { send(); fflush(); next }
	if ($0 ~ /^@signer /) { head = ""; if (aside != "") print substr($0, 2) "\n" | aside; next }
	head = substr($0, 2); lines = held = 0
	next
}
is_over { next }
{ line[++lines] = $0; held += length($0) + 1; if (total - left + held > most) is_over = 1 }
END {
	if (is_done && !close_record()) is_full = 1
	if (is_full) {
		kind = head; sub(/ .*/, "", kind)
		put("unread 0 - kind:limit path:" kind " why:stream-full"); count++
	}
	if (is_done || is_full) finish()
	else { send(); fflush() }
}
