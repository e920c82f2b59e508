# A configuration of nginx, read as nginx does: a statement may go over lines, and ends at ; { or }. Whoever reads
# one calls read_nginx with each line and end_nginx at the end of the file, which answers with its text;
# keep_statement(text, word, end) is theirs, and says what is left of a statement, in as many lines. word: what it
# begins with; end: what ends it.

function read_nginx(line,   i, c, n) {
	n = length(line)
	for (i = 1; i <= n; i++) {
		c = substr(line, i, 1)
		if (quote != "") {
			statement = statement c
			if (c == "\\") statement = statement substr(line, ++i, 1)
			else if (c == quote) quote = ""
		} else if (c == "\\") {
			statement = statement c substr(line, ++i, 1); is_word = 1
		} else if (c ~ /[ \t]/) {
			statement = statement c; is_word = 0
		} else if (c == "#" && !is_word) {
			break
		} else if (c == ";" || c == "}" || (c == "{" && substr(line, i - 1, 1) != "$")) {
			end_statement(c)
		} else {
			if (!is_word && (c == "\"" || c == "\047")) quote = c
			statement = statement c; is_word = 1
		}
		if (c == "$" && substr(line, i + 1, 1) == "{") {
			while (i < n && substr(line, i, 1) != "}") statement = statement substr(line, ++i, 1)
		}
	}
	statement = statement "\n"
	is_word = 0
	if (length(statement) > 65536) { statement = "\n"; quote = "" }
}

function end_statement(end,   text, word) {
	text = word = statement
	statement = ""
	is_word = 0
	sub(/^[ \t\n]+/, "", word)
	sub(/[ \t\n].*/, "", word)
	nginx_text = nginx_text keep_statement(text, word, end) end
}

# Whatever has no end is no statement.
function end_nginx(   text) {
	text = nginx_text blank(statement)
	nginx_text = statement = quote = ""
	return text
}

# The lines of text, empty.
function blank(text) { gsub(/[^\n]/, "", text); return text }

# The same with words in place of what stands there.
function instead(text, words) {
	match(text, /^[ \t\n]*/)
	return blank(substr(text, 1, RLENGTH)) words " " blank(substr(text, RLENGTH + 1))
}

# Into set, each of these words: what is kept, and goes by its name.
function list(set, words,   count, i, word) {
	count = split(words, word, " ")
	for (i = 1; i <= count; i++) set[word[i]] = 1
}
