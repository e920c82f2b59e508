# Words of systemd and of a shell, of which no secret may come along. It stands in front of programs.

# The first word of `rest`, without its quotes; `rest` is what follows. Where a quote does not end, there is no word,
# and nothing follows; nor where it goes on for more than 4 KiB, for each quote costs a copy of what follows. A byte of
# `ends` outside quotes ends it, too, and stays.
function take_word(ends,   word, c, at, quote, begun) {
	sub(/^[ \t]+/, "", rest)
	word = quote = ""
	begun = length(rest)
	while (rest != "") {
		if (begun - length(rest) > 4096) { rest = ""; return "" }
		if (quote == "") at = match(rest, /[ \t"'\\;&|<>()]/)
		else at = match(rest, quote == "\"" ? "[\"\\\\]" : ends == "" ? "['\\\\]" : "'")
		if (!at) { word = word rest; rest = ""; break }
		word = word substr(rest, 1, at - 1)
		c = substr(rest, at, 1)
		rest = substr(rest, at + 1)
		if (c == "\\") { word = word "\\" substr(rest, 1, 1); rest = substr(rest, 2) }
		else if (quote != "") quote = ""
		else if (c == "\"" || c == "'") quote = c
		else if (c == " " || c == "\t") break
		else if (ends != "" && index(ends, c)) { rest = c rest; break }
		else word = word c
	}
	if (quote != "" || length(word) > 4096) { rest = ""; return "" }
	return word
}

# A word as the name of a program; "-" where it may be anything else: a value, an option, an address with a password.
function as_program(word) {
	if (word == "" || word ~ /^-/ || word ~ /[=`]/ || word ~ /:\/\// || length(word) > 1000) return "-"
	return word
}
