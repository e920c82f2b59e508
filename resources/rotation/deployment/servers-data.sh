# Directories and databases: a certificate of theirs is tried, and read again. What each has: servers-common.sh.

# mains_of COMM...: the servers of this host of these names, into $mains.
mains_of() {
	all=
	for comm_of_server do
		find_mains "$comm_of_server"
		all="$all $mains"
	done
	mains=
	for pid in $all; do
		is_hosts "$pid" "$@" && mains="$mains $pid"
	done
	[ -z "$mains" ] || return 0
	message="no $1 runs on this host"
	[ -z "$all" ] || message="no $1 that may read the key in use runs on this host"
	return 1
}

# ---- slapd -------------------------------------------------------------------------------------------------

# slaptest accepts a certificate with another key. So a second slapd is started, with these files and nothing else,
# that listens on a socket of its own alone.
try_slapd() {
	mains_of slapd || { untried "$message"; return; }
	has timeout || { untried 'slapd cannot be tried without timeout'; return; }
	set -- "$1" "$2" $mains
	[ -z "$live_key" ] || may_read "$3" "$live_key" ||
		{ untried 'who runs slapd may not read the key that is in use'; return; }
	begin_try || return 2
	copy_certificate "$1" "$2" "$3" && folder_for "$3" "$try/own" ||
		{ end_try; message='the try could not be written'; return 2; }
	recall_process "$3"
	printf 'TLSCertificateFile %s\nTLSCertificateKeyFile %s\n' "$try_chain" "$try_key" >"$try/slapd.conf"
	chmod 644 "$try/slapd.conf"
	encoded_path=$(put_line "$try/own/ldapi" | sed 's,/,%2F,g')
	second_try 'slapd starting' \
		limited_as 30 "$3" "$program" -d 32768 -f "$try/slapd.conf" -h "ldapi://$encoded_path"
	result=$?
	case $result in
		0) message='a second slapd accepts the certificate' ;;
		*)
			last_lines "$try/log" 'TLS'
			case $message in
				*'ermission denied'*) may_read "$3" "$try_key" && result=2 ;;
				'') result=2; last_lines "$try/log" . ;;
			esac
			;;
	esac
	end_try
	return $result
}

# The address of slapd $1 on this machine by which root may change its settings, into $ldapi; empty where there is
# none.
find_ldapi() {
	ldapi=
	has ldapmodify && has ldapsearch || return 1
	sockets_of "$1"
	for socket in $sockets; do
		ldapi=ldapi://$(put_line "$socket" | sed 's,/,%2F,g')
		settings=$(query_ldapi ldapsearch -LLL -o ldif-wrap=no -b cn=config -s base \
			olcTLSCertificateFile olcTLSCertificateKeyFile) || continue
		case $settings in *olcTLSCertificate*) return 0 ;; esac
	done
	ldapi=
	return 1
}

query_ldapi() {
	asking=$1
	shift
	${kill_after:+$kill_after 20} "$asking" -Q -Y EXTERNAL -H "$ldapi" -o nettimeout=10 "$@" 2>/dev/null
}

needs_keeper='it reads certificates only when it is restarted, and no supervisor does that here'

how_slapd() {
	mains_of slapd || return
	for pid in $mains; do
		if find_ldapi "$pid"; then continue; fi
		keeper_of "$pid" || { message=$needs_keeper; return 1; }
		reload_kind=restart
		return
	done
	reload_kind=command
}

# It reads its files where its settings are written, be it as they are; no signal and no supervisor has it do so.
# Without such settings it has to be started again.
read_again_slapd() {
	mains_of slapd || return 1
	for pid in $mains; do
		pid_before=$pid pid_after=
		if find_ldapi "$pid"; then
			rewrite_settings || return 1
			[ -d "/proc/$pid" ] || { message='slapd has ended'; return 1; }
			pid_after=$pid
		else restart_unit "$pid" || return 1
		fi
	done
}

rewrite_settings() {
	# Lines as they came, for a value may be in base64.
	change=$(put_line "$settings" | sed -n 's/^\(olcTLS[A-Za-z]*\)\(::* .*\)$/replace: \1\n\1\2\n-/p')
	message=$(printf 'dn: cn=config\nchangetype: modify\n%s\n' "$change" |
		${kill_after:+$kill_after 20} ldapmodify -Q -Y EXTERNAL -H "$ldapi" -o nettimeout=10 2>&1)
	ended=$?
	message=$(put_line "$message" | grep -v -e '^modifying entry' -e '^$' | tr '\n' ' ' | tail -c 400)
	[ $ended = 0 ] || { message="slapd does not accept the certificate: ${message:-$ended}"; return 1; }
	message='slapd has read the deployment anew'
}

# restart_unit PID: ends its connections, which has to be agreed to; and only where somebody starts it again.
restart_unit() {
	[ "${own_reload-}" = restart ] ||
		{ message='it reads certificates only when it is restarted, which ends its connections'; return 1; }
	keeper_of "$1" || { message=$needs_keeper; return 1; }
	capture_message systemctl restart "$unit" || return 1
	pid_after=$(systemctl show -p MainPID --value "$unit" 2>/dev/null) || pid_after=
}

# ---- PostgreSQL --------------------------------------------------------------------------------------------

# find_postgres CHAIN KEY: servers that read these files, into $mains.
find_postgres() {
	mains_of postgres || return 1
	[ -n "$1$2" ] || return 0
	all=$mains mains= silent=
	for pid in $all; do
		postgres_of "$pid"
		named_chain=$(postgres_value ssl_cert_file) ||
			{ silent="; which files its process $pid reads could not be determined"; continue; }
		if reads_these "$1" "$named_chain" || reads_these "$2" "$(postgres_value ssl_key_file)"; then
			mains="$mains $pid"
		fi
	done
	[ -n "$mains" ] || { message="no PostgreSQL that runs here reads these files$silent"; return 1; }
}

reads_these() {
	case $2 in '') return 1 ;; /*) named=$2 ;; *) named=$data/$2 ;; esac
	[ "$named" -ef "$1" ]
}

# What process $1 was started with, into $program, $data and $config_of.
postgres_of() {
	recall_process "$1"
	data=$(readlink "/proc/$1/cwd")
	word_after "$1" -D
	# It has gone into that folder since.
	case $found_word in /*) start_folder=$found_word ;; *) start_folder=$data ;; esac
	config_of=$(tr '\0' '\n' <"/proc/$1/cmdline" | sed -n 's/^\(-c\|--\)*config[_-]file=//p' | tail -n 1)
	[ -n "$config_of" ] || config_of=$start_folder/postgresql.conf
	pid_of_postgres=$1
}

# A setting as its configuration says it now, printed by the program itself.
postgres_value() {
	as_process "$pid_of_postgres" "$program" -D "$start_folder" -c "config_file=$config_of" -C "$1" \
		2>/dev/null </dev/null
}

# The live files, whose server is to be found.
try_postgresql() {
	find_postgres "$live_chain" "$live_key" || { untried "$message"; return; }
	has timeout || { untried 'PostgreSQL cannot be tried without timeout'; return; }
	set -- "$1" "$2" $mains
	postgres_of "$3"
	may_read "$3" "$live_key" || { untried 'who runs PostgreSQL may not read the key that is in use'; return; }
	begin_try || return 2
	copy_certificate "$1" "$2" "$3" && folder_for "$3" "$try/own" && copy_control "$3" ||
		{ end_try; message='the try could not be written'; return 2; }
	try_postgres "$3"
	end_try
	return $result
}

# What has to be reckoned out is printed after the certificate was read, and before a database is looked for. A version
# that knows no such number (before 15) goes on to a folder that is not there.
try_postgres() {
	run_postgres "$1" -C shared_memory_size
	case $message in *unrecognized*shared_memory_size*) run_postgres "$1" ;; esac
	case $ended,$message in
		0,* | *'could not open directory'*) result=0 message='PostgreSQL reads certificate and key' ;;
		*"$try"*) result=1 ;;
		*) result=2 ;;
	esac
}

run_postgres() {
	exec_after=$1
	shift
	as_process "$exec_after" "$program" -D "$try/own" \
		-c "config_file=$config_of" -c "data_directory=$try/own" \
		-c ssl=on -c "ssl_cert_file=$try_chain" -c "ssl_key_file=$try_key" \
		-c logging_collector=off -c log_destination=stderr \
		-c shared_preload_libraries= -c listen_addresses= -c unix_socket_directories= -c external_pid_file= \
		-c lc_messages=C -c log_min_messages=warning "$@" >"$try/log" 2>&1 </dev/null
	ended=$?
	last_lines "$try/log" 'FATAL'
}

# As much of its data folder as it wants to see before it reads a certificate: two small files, and no row of
# anybody's. By whoever runs process $1, for both folders are theirs: what they have put there as a link or a pipe
# leads them nowhere that they may not go.
copy_control() {
	as_process "$1" sh -c "$copy_control_text" latchkey "$data" "$try/own" >/dev/null 2>&1
}
copy_control_text='umask 077
mkdir "$2/global" && for part in PG_VERSION global/pg_control; do
	[ -f "$1/$part" ] && head -c 65536 <"$1/$part" >"$2/$part" || exit 1
done'

how_postgresql() { find_postgres "$1" "$2" && how_by_unit; }

# That it cannot read a certificate is in its log alone; it goes on with the one that it has.
read_again_postgresql() {
	find_postgres "$1" "$2" || return 1
	for pid in $mains; do
		postgres_of "$pid"
		mark_log "$pid"
		# Its first process gets a signal, whoever sends it.
		reload_by "$pid" kill -HUP "$pid" || return 1
		if [ -z "$log_missing" ]; then
			wait_for 50 postgres_has_read || log_missing='its log says nothing of that'
			wait_for 2 false || :
			complaint=$(new_log_lines |
				grep -F -e "$(postgres_value ssl_cert_file)" -e "$(postgres_value ssl_key_file)" \
					-e 'SSL configuration was not reloaded' |
				tail -n 2 | tr '\n' ' ' | tail -c 400)
			[ -z "$complaint" ] || { message="it keeps the old certificate: $complaint"; return 1; }
		fi
		[ -z "$log_missing" ] ||
			message="${message:+$message; }whether process $pid keeps the old certificate is not known: $log_missing"
	done
	message=$message$silent
}

postgres_has_read() { new_log_lines | grep -q -e SIGHUP -e 'not reloaded'; }

# ---- MariaDB -----------------------------------------------------------------------------------------------

# Its help and its bootstrap read no certificate. So a second server is started, with these files, an empty folder and
# a socket of its own.
try_mariadb() {
	mains_of mariadbd mysqld || { untried "$message"; return; }
	has timeout || { untried 'MariaDB cannot be tried without timeout'; return; }
	set -- "$1" "$2" $mains
	recall_process "$3"
	case $("$program" --no-defaults --version 2>/dev/null </dev/null) in
		*MariaDB*) ;;
		*) untried 'this is another MySQL'; return ;;
	esac
	may_read "$3" "$live_key" || { untried 'who runs MariaDB may not read the key that is in use'; return; }
	begin_try || return 2
	copy_certificate "$1" "$2" "$3" && folder_for "$3" "$try/own" ||
		{ end_try; message='the try could not be written'; return 2; }
	second_try 'ready for connections' \
		limited_as 60 "$3" "$program" --no-defaults --datadir="$try/own" --socket="$try/own/sock" \
		--pid-file="$try/own/pid" --skip-networking --skip-grant-tables --skip-innodb --skip-log-bin \
		--default-storage-engine=Aria \
		--aria-pagecache-buffer-size=1M --key-buffer-size=64K --ssl-cert="$try_chain" --ssl-key="$try_key"
	result=$?
	last_lines "$try/log" 'SSL'
	case $result,$message in
		0,'') message='a second MariaDB accepts the certificate' ;;
		0,*) result=1 ;;
		1,'') result=2; last_lines "$try/log" ERROR ;;
		1,*'ermission denied'*) may_read "$3" "$try_key" && result=2 ;;
	esac
	end_try
	return $result
}

how_mariadb() { mains_of mariadbd mysqld && reload_kind=command; }

# No signal and no supervisor has it read its files: a statement does, and it says what it could not read.
read_again_mariadb() {
	mains_of mariadbd mysqld || return 1
	found_any=no
	for pid in $mains; do
		find_mariadb_socket "$pid" || return 1
		named=$(query_mariadb 'SELECT CONCAT(@@ssl_cert, CHAR(10), @@ssl_key, CHAR(10), @@datadir)') ||
			{ message="MariaDB does not let root in: $named"; return 1; }
		{ IFS= read -r its_chain; IFS= read -r its_key; IFS= read -r data; } <<-END
			$named
		END
		[ -z "$1$2" ] || reads_these "$1" "$its_chain" || reads_these "$2" "$its_key" || continue
		pid_before=$pid pid_after= found_any=yes
		message=$(query_mariadb "$flush") || { message=$(put_line "$message" | grep ERROR | tail -n 1); return 1; }
		[ -d "/proc/$pid" ] || { message='MariaDB has ended'; return 1; }
		pid_after=$pid message='MariaDB has read the deployment anew'
	done
	[ $found_any = yes ] || { message='no MariaDB that runs here reads these files'; return 1; }
}

find_mariadb_socket() {
	client=mariadb flush='FLUSH SSL'
	recall_process "$1" || { message='MariaDB has ended'; return 1; }
	case $program in
		*/mysqld*)
			case $("$program" --no-defaults --version 2>/dev/null </dev/null) in
				*MariaDB*) ;;
				*) flush='ALTER INSTANCE RELOAD TLS' ;;
			esac
			;;
	esac
	has mariadb || client=mysql
	has "$client" || { message='no client of MariaDB on this host'; return 1; }
	sockets_of "$1"
	set -- $sockets
	socket=${1-}
	[ -n "$socket" ] || { message='MariaDB has no socket here that nobody else can have put there'; return 1; }
}

# As root, or as Debian's packages do. Its own certificate is what we are about to change: no TLS on a socket of this
# machine. Whoever answers there may ask a client for any file of root's: it gives none.
query_mariadb() {
	case $("$client" --version 2>/dev/null </dev/null) in
		*MariaDB*) without_tls=--skip-ssl ;;
		*) without_tls=--ssl-mode=DISABLED ;;
	esac
	statement=$1
	set -- --protocol=socket --host=localhost "--socket=$socket" $without_tls --local-infile=0 --batch --raw \
		--skip-column-names
	# A password is for root's own or for the account alone whose database it is: a server may ask for it in clear text.
	case $as_uid in
		0 | "$(id -u mysql 2>/dev/null)") ;;
		*) ask_mariadb /nonexistent --no-defaults "$@"; return ;;
	esac
	ask_mariadb /root "$@" && return
	[ -r /etc/mysql/debian.cnf ] && ask_mariadb /root --defaults-file=/etc/mysql/debian.cnf "$@"
}

# ask_mariadb HOME OPTIONS...: within a time, for whoever answers there may never end. MySQL's client reads a file of
# passwords in its home whatever it is told.
ask_mariadb() {
	home_of_client=$1
	shift
	put_line "$statement" | HOME=$home_of_client MYSQL_TEST_LOGIN_FILE=$home_of_client/.mylogin.cnf \
		${kill_after:+$kill_after 20} "$client" "$@" 2>&1
}

# ---- As servers.sh asks -----------------------------------------------------------------------------------

test_slapd() { try_server "$@"; }
reload_slapd() { reload_by_own "$@"; }
test_postgresql() { try_server "$@"; }
reload_postgresql() { reload_by_own "$@"; }
test_mariadb() { try_server "$@"; }
reload_mariadb() { reload_by_own "$@"; }
