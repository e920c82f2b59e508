# Of the configurations of one kind of server the lines that tell what is served where, as records of text with a
# bar before each line: a positive list, so that no password, header or rule goes along. Read after encode.awk and
# nginx.awk.
# -v kind, most (bytes). Of a file that comes by standard input, file_as in the environment is its path.

function file_of() { return FILENAME == "-" ? ENVIRON["file_as"] : FILENAME }

function put(text) {
	gsub(/\r/, "", text)
	gsub(/pin-value=[^;&"\047 \t]*/, "pin-value=", text)
	total += length(text) + 2
	print "|" text
}

# What is left of a file that is too large; nothing of it follows.
function cut() {
	if (is_cut) return
	is_cut = 1
	if (kind == "nginx") put_nginx()
	printf "@unread - kind:limit path:%s why:too-large\n", encode(file_of())
}

function word_of(line) {
	sub(/^[ \t]+/, "", line)
	line = tolower(line)
	sub(/[ \t=:].*/, "", line)
	return line
}

# Whether what is set is a path or a number, and not by its name a secret; of a key, whether it surely is a path.
function sets_place(line,   name) {
	if (line !~ /^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+"?(\/[^ \t]*|[0-9.:]+)"?[ \t\r]*$/) return 0
	name = tolower(line)
	if (name ~ (secret "|auth|salt")) return 0
	sub(/^[ \t]*[^ \t]+[ \t]+/, "", name)
	sub(/[ \t].*/, "", name)
	if (name !~ /(key|pin)([^a-z]|$)/) return 1
	if (line ~ /[ \t]"?\/(etc|usr|var|opt|srv|home|root|run)\/[^ \t]*"?[ \t\r]*$/) return 1
	return line ~ /[ \t]"?\/[^ \t]*[.](key|pem|crt|cer)"?[ \t\r]*$/
}

# ---- nginx

function keep_statement(text, word, end) {
	if (end == ";") return word in NGINX || word ~ /^(ssl_|(proxy|grpc|uwsgi)_ssl_)/ ? text : blank(text)
	if (end == "{" && word !~ /^(http|server|stream|mail)$/) return instead(text, word)
	return end == "}" ? blank(text) : text
}

function put_nginx(   line, count, i) {
	count = split(end_nginx(), line, "\n")
	for (i = 1; i <= count; i++) if (i < count || line[i] != "") put(line[i])
}

# ---- Apache

# A line that goes on in the next one, and so shares its fate.
function apache(line,   word) {
	sub(/\r$/, "", line)
	if (!goes_on) {
		word = word_of(line)
		is_kept = keeps_apache(line, word)
		if (word == "use" && match(line, /^[ \t]*[^ \t]+[ \t]+[^ \t]+/)) {
			put(apache_use(line) (line ~ /\\$/ ? " \\" : ""))
			goes_on = line ~ /\\$/
			return
		}
		if (word ~ /^</) {
			if (word ~ /^<\/?macro/) apache_macro(line)
			if (!is_kept) {
				sub(/>.*/, "", word)
				goes_on = line ~ /\\$/
				put(word ">" (goes_on ? "\\" : ""))
				return
			}
		}
	}
	goes_on = line ~ /\\$/
	if (is_kept && macro != "" && word !~ /^<macro/) mark_words(line)
	put(is_kept ? line : goes_on ? "\\" : "")
}

function keeps_apache(line, word) {
	if (word ~ /^</) {
		sub(/^<\/?/, "", word)
		sub(/>$/, "", word)
		return word in APACHE_SECTION || word ~ /^mdomain/
	}
	if (word == "define") {
		return line !~ /\\$/ && (line !~ /^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]/ || sets_place(line))
	}
	if (word == "export") return line ~ /^[ \t]*export[ \t]+APACHE_[A-Z_]+=/
	return word in APACHE || word ~ /^(ssl|gnutls)[a-z0-9]*(file|path)$/
}

function apache_macro(line,   count, i, part) {
	if (line ~ /^[ \t]*<\//) { macro = ""; return }
	sub(/>.*/, "", line)
	sub(/^[ \t]*[^ \t]+[ \t]+/, "", line)
	count = split(line, part, /[ \t]+/)
	macro = tolower(part[1])
	if (line ~ /\\$/ || count > 65 || length(line) > 1024) { forget_macro(); return }
	macro_words[macro] = 0
	for (i = 2; i <= count; i++) {
		if (part[i] == "") continue
		macro_words[macro]++
		macro_word[macro, i - 1] = part[i]
		is_told[macro, i - 1] = 0
	}
}

# Of its uses goes along only that there are some.
function forget_macro() { delete macro_words[macro]; macro = "" }

# What a macro puts into a line that goes along as it stands goes along as well.
function mark_words(line,   i, best, word) {
	# What it takes to compare, of all macros together.
	marked += length(line) * (macro_words[macro] + 1)
	if (length(line) > 4096 || marked > 2000000) { forget_macro(); return }
	for (; line != ""; line = substr(line, 1 + (best ? length(macro_word[macro, best]) : 1))) {
		best = 0
		for (i = 1; i <= macro_words[macro]; i++) {
			word = macro_word[macro, i]
			if (substr(line, 1, length(word)) != word) continue
			if (!best || length(word) > length(macro_word[macro, best])) best = i
		}
		if (best) is_told[macro, best] = 1
	}
}

# What else a macro is given may be anything.
function apache_use(line,   i, part, name, text) {
	match(line, /^[ \t]*[^ \t]+[ \t]+[^ \t]+/)
	text = substr(line, 1, RLENGTH)
	name = text
	sub(/.*[ \t]/, "", name)
	name = tolower(name)
	if (name ~ /["\047]/) return "Use ?"
	if (macro != "" || !(name in macro_words) || line ~ /\\/) return text
	line = substr(line, RLENGTH + 1)
	for (i = 1; match(line, /^[ \t]*("[^"]*"|\047[^\047]*\047|[^ \t"\047][^ \t]*)/); i++) {
		part = substr(line, 1, RLENGTH)
		line = substr(line, RLENGTH + 1)
		text = text (is_told[name, i] ? " " part : " ?")
	}
	return i == macro_words[name] + 1 && line ~ /^[ \t\r]*$/ ? text : "Use " name
}

# ---- HAProxy

# Whether a variable stands there whose value does not go along.
function compares_unknown(line,   name) {
	while (match(line, /[$][{]?[A-Za-z_][A-Za-z0-9_]*/)) {
		name = substr(line, RSTART + 1, RLENGTH - 1)
		sub(/^[{]/, "", name)
		if (!(name in is_set_variable)) return 1
		line = substr(line, RSTART + RLENGTH)
	}
	return 0
}

# Up to the remark: outside of quotes, # begins one wherever it stands.
function without_remark(line,   i, c, open) {
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\\" && open != "\047") i++
		else if (open != "") { if (c == open) open = "" }
		else if (c == "\"" || c == "\047") open = c
		else if (c == "#") return substr(line, 1, i - 1)
	}
	return line
}

function haproxy(line,   word, i, count, part, text) {
	word = word_of(line)
	# What a secret is compared with may be the secret.
	if (word ~ /^[.](el)?if/ && compares_unknown(line)) return (word ~ /^[.]if/ ? ".if" : ".elif") " ?"
	if (word in HAPROXY || word ~ /^[.](if|elif|else|endif)/ || word ~ /[.](pem|crt|cer)$/ || word ~ /^\//) return line
	if (word ~ /^(bind|ssl-default-bind-(ciphers|options)|(crt|ca|key)-base|load|mode|extraopts|config)/) return line
	if (word ~ /^(setenv|presetenv)$/) {
		# That it is set decides conditions; what to, may be anything.
		if (!match(line, /^[ \t]*(pre)?setenv[ \t]+[A-Za-z_][A-Za-z0-9_]*[ \t]/)) return sets_place(line) ? line : ""
		text = substr(line, 1, RLENGTH)
		split(text, part, /[ \t]+/)
		if (!sets_place(line)) return text
		is_set_variable[part[part[1] == "" ? 3 : 2]] = 1
		return line
	}
	if (word != "server" && word != "default-server") return ""
	count = split(line, part, /[ \t]+/)
	for (i = 1; i < count; i++) if (part[i] ~ /^(crt|ca-file|crl-file)$/) text = text " " part[i] " " part[i + 1]
	return text == "" ? "" : word " name address" text
}

# ---- Mail, directories and databases

# Which names have certificates of their own; "?" stands for every other line, so that none of these is missed.
function postfix_map(line,   rest) {
	if (line ~ /^[ \t]/ && !is_kept) return ""
	if (line !~ /^[ \t]/) is_kept = line ~ /^[^ \t]+[ \t]+\//
	if (line !~ /^[^ \t\/]*[ \t]+\//) return "?"
	rest = line
	sub(/^[^ \t\/]*/, "", rest)
	while (sub(/^[, \t]+\/[^ \t,]+[.](pem|crt|cer|key|chain)/, "", rest)) continue
	return rest ~ /^[, \t\r]*$/ ? line : "?"
}

function postfix(line,   word) {
	if (line ~ /^[ \t]*(#|$)/) return ""
	if (file_of() ~ /master[.]cf$/) {
		if (line ~ /^[ \t]/) return line ~ /tls|inet_|myhostname/ && tolower(line) !~ /pass/ ? line : ""
		# No argument of the program goes along.
		return match(line, POSTFIX_SERVICE) ? substr(line, 1, RLENGTH) : ""
	}
	if (file_of() !~ /main[.]cf$/) return postfix_map(line)
	if (line ~ /^[ \t]/) return is_kept ? line : ""
	word = word_of(line)
	is_kept = word !~ secret && (word in POSTFIX || word ~ /tls|^inet_|^config_directory/)
	if (word !~ secret && line ~ /^[^=]*=[ \t]*(yes|no|[0-9]+|\/[^ \t]*)[ \t]*$/) is_kept = 1
	return is_kept ? line : ""
}

function dovecot(line,   word) {
	word = word_of(line)
	sub(/[{].*/, "", word)
	if (line ~ /^[ \t]*[}]/) return line
	if (word ~ /pass/ && word != "passdb") return ""
	if (word ~ /^(service|protocol|inet_listener|local|local_name|remote|ssl_server|ssl_client|ssl)$/) return line
	if (line ~ /[{][ \t]*$/) return word " {"
	if (line ~ /BEGIN/) return ""
	# In a block of protocols each stands by itself.
	if (line ~ /^[ \t]*[a-z0-9_-]+[ \t]*=[ \t]*(yes|no)[ \t]*$/) return line
	return word in DOVECOT || word ~ /^ssl/ || word ~ /^(.*_)?(cert|key|ca|dh|crl)_file$/ ? line : ""
}

function slapd(line) {
	if (line ~ /^[ \t]/) return is_kept ? line : ""
	is_kept = line ~ /^(dn:|SLAPD_(SERVICES|CONF|OPTIONS)=)/ || tolower(line) ~ /^((olc)?tls|include[ \t])/
	# The key itself, which may stand there as well.
	if (tolower(line) ~ /^(olc)?tlscertificatekey[^a-z]/) is_kept = 0
	return is_kept ? line : ""
}

function postgresql(line,   word) {
	word = word_of(line)
	return (word in POSTGRESQL || word ~ /^ssl/) && word !~ /pass/ ? line : ""
}

function mysql(line,   word) {
	word = word_of(line)
	if (word ~ /pass/) return ""
	if (word ~ /^(\[|!include)/) return line
	sub(/^loose[-_]/, "", word)
	sub(/^server[-_]/, "", word)
	if (word ~ /^(ssl|tls|admin[-_](ssl|tls|address|port)|port|bind[-_]address|datadir)/) return line
	return word ~ /^(skip[-_](ssl|networking)|require[-_]secure|disable[-_]ssl|auto[-_]generate)/ ? line : ""
}

BEGIN {
	secret = "pass|pw|secret|token|credential"
	list(NGINX, "listen server_name include starttls protocol load_module ssl")
	list(APACHE, "listen servername serveralias serverroot include includeoptional loadmodule undefine undefmacro")
	list(APACHE, "sslengine sslciphersuite sslprotocol sslopensslconfcmd mdomain mdomainset")
	list(APACHE_SECTION, "virtualhost ifmodule ifdefine ifversion iffile ifdirective ifsection macro")
	list(HAPROXY, "global defaults frontend listen backend peers userlist resolvers crt-store crt-list program cache")
	list(HAPROXY, "mailers ring http-errors fcgi-app log-forward traces acme log-profile unsetenv resetenv")
	list(POSTFIX, "myhostname mydomain myorigin master_service_disable default_database_type compatibility_level")
	list(DOVECOT, "protocols listen port address haproxy !include !include_try")
	list(DOVECOT, "dovecot_config_version dovecot_storage_version")
	list(POSTGRESQL, "listen_addresses port data_directory include include_if_exists include_dir")
	POSTFIX_SERVICE = "^[^ \t]+"
	for (i = 2; i <= 8; i++) POSTFIX_SERVICE = POSTFIX_SERVICE "[ \t]+[^ \t]+"
}
FNR == 1 {
	if (NR > 1 && kind == "nginx") put_nginx()
	printf "@server-config text server:%s path:%s\n", kind, encode(file_of())
	taken = goes_on = is_kept = is_cut = is_key = 0
}
{ taken += length($0) + 1; if (taken > most || total > 4 * most || NR > 400000) { cut(); next } }
length($0) > 65536 { cut(); next }
/PRIVATE KEY/ { is_key = $0 ~ /BEGIN/ && $0 !~ /END/; $0 = "" }
is_key && /^[ \t]*[A-Za-z0-9+\/=]+[ \t\r]*$/ { $0 = "" }
kind == "nginx" { read_nginx($0); next }
kind == "apache" { if (!goes_on && $0 ~ /^[ \t]*#/) put(""); else apache($0); next }
/^[ \t]*[#;]/ { put(""); next }
# A remark behind a setting may say anything.
kind ~ /^(haproxy|dovecot|postgresql|mysql)$/ { sub(/[ \t]#[^"\047]*$/, "") }
kind == "haproxy" { put(haproxy(/#/ ? without_remark($0) : $0)) }
kind == "postfix" { put(postfix($0)) }
kind == "dovecot" { put(dovecot($0)) }
kind == "slapd" { put(slapd($0)) }
kind == "postgresql" { put(postgresql($0)) }
kind == "mysql" { put(mysql($0)) }
END { if (NR > 0 && kind == "nginx") put_nginx() }
