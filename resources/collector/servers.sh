# Servers that speak TLS: what their configurations say of it, and the files that they name.

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
	set --
	may_hang /etc server-config || set -- /etc/postgresql/*/*/postgresql.conf
	may_hang /var/lib server-config ||
		set -- "$@" /var/lib/pgsql/data/postgresql.conf /var/lib/pgsql/*/data/postgresql.conf
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
			hidden) unread server-config "$root" rights-missing; continue ;;
		esac
		if [ ! -r "$root" ]; then unread server-config "$root" not-permitted; continue; fi
		if is_late; then unread limit "$root" too-late; return; fi
		ship_server
		return
	done
}

# The configurations that root has started other nginx with, as it says itself; of those that strangers may write
# nothing is known.
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
		*) unread server-config "$1" rights-missing; return ;;
	esac
	if ! is_roots_path "$1"; then unread server-config "$1" unusual-path; return; fi
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
			case $base in */data) server_files=$root$nl; record_folder "$base" ;; *) gather_server "$base" ;; esac
			;;
		mysql)
			case $base in
				/etc) server_files=$root$nl; gather_server /etc/my.cnf.d ;;
				*) gather_server "$base" ;;
			esac
			;;
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
		if is_roots_location "$file"; then set -- "$@" "$file"; else theirs=$theirs$file$nl; fi
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
	if leads_to_silence "${pattern%%[*?[]*}"; then unread server-config "$pattern" no-answer; return; fi
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
	case $folder in *[*?[]*) ;; *) [ ! -r "$folder" ] || [ ! -x "$folder" ] || record_folder "$folder" ;; esac
	for file do
		case $shipped_files in *"$nl$file$nl"*) continue ;; esac
		if leads_to_silence "$file"; then unread server-config "$file" no-answer; continue; fi
		[ -f "$file" ] && [ -r "$file" ] && server_files=$server_files$file$nl
	done
}

# One file that a configuration names: where it lies, when it was written, and the certificates in it.
take_named() {
	case $1 in
		*\$* | *'%{'*) unread certificate-file "$1" by-variable; return ;;
		/*) file=${1%/} ;;
		*) file=$base/${1%/} ;;
	esac
	find_out "$file"
	case $stands in
		file)
			record_file "$file"
			take_certificates "$file"
			;;
		absent) unread certificate-file "$file" no-such-file ;;
		other) [ $may_be_folder = no ] || [ ! -d "$file" ] || take_folder "$file" ;;
		*) unread certificate-file "$file" not-permitted ;;
	esac
}

take_folder() {
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread certificate-file "$1" not-listed; return; fi
	record_folder "$1"
	set +f
	for file in "$1"/*; do
		set -f
		if leads_to_silence "$file"; then unread certificate-file "$file" no-answer; continue; fi
		[ -f "$file" ] || continue
		found_files=$((found_files + 1))
		if [ $((found_files % 32)) = 0 ] && is_late; then unread limit "$1" too-late; break; fi
		record_file "$file"
		take_certificates "$file"
	done
	set -f
}

record_file() {
	case $recorded_files in *"$nl$1$nl"*) return ;; esac
	recorded_files=$recorded_files$1$nl
	resolve "$1"
	read_stat "$1"
	encode "$1"
	printf '@file - path:%s e:%s,%s,%s,%s,%s' "$token" "$mode" "$links" "$uid" "$gid" "$size"
	printf ' mtime:%s' "$(modified_at "$1")"
	[ -z "$real" ] || say real "$real"
	printf '\n'
}

record_folder() {
	case $recorded_folders in *"$nl$1$nl"*) return ;; esac
	recorded_folders=$recorded_folders$1$nl
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
	record_folder "$1"
	set +f
	for file in "$1"/*; do
		set -f
		case $file in *"$nl"* | *.pem | *.key | *.crt | *.db | *.lmdb | *.cdb) continue ;; esac
		if leads_to_silence "$file"; then unread server-config "$file" no-answer; continue; fi
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
		if leads_to_silence "$folder"; then unread server-config "$folder" no-answer; continue; fi
		[ -d "$folder" ] || continue
		if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then unread server-config "$folder" not-listed; continue; fi
		record_folder "$folder"
		set +f
		for file in "$folder"/*; do
			set -f
			case $file in *"$nl"* | *.pem | *.key | *.crt | *.der | *.p12 | *.pfx | *.jks | *.so | *.http) continue ;; esac
			if leads_to_silence "$file"; then
				unread server-config "$file" no-answer
			elif [ -d "$file" ]; then
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

# only_tls KIND FILE...: the lines that tell what is served where, as records of text with a bar before each line.
# Of "FILE -" what comes in is what is in that file.
only_tls() {
	kind=$1 file_as=
	shift
	if [ "${2-}" = - ]; then
		file_as=$1
		shift
	fi
	file_as=$file_as $bound awk -v kind=$kind -v most=$MIB "$encode_awk$nginx_awk$only_tls_awk" "$@"
}

# Of what only_tls gave: "include PATTERN" and "named PATH", as they are written, each once.
named_files() {
	awk -v kind=$1 "$named_files_awk"
}
