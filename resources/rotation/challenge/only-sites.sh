# Of a dump of configuration, what tells which name and path is answered from where.
only_sites() {
	awk -v kind=$1 '
		function nginx(line,   i, c, n) {
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
			text = statement
			statement = ""
			is_word = 0
			word = text
			sub(/^[ \t\n]+/, "", word)
			sub(/[ \t\n].*/, "", word)
			if (end == ";") {
				if (word ~ /^(proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$|^(rewrite|auth_request|content_by_lua.*|js_content)$/) text = around(text, word)
				else if (word == "return" && text !~ /^[ \t\n]*return[ \t\n]+[0-9]+[ \t\n]*$/ && text !~ /^[ \t\n]*return[ \t\n]+([0-9]+[ \t\n]+)?["\047]?(https?|[$]scheme):[^@ \t\n]*$/) text = around(text, "return 200")
				else if (word == "auth_basic" && text !~ /[ \t]off[ \t\n]*$/) text = around(text, "auth_basic on")
				else if (word !~ /^(listen|server_name|include|root|alias|return|try_files|ssl|auth_basic|deny|allow|internal)$/) text = blank(text)
			}
			if (end == "{" && word !~ /^(http|server|location)$/) text = around(text, word)
			if (end == "}") text = blank(text)
			out = out text end
		}
		function around(text, word) { match(text, /^[ \t\n]*/); return blank(substr(text, 1, RLENGTH)) " " word " " blank(substr(text, RLENGTH + 1)) }
		function blank(text) { gsub(/[^\n]/, "", text); return text }
		function end_file() { if (kind == "nginx") printf "%s", out blank(statement); out = statement = quote = "" }
		function apache(line,   word, part, text) {
			if (!goes_on) {
				sub(/^[ \t]+/, "", line)
				word = tolower(line)
				sub(/[ \t=:].*/, "", word)
				split(line, part, /[ \t]+/)
				text = ""
				if (word ~ /^(listen|servername|serveralias|serverroot|include|includeoptional|loadmodule|undefine|documentroot|alias|aliasmatch|scriptalias|rewriteengine|mdomain|mdomainset)$/ || line ~ /^APACHE_[A-Z_]+=/) text = line
				else if (word == "define") text = part[3] == "" || (part[3] ~ /^"?[\/0-9]/ && word !~ /pass|secret|token|pw/) ? line : part[1] " " part[2]
				else if (word == "rewriterule") text = "RewriteRule " part[2] " " (part[3] ~ /^(https:\/\/[^@]*|-)$/ ? part[3] : "other")
				else if (word ~ /^redirect/) text = line ~ /@/ ? part[1] " / other" : line
				else if (word ~ /^proxypass(match)?$/) text = part[1] " " part[2] " " (part[3] == "!" ? "!" : "other")
				else if (word == "require") text = line ~ /all[ \t]+(granted|denied)[ \t]*$/ ? line : "Require other"
				else if (word ~ /^(use|authtype)$/) text = part[1] " " part[2]
				else if (word ~ /^<\/?(virtualhost|ifmodule|ifdefine|ifversion|iffile|ifdirective|ifsection|macro|location|locationmatch|directory|directorymatch|mdomain.*)>?$/) text = line
				else if (word ~ /^</) { sub(/>.*/, "", word); text = word ">" }
				is_kept = text == line
			} else text = is_kept ? line : ""
			goes_on = line ~ /\\$/
			if (goes_on && text !~ /\\$/) text = text "\\"
			print text
		}
		/^# configuration file .*:$/ { end_file(); print; goes_on = 0; next }
		length($0) > 65536 || total > 4194304 { next }
		{ total += length($0) }
		kind == "nginx" { nginx($0); next }
		!goes_on && /^[ \t]*#/ { print ""; next }
		{ apache($0) }
		END { end_file() }'
}
