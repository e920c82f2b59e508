# Of what only-tls.awk gave: "include PATTERN", "crt PATH" and "named PATH", as they are written, each once. -v kind.

function tell(what) { if (!(what in told)) { told[what] = 1; print what } }
# The next word of text, without its quotes.
function next_word(   c, quote, word) {
	sub(/^[ \t,=<|:]+/, "", text)
	if (text == "") return ""
	c = substr(text, 1, 1)
	if (c == "\"" || c == "\047") {
		text = substr(text, 2)
		word = substr(text, 1, index(text c, c) - 1)
		text = substr(text, length(word) + 2)
		return word
	}
	match(text, /^[^ \t,"\047<]+/)
	if (RLENGTH < 1) { text = substr(text, 2); return next_word() }
	word = substr(text, 1, RLENGTH)
	text = substr(text, RLENGTH + 1)
	return word
}
# With the variables that stand above it: $name, ${name} and $(name).
function put_in(word,   name, times) {
	while (times++ < 8 && match(word, /[$][{(]?[A-Za-z_][A-Za-z_0-9]*[})]?/)) {
		name = substr(word, RSTART, RLENGTH)
		gsub(/[${}()]/, "", name)
		if (!(name in value)) return word
		word = substr(word, 1, RSTART - 1) value[name] substr(word, RSTART + RLENGTH)
	}
	return word
}
# What a line sets by a name: a parameter of main.cf, a Define of Apache.
function keep_value(text,   name) {
	if (kind == "apache" && tolower(text) ~ /^[ \t]*define[ \t]/) sub(/^[ \t]*[^ \t]+[ \t]+/, "", text)
	else if (kind != "postfix" || text !~ /^[A-Za-z_0-9]+[ \t]*=/) return
	name = text
	sub(/[ \t=].*/, "", name)
	sub(/^[A-Za-z_0-9]+[ \t=]*/, "", text)
	gsub(/^"|"?[ \t\r]*$/, "", text)
	if (length(text) < 1000) value[name] = text
}
function finish(   count, statement, i) {
	if (kind == "postfix" || kind == "apache") keep_value(whole)
	count = split(whole, statement, /[;{}]/)
	if (kind != "nginx") { count = 1; statement[1] = whole }
	whole = ""
	for (i = 1; i <= count && statement[i] !~ /^[ \t]*#/; i++) take_statement(statement[i])
}

# text, which next_word() reads on from, is what is left of the statement.
function take_statement(statement,   name, word, is_list) {
	text = statement
	sub(/^[ \t]+/, "", text)
	name = tolower(text)
	sub(/[ \t=:].*/, "", name)
	if (kind == "postfix" && text ~ /^-o/) {
		match(text, /[a-z0-9_]*tls[a-z0-9_]*/)
		name = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART)
	}
	if (name ~ /^!?include(optional|dir|_try|_dir|_if_exists)?$/) {
		sub(/^[^ \t]+/, "", text)
		while ((word = next_word()) != "") tell("include " word)
		return
	}
	if (kind == "postfix" && name == "tls_server_sni_maps") { take_maps(); return }
	is_list = kind == "haproxy" || (kind == "postfix" && text ~ /^([^ \t=]+[ \t]+)?\//) || name ~ /chain_files$/
	if (!is_list && !names_file(name)) return
	if (name ~ /(path|dir)$|cache|session|cipher|verify|request|level|policy|digest|match|username|prefer/) return
	if (!(kind == "haproxy" && name ~ /[.\/]/) && !(kind == "postfix" && text ~ /^([^ \t]+[ \t]+)?\//)) {
		sub(/^[^ \t=:]+/, "", text)
	}
	if (kind == "haproxy" && name ~ /-base$/) {
		sub(/^[^ \t]+/, "", text)
		if (name == "crt-base") base = next_word() "/"
		return
	}
	take_words(is_list)
}

# Whether a setting of this name names a file of certificates or keys.
function names_file(name) {
	return name ~ /cert|keyfile|crt|chain|tlsca|ssl[-_](key|ca|cert)/ ||
		name ~ /(^|_)(ec|d)?key(_file|file)?$|(^|[-_])ca(_file|file)?$/
}

# Several maps, of which inline ones name their files themselves.
function take_maps(   many, word) {
	sub(/^[^ \t=]+/, "", text)
	gsub(/[{}]/, " ", text)
	while ((word = next_word()) != "" && many++ < 256) {
		if (word ~ /^\//) tell("named " put_in(word))
		else if (word ~ /^[a-z]+:./) tell("include " put_in(substr(word, index(word, ":") + 1)))
	}
}

function take_words(is_list,   many, word, before, last, kind_of_word) {
	while ((word = next_word()) != "" && many++ < 64) {
		last = before
		before = word
		if (word ~ /^(data|engine|store|pkcs11|builtin|hash|btree|texthash|lmdb|cdb|inline|system)(:|$)/) continue
		word = put_in(word)
		if (!is_list || last == "crt" || word ~ /^(\/|[$])/ || (word ~ /[.](pem|crt|cer|key)$/ && word !~ /^[!~*]/)) {
			kind_of_word = last == "crt-list" ? "include " : last == "crt" ? "crt " : "named "
			tell(kind_of_word (kind == "haproxy" && word !~ /^\// ? base : "") word)
		}
		if (!is_list) break
	}
}

!/^[|]/ { finish(); is_ldif = /[.]ldif$/; next }
# What the server reads as one: the line after one that ends with a backslash, statements of nginx, an entry that
# goes on.
{
	line = substr($0, 2)
	if (kind == "slapd") {
		if (line !~ /^[ \t]/) finish()
		whole = whole (is_ldif && whole != "" ? substr(line, 2) : line)
		next
	}
	whole = whole line
	if (length(whole) < 65536) {
		if (kind == "apache" && sub(/\\$/, "", whole)) next
		if (kind == "nginx" && line !~ /[;{}][ \t]*$/) { whole = whole " "; next }
	}
	finish()
}
END { finish() }
