# Of a dump of configuration, each file under the line that names it, what says which name and path is answered from
# where. Read after nginx.awk. -v kind: nginx or apache.

function keep_statement(text, word, end) {
	if (end == "}") return blank(text)
	if (end == "{") return word ~ /^(http|server|location)$/ ? text : instead(text, " " word)
	if (word in ANSWERS || word ~ /^content_by_lua/) return instead(text, " " word)
	if (word == "return" && !leads_on(text)) return instead(text, " return 200")
	if (word == "auth_basic" && text !~ /[ \t]off[ \t\n]*$/) return instead(text, " auth_basic on")
	return word in NGINX ? text : blank(text)
}

# Whether a return is a number alone, or leads to another address in which there is no secret.
function leads_on(text) {
	return text ~ /^[ \t\n]*return[ \t\n]+[0-9]+[ \t\n]*$/ ||
		text ~ /^[ \t\n]*return[ \t\n]+([0-9]+[ \t\n]+)?["\047]?(https?|[$]scheme):[^@ \t\n]*$/
}

function apache(line,   text) {
	if (!goes_on) {
		sub(/^[ \t]+/, "", line)
		text = kept_of_apache(line)
		is_kept = text == line
	} else text = is_kept ? line : ""
	goes_on = line ~ /\\$/
	if (goes_on && text !~ /\\$/) text = text "\\"
	print text
}

function kept_of_apache(line,   word, part, section) {
	word = tolower(line)
	sub(/[ \t=:].*/, "", word)
	split(line, part, /[ \t]+/)
	if (word in APACHE || line ~ /^APACHE_[A-Z_]+=/) return line
	if (word == "define") {
		if (part[3] == "" || (part[3] ~ /^"?[\/0-9]/ && tolower(part[2]) !~ /pass|secret|token|pw/)) return line
		return part[1] " " part[2]
	}
	if (word == "rewriterule") {
		return "RewriteRule " part[2] " " (part[3] ~ /^(https:\/\/[^@]*|-)$/ ? part[3] : "other")
	}
	if (word ~ /^redirect/) return line ~ /@/ ? part[1] " / other" : line
	if (word ~ /^proxypass(match)?$/) return part[1] " " part[2] " " (part[3] == "!" ? "!" : "other")
	if (word == "require") return line ~ /all[ \t]+(granted|denied)[ \t]*$/ ? line : "Require other"
	if (word ~ /^(use|authtype)$/) return part[1] " " part[2]
	if (word !~ /^</) return ""
	section = word
	sub(/^<\/?/, "", section)
	sub(/>$/, "", section)
	if (section in APACHE_SECTION || section ~ /^mdomain/) return line
	sub(/>.*/, "", word)
	return word ">"
}

BEGIN {
	list(ANSWERS, "proxy_pass fastcgi_pass uwsgi_pass scgi_pass grpc_pass memcached_pass")
	list(ANSWERS, "rewrite auth_request js_content")
	list(NGINX, "listen server_name include root alias return try_files ssl auth_basic deny allow internal")
	list(APACHE, "listen servername serveralias serverroot include includeoptional loadmodule undefine documentroot")
	list(APACHE, "alias aliasmatch scriptalias rewriteengine mdomain mdomainset")
	list(APACHE_SECTION, "virtualhost ifmodule ifdefine ifversion iffile ifdirective ifsection macro")
	list(APACHE_SECTION, "location locationmatch directory directorymatch")
}
/^# configuration file .*:$/ { printf "%s", end_nginx(); print; goes_on = 0; next }
length($0) > 65536 || total > 4194304 { next }
{ total += length($0) }
kind == "nginx" { read_nginx($0); next }
!goes_on && /^[ \t]*#/ { print ""; next }
{ apache($0) }
END { printf "%s", end_nginx() }
