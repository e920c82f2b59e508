# Of a configuration of sshd the lines that scan_config tells of.

function next_word(   c, quote, word, is_word) {
	sub(/^[ \t\r]+/, "", text)
	word = ""; is_word = 0; quote = ""
	while (text != "") {
		c = substr(text, 1, 1)
		if (quote == "" && (c == " " || c == "\t" || c == "\r")) break
		if (quote == "" && c == "#" && !is_word) { text = ""; break }
		text = substr(text, 2); is_word = 1
		if (quote == "" && (c == "\"" || c == "\047")) { quote = c; continue }
		if (c == quote) { quote = ""; continue }
		if (c == "\\" && (substr(text, 1, 1) == "\"" || substr(text, 1, 1) == "\047" || substr(text, 1, 1) == "\\")) {
			c = substr(text, 1, 1); text = substr(text, 2)
		}
		word = word c
	}
	return is_word ? word : ""
}
{
	text = $0
	sub(/^[ \t]+/, "", text)
	if (text ~ /^#/) next
	name = tolower(text)
	sub(/[ \t\r=].*/, "", name)
	gsub(/"/, "", name)
	sub(/^[^ \t\r=]*[ \t]*=?[ \t]*/, "", text)
	if (name == "match") { print "match"; is_near = tolower(text) ~ /address|host|port|rdomain|version/ }
	else if (name == "include") { while ((w = next_word()) != "") print "include " w }
	else if (name == "hostkey") { if ((w = next_word()) != "") print "host " w }
	else if (name == "revokedkeys" || name == "trustedusercakeys") { while ((w = next_word()) != "") print "file " w }
	else if (name == "authorizedprincipalsfile") { if ((w = next_word()) != "") print "principals " w }
	else if (name == "chrootdirectory") { if ((w = next_word()) != "") print "root " w }
	else if (name == "authorizedkeysfile") {
		while ((w = next_word()) != "") {
			print "key " w
			# What sshd -T prints as two is looked for by its own name, too.
			if (is_near || w ~ /[ \t]/) print "near " w
		}
	}
}
