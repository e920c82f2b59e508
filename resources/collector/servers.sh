# ---- Servers that speak TLS -------------------------------------------------------------------------------

# What the configurations of servers say of TLS, wherever it is that they name certificates. Of each file all lines
# go along, but only those are more than empty that tell what is served where: no password, no header, no rule.
read_servers() {
	bound=
	[ $may_stop = no ] || bound='timeout -s KILL 5'
	read_server nginx /etc/nginx/nginx.conf /usr/local/etc/nginx/nginx.conf /usr/local/nginx/conf/nginx.conf
	read_started_nginx
	read_server apache /etc/apache2/apache2.conf /etc/httpd/conf/httpd.conf /etc/apache2/httpd.conf \
		/usr/local/apache2/conf/httpd.conf
	read_server haproxy /etc/haproxy/haproxy.cfg
	read_server postfix /etc/postfix/main.cf
	read_server dovecot /etc/dovecot/dovecot.conf
	read_server slapd /etc/ldap/slapd.d/cn=config.ldif /etc/openldap/slapd.d/cn=config.ldif /etc/ldap/slapd.conf \
		/etc/openldap/slapd.conf
	set +f
	set -- /etc/postgresql/*/*/postgresql.conf /var/lib/pgsql/data/postgresql.conf /var/lib/pgsql/*/data/postgresql.conf
	set -f
	for root do read_server postgresql "$root"; done
	read_server mysql /etc/mysql/my.cnf /etc/my.cnf
}

# read_server KIND ROOT...: the first ROOT that is there, and what lies beside it.
read_server() {
	server=$1
	shift
	for root do
		find_out "$root"
		case $stands in
			absent | other) continue ;;
			hidden) unread server-config "$root" cannot-tell; continue ;;
		esac
		if [ ! -r "$root" ]; then unread server-config "$root" not-permitted; continue; fi
		if is_late; then unread limit "$root" too-late; return; fi
		ship_server
		return
	done
}

# The configurations that root has started other nginx with, as it says itself; of those that strangers may write nothing is known.
read_started_nginx() {
	started=0
	IFS=$nl
	for other in ${nginx_configs-}; do
		unset IFS
		started=$((started + 1))
		if [ $started -gt 8 ]; then unread limit "$other" too-many; break; fi
		[ "$other" = "$root" ] || read_nginx_of "$other"
		IFS=$nl
	done
	unset IFS
}

read_nginx_of() {
	find_out "$1"
	case $stands in
		absent) unread server-config "$1" no-such-file; return ;;
		file) ;;
		*) unread server-config "$1" cannot-tell; return ;;
	esac
	if ! is_roots_path "$1"; then unread server-config "$1" strange-place; return; fi
	if is_late; then unread limit "$1" too-late; return; fi
	root=$1 base=${1%/*} server_files=$1$nl
	printf '@server - server:nginx started:yes'
	say root "$1"
	printf '\n'
	ship_rounds
}

ship_server() {
	base=${root%/*} server_files=
	case $root in */httpd/conf/*) base=/etc/httpd ;; esac
	printf '@server - server:%s' $server
	say root "$root"
	printf '\n'
	case $server in
		slapd) server_files=$root$nl ;;
		postfix) gather_flat "$base" ;;
		postgresql)
			# All of the database may lie there.
			case $base in */data) server_files=$root$nl; tell_folder "$base" ;; *) gather_server "$base" ;; esac
			;;
		mysql) case $base in /etc) server_files=$root$nl; gather_server /etc/my.cnf.d ;; *) gather_server "$base" ;; esac ;;
		*) gather_server "$base" ;;
	esac
	for other in /etc/default/$server $(other_files); do
		[ ! -f "$other" ] || [ ! -r "$other" ] || server_files=$server_files$other$nl
	done
	ship_rounds
}

# What $server_files lists, and what that includes.
ship_rounds() {
	shipped_files=$nl rounds=0
	while [ -n "$server_files" ] && [ $rounds -lt 16 ]; do
		rounds=$((rounds + 1))
		ship_server_files
	done
	[ -z "$server_files" ] || unread limit "$root" too-deep
}

# What a server reads beside the folder of its configuration.
other_files() {
	set +f
	case $server in
		dovecot) printf '%s\n' /usr/share/dovecot/protocols.d/*.protocol ;;
		postgresql) printf '%s\n' /var/lib/postgresql/*/*/postgresql.auto.conf "$base"/postgresql.auto.conf ;;
	esac
	set -f
}

# Ships what $server_files lists, takes the certificates that these name, and leaves there what they include elsewhere.
ship_server_files() {
	IFS=$nl
	set -- $server_files
	unset IFS
	for file do
		shipped_files=$shipped_files$file$nl
		# awk has nothing to say of an empty one.
		[ -s "$file" ] || { printf '@server-config text server:%s' $server; say path "$file"; printf '\n'; }
	done
	shipped=$(read_server_files "$@") || unread limit "$root" too-late
	printf '%s\n' "$shipped"
	server_files='' found_files=0
	IFS=$nl
	for found in $(printf '%s\n' "$shipped" | named_files $server); do
		unset IFS
		case $found in
			'include '*) include_for_server "${found#include }" ;;
			'crt '*) may_be_folder=yes; take_named "${found#* }" ;;
			*) may_be_folder=no; take_named "${found#* }" ;;
		esac
		found_files=$((found_files + 1))
		if [ $((found_files % 32)) = 0 ] && is_late; then unread limit "$root" too-late; return; fi
		IFS=$nl
	done
	unset IFS
}

# What counts of these files. What others than root may replace is read with their rights, each by itself.
read_server_files() {
	server_ended=0 theirs=
	for file do
		shift
		if is_roots_place "$file"; then set -- "$@" "$file"; else theirs=$theirs$file$nl; fi
	done
	[ $# = 0 ] || only_tls $server "$@" || server_ended=1
	IFS=$nl
	for file in $theirs; do
		unset IFS
		if hold "$file"; then
			if [ -n "$held_path" ]; then unhold | only_tls $server "$file" - || server_ended=1
			else only_tls $server "$file" || server_ended=1
			fi
		else
			case $why in gone) why=no-such-file ;; closed) why=owner-cannot-read ;; esac
			unread server-config "$file" $why
		fi
		IFS=$nl
	done
	unset IFS
	held_path= held=
	return $server_ended
}

include_for_server() {
	case $1 in *\$* | *%*) return ;; /*) pattern=$1 ;; *) pattern=$base/$1 ;; esac
	IFS=
	set +f
	case $server in
		mysql) set -- $pattern $pattern/*.cnf ;;
		postgresql) set -- $pattern $pattern/*.conf ;;
		*) set -- $pattern ;;
	esac
	set -f
	unset IFS
	folder=${pattern%/*}
	case $folder in *[*?[]*) ;; *) [ ! -r "$folder" ] || [ ! -x "$folder" ] || tell_folder "$folder" ;; esac
	for file do
		case $shipped_files in *"$nl$file$nl"*) continue ;; esac
		[ -f "$file" ] && [ -r "$file" ] && server_files=$server_files$file$nl
	done
}

# One file that a configuration names: where it lies, when it was written, and the certificates in it.
take_named() {
	case $1 in
		*\$* | *%{*) unread certificate-file "$1" by-variable; return ;;
		/*) file=${1%/} ;;
		*) file=$base/${1%/} ;;
	esac
	find_out "$file"
	case $stands in
		file)
			tell_file "$file"
			take_certificates "$file"
			;;
		absent) unread certificate-file "$file" no-such-file ;;
		other) [ $may_be_folder = no ] || [ ! -d "$file" ] || take_folder "$file" ;;
		*) unread certificate-file "$file" not-permitted ;;
	esac
}

take_folder() {
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread certificate-file "$1" not-listed; return; fi
	tell_folder "$1"
	set +f
	for file in "$1"/*; do
		set -f
		[ -f "$file" ] || continue
		found_files=$((found_files + 1))
		if [ $((found_files % 32)) = 0 ] && is_late; then unread limit "$1" too-late; break; fi
		tell_file "$file"
		take_certificates "$file"
	done
	set -f
}

tell_file() {
	case $told_files in *"$nl$1$nl"*) return ;; esac
	told_files=$told_files$1$nl
	resolve "$1"
	look "$1"
	encode "$1"
	printf '@file - path:%s e:%s,%s,%s,%s,%s mtime:%s' "$token" "$mode" "$links" "$uid" "$gid" "$size" "$(modified_at "$1")"
	[ -z "$real" ] || say real "$real"
	printf '\n'
}

tell_folder() {
	case $told_folders in *"$nl$1$nl"*) return ;; esac
	told_folders=$told_folders$1$nl
	listed=$1
	set +f
	set -- "$1"/*
	set -f
	# Told in part, what is left out would count as absent.
	if [ $# -gt 2000 ]; then unread limit "$listed" too-many-files; return; fi
	printf '@listing -'
	say path "$listed"
	for name do
		[ -e "$name" ] || [ -h "$name" ] || continue
		say name "${name##*/}"
	done
	printf '\n'
}

# The files in folder $1 alone.
gather_flat() {
	tell_folder "$1"
	set +f
	for file in "$1"/*; do
		set -f
		case $file in *"$nl"* | *.pem | *.key | *.crt | *.db | *.lmdb | *.cdb) continue ;; esac
		[ -f "$file" ] && [ -r "$file" ] && server_files=$server_files$file$nl
	done
	set -f
}

# The files below folder $1 that can be read. Links to folders are not followed.
gather_server() {
	set -- "$1"
	folders=0 gathered=0
	while [ $# -gt 0 ]; do
		folder=$1
		shift
		folders=$((folders + 1))
		if [ $folders -gt 100 ]; then unread limit "$folder" too-many; return; fi
		if is_silent "$folder"; then unread server-config "$folder" no-answer; continue; fi
		[ -d "$folder" ] || continue
		if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then unread server-config "$folder" not-listed; continue; fi
		tell_folder "$folder"
		set +f
		for file in "$folder"/*; do
			set -f
			case $file in *"$nl"* | *.pem | *.key | *.crt | *.der | *.p12 | *.pfx | *.jks | *.so | *.http) continue ;; esac
			if [ -d "$file" ]; then
				[ -h "$file" ] || case $file in *-available | */modules) ;; *) set -- "$@" "$file" ;; esac
			elif [ ! -f "$file" ]; then
				continue
			elif [ $gathered -ge 2000 ]; then
				unread limit "$folder" too-many-files
				return
			elif [ -r "$file" ]; then
				gathered=$((gathered + 1))
				server_files=$server_files$file$nl
			else
				unread server-config "$file" not-permitted
			fi
		done
		set -f
	done
}


# only_tls KIND FILE...: the lines that tell what is served where, as records of text with a bar before each line. Of "FILE -" what comes in
# is what is in that file.
only_tls() {
	kind=$1 file_as=
	shift
	if [ "${2-}" = - ]; then
		file_as=$1
		shift
	fi
	file_as=$file_as $bound awk -v kind=$kind -v most=$MIB '
		function encode(name,   i, c, text) {
			if (name !~ /[^A-Za-z0-9\/._@+,=~-]/) return name
			for (i = 1; i <= length(name); i++) {
				c = substr(name, i, 1)
				text = text (c ~ /[A-Za-z0-9\/._@+,=~-]/ ? c : sprintf("%%%02x", code[c]))
			}
			return text
		}
		function file_of() { return FILENAME == "-" ? ENVIRON["file_as"] : FILENAME }
		function put(text) { gsub(/\r/, "", text); gsub(/pin-value=[^;&"\047 \t]*/, "pin-value=", text); total += length(text) + 2; print "|" text }
		# What is left of a file that is too large; nothing of it follows.
		function cut() {
			if (is_cut) return
			is_cut = 1
			if (kind == "nginx") end_nginx()
			printf "@unread - kind:limit path:%s why:too-large\n", encode(file_of())
		}

		# nginx: statements may go over lines, and end at ; { or }.
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
				} else if (c == "}" || c == "{") {
					statement = statement c
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
		function end_statement(end,   text, word, rest) {
			text = statement
			statement = ""
			is_word = 0
			word = text
			sub(/^[ \t\n]+/, "", word)
			sub(/[ \t\n].*/, "", word)
			if (end == ";" && word !~ /^(listen|server_name|include|starttls|protocol|load_module|ssl|ssl_.*|(proxy|grpc|uwsgi)_ssl_.*)$/) text = blank(text)
			if (end == "{" && word !~ /^(http|server|stream|mail)$/) { match(text, /^[ \t\n]*/); text = blank(substr(text, 1, RLENGTH)) word " " blank(substr(text, RLENGTH + 1)) }
			if (end == "}") text = blank(text)
			out = out text end
		}
		function blank(text) { gsub(/[^\n]/, "", text); return text }
		function end_nginx(   line, count, i) {
			out = out blank(statement)
			count = split(out, line, "\n")
			for (i = 1; i <= count; i++) if (i < count || line[i] != "") put(line[i])
			out = statement = quote = ""
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
			return line ~ /[ \t]"?\/((etc|usr|var|opt|srv|home|root|run)\/[^ \t]*|[^ \t]*[.](key|pem|crt|cer))"?[ \t\r]*$/
		}

		# A line that goes on in the next one, and so shares its fate.
		function apache(line,   word) {
			sub(/\r$/, "", line)
			if (!goes_on) {
				word = word_of(line)
				is_kept = word ~ /^(listen|servername|serveralias|serverroot|include|includeoptional|loadmodule|undefine|sslengine|sslciphersuite|sslprotocol|sslopensslconfcmd|(ssl|gnutls)[a-z0-9]*(file|path)|mdomain|mdomainset|undefmacro)$/
				if (word == "define") is_kept = line !~ /\\$/ && (line !~ /^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]/ || sets_place(line))
				if (word == "use" && match(line, /^[ \t]*[^ \t]+[ \t]+[^ \t]+/)) { put(apache_use(line) (line ~ /\\$/ ? " \\" : "")); goes_on = line ~ /\\$/; return }
				if (word == "export") is_kept = line ~ /^[ \t]*export[ \t]+APACHE_[A-Z_]+=/
				if (word ~ /^</) {
					if (word ~ /^<\/?macro/) apache_macro(line)
					is_kept = word ~ /^<\/?(virtualhost|ifmodule|ifdefine|ifversion|iffile|ifdirective|ifsection|macro|mdomain.*)>?$/
					if (!is_kept) { sub(/>.*/, "", word); goes_on = line ~ /\\$/; put(word ">" (goes_on ? "\\" : "")); return }
				}
			}
			goes_on = line ~ /\\$/
			if (is_kept && macro != "" && word !~ /^<macro/) mark_words(line)
			put(is_kept ? line : goes_on ? "\\" : "")
		}

		function apache_macro(line,   count, i, part) {
			if (line ~ /^[ \t]*<\//) { macro = ""; return }
			sub(/>.*/, "", line)
			sub(/^[ \t]*[^ \t]+[ \t]+/, "", line)
			count = split(line, part, /[ \t]+/)
			macro = tolower(part[1])
			if (line ~ /\\$/ || count > 65 || length(line) > 1024) { forget_macro(); return }
			macro_words[macro] = 0
			for (i = 2; i <= count; i++) if (part[i] != "") { macro_words[macro]++; macro_word[macro, i - 1] = part[i]; is_told[macro, i - 1] = 0 }
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
					if (substr(line, 1, length(word)) == word && (!best || length(word) > length(macro_word[macro, best]))) best = i
				}
				if (best) is_told[macro, best] = 1
			}
		}

		# What else a macro is given may be anything.
		function apache_use(line,   count, i, part, name, text) {
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

		# Whether a variable stands there whose value does not go along.
		function compares_unknown(line,   name) {
			while (match(line, /[$][{]?[A-Za-z_][A-Za-z0-9_]*/)) {
				name = substr(line, RSTART + 1, RLENGTH - 1)
				sub(/^[{]/, "", name)
				if (!(name in is_told_variable)) return 1
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
			if (word ~ /^(global|defaults|frontend|listen|backend|peers|userlist|resolvers|crt-store|crt-list|program|cache|mailers|ring|http-errors|fcgi-app|log-forward|traces|acme|log-profile)$/ ||
				word ~ /^(bind|ssl-default-bind-(ciphers|options)|crt-base|ca-base|key-base|load|mode|extraopts|config|[.](if|elif|else|endif))/ || word ~ /[.](pem|crt|cer)$/ || word ~ /^\//) return line
			if (word ~ /^(unsetenv|resetenv)$/) return line
			if (word ~ /^(setenv|presetenv)$/) {
				# That it is set decides conditions; what to, may be anything.
				if (!match(line, /^[ \t]*(pre)?setenv[ \t]+[A-Za-z_][A-Za-z0-9_]*[ \t]/)) return sets_place(line) ? line : ""
				text = substr(line, 1, RLENGTH)
				split(text, part, /[ \t]+/)
				if (!sets_place(line)) return text
				is_told_variable[part[part[1] == "" ? 3 : 2]] = 1
				return line
			}
			if (word != "server" && word != "default-server") return ""
			count = split(line, part, /[ \t]+/)
			for (i = 1; i < count; i++) if (part[i] ~ /^(crt|ca-file|crl-file)$/) text = text " " part[i] " " part[i + 1]
			return text == "" ? "" : word " name address" text
		}

		# Which names have certificates of their own; "?" stands for every other line, so that none of these is missed.
		function postfix_map(line) {
			if (line ~ /^[ \t]/ && !is_kept) return ""
			if (line !~ /^[ \t]/) is_kept = line ~ /^[^ \t]+[ \t]+\//
			return line ~ /^[^ \t\/]*[ \t]+\/[^ \t,]+[.](pem|crt|cer|key|chain)([, \t]+\/[^ \t,]+[.](pem|crt|cer|key|chain))*[, \t\r]*$/ ? line : "?"
		}

		function postfix(line,   word) {
			if (line ~ /^[ \t]*(#|$)/) return ""
			if (file_of() ~ /master[.]cf$/) {
				if (line ~ /^[ \t]/) return line ~ /tls|inet_|myhostname/ && tolower(line) !~ /pass/ ? line : ""
				if (match(line, /^[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+/)) return substr(line, 1, RLENGTH)
				return ""
			}
			if (file_of() !~ /main[.]cf$/) return postfix_map(line)
			if (line ~ /^[ \t]/) return is_kept ? line : ""
			word = word_of(line)
			is_kept = word !~ secret && (word ~ /tls|^inet_|^config_directory|^my(hostname|domain|origin)$|^master_service_disable$|^default_database_type$|^compatibility_level$/ || line ~ /^[^=]*=[ \t]*(yes|no|[0-9]+|\/[^ \t]*)[ \t]*$/)
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
			if (word ~ /^(protocols|listen|port|address|haproxy|!include|!include_try|dovecot_config_version|dovecot_storage_version|ssl.*|(.*_)?(cert|key|ca|dh|crl)_file)$/) return line
			return ""
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
			return word ~ /^(ssl.*|listen_addresses|port|data_directory|include|include_if_exists|include_dir)$/ && word !~ /pass/ ? line : ""
		}

		function mysql(line,   word) {
			word = word_of(line)
			if (word ~ /pass/) return ""
			return word ~ /^\[|^(loose[-_])?(server[-_])?(ssl|tls|admin[-_](ssl|tls|address|port)|port|bind[-_]address|datadir|skip[-_](ssl|networking)|require[-_]secure|disable[-_]ssl|auto[-_]generate)|^!include/ ? line : ""
		}

		BEGIN { for (i = 1; i < 256; i++) code[sprintf("%c", i)] = i; secret = "pass|pw|secret|token|credential" }
		FNR == 1 {
			if (NR > 1 && kind == "nginx") end_nginx()
			printf "@server-config text server:%s path:%s\n", kind, encode(file_of())
			taken = goes_on = is_kept = is_cut = is_key = 0
		}
		{ taken += length($0) + 1; if (taken > most || total > 4 * most || NR > 400000) { cut(); next } }
		length($0) > 65536 { cut(); next }
		/PRIVATE KEY/ { is_key = $0 ~ /BEGIN/ && $0 !~ /END/; $0 = "" }
		is_key && /^[ \t]*[A-Za-z0-9+\/=]+[ \t\r]*$/ { $0 = "" }
		kind == "nginx" { nginx($0); next }
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
		END { if (NR > 0 && kind == "nginx") end_nginx() }' "$@"
}

# Of what only_tls gave: "include PATTERN" and "named PATH", as they are written, each once.
named_files() {
	awk -v kind=$1 '
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
		function finish(   count, statement, i, is_list, many, before, last, word) {
			if (kind == "postfix" || kind == "apache") keep_value(whole)
			count = split(whole, statement, /[;{}]/)
			if (kind != "nginx") { count = 1; statement[1] = whole }
			whole = ""
			for (i = 1; i <= count; i++) {
				text = statement[i]
				if (text ~ /^[ \t]*#/) break
				sub(/^[ \t]+/, "", text)
				name = tolower(text)
				sub(/[ \t=:].*/, "", name)
				if (kind == "postfix" && text ~ /^-o/) { match(text, /[a-z0-9_]*tls[a-z0-9_]*/); name = substr(text, RSTART, RLENGTH); text = substr(text, RSTART) }
				if (name ~ /^!?include(optional|dir|_try|_dir|_if_exists)?$/) {
					sub(/^[^ \t]+/, "", text)
					while ((word = next_word()) != "") tell("include " word)
					continue
				}
				# Several maps, of which inline ones name their files themselves.
				if (kind == "postfix" && name == "tls_server_sni_maps") {
					sub(/^[^ \t=]+/, "", text)
					gsub(/[{}]/, " ", text)
					many = 0
					while ((word = next_word()) != "" && many++ < 256) {
						if (word ~ /^\//) tell("named " put_in(word))
						else if (word ~ /^[a-z]+:./) tell("include " put_in(substr(word, index(word, ":") + 1)))
					}
					continue
				}
				is_list = kind == "haproxy" || (kind == "postfix" && text ~ /^([^ \t=]+[ \t]+)?\//) || name ~ /chain_files$/
				if (!is_list && name !~ /cert|(^|_)(ec|d)?key(_file|file)?$|keyfile|certificatekey|crt|(^|[-_])ca(_file|file)?$|cacertificate|tlsca|ssl[-_](key|ca|cert)|chain/) continue
				if (name ~ /path$|cache|session|cipher|verify|request|level|policy|loglevel|dir$|digest|match|username|prefer/) continue
				if (!(kind == "haproxy" && name ~ /[.\/]/) && !(kind == "postfix" && text ~ /^([^ \t]+[ \t]+)?\//)) sub(/^[^ \t=:]+/, "", text)
				if (kind == "haproxy" && name ~ /-base$/) {
					sub(/^[^ \t]+/, "", text)
					if (name == "crt-base") base = next_word() "/"
					continue
				}
				many = 0
				before = ""
				while ((word = next_word()) != "" && many++ < 64) {
					last = before
					before = word
					if (word ~ /^(data|engine|store|pkcs11|builtin|hash|btree|texthash|lmdb|cdb|inline|system)(:|$)/) continue
					word = put_in(word)
					if (word ~ /^\// || last == "crt" || (word ~ /[.](pem|crt|cer|key)$/ && word !~ /^[!~*]/) || word ~ /^[$]/ || !is_list) tell((last == "crt-list" ? "include " : last == "crt" ? "crt " : "named ") (kind == "haproxy" && word !~ /^\// ? base : "") word)
					if (!is_list) break
				}
			}
		}
		!/^[|]/ { finish(); is_ldif = /[.]ldif$/; next }
		# What the server reads as one: the line after one that ends with a backslash, statements of nginx, an entry that goes on.
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
		END { finish() }'
}
