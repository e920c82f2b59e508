# The configuration of mail servers, directories and databases, tried as it is on the disk: by the server's own
# program, with no more rights than the server has, and so that nothing of the running one is written. Root only. Each
# has
#
#   check_NAME       0: it would read its configuration; 1: it would not; 2: that could not be tried. $message: why
#   faults_NAME      of what it says of a fault the file, the line and the setting, one a line; by standard input

# server_check SERVER CONFIG FILES...: ends by found passed|failed|untested. FILES: those in use of a deployment, by
# which the host's own server is told from what somebody else has started under its name.
do_server_check() {
	choose_server "$1" check
	config=$2 check_began=$(date +%s)
	shift 2
	cd /
	# Two sessions may test the same server.
	run=none id=$$
	clear_tries
	find_live "$@"
	"check_$server"
	case $? in
		0) found passed "$message" ;;
		1) found failed "$message" ;;
		*) found untested "$message" ;;
	esac
}

# The servers that root, or who may read the key in use, has started, into $mains.
find_readers() {
	[ -n "$live_key" ] || { message='its key is not known, by which it is told from others'; return 1; }
	mains_of "$@"
}

# check_each COMMAND: runs it with each of $mains. Where they are of several accounts none of them may have it that
# another's fails; only root's own counts whoever else there is.
check_each() {
	accounts=' ' checked=0 fault= doubt=
	for pid in $mains; do
		recall_process "$pid" || { message='it has ended'; return 2; }
		case $accounts in *" $as_uid "*) ;; *) accounts="$accounts$as_uid " ;; esac
		"$1" "$pid"
		case $? in
			0) ;;
			1)
				recall_process "$pid"
				[ $checked = root ] || fault=$message checked=1
				[ "$as_uid" != 0 ] || checked=root
				;;
			*) doubt=$message ;;
		esac
	done
	case $checked,$accounts in
		root,*) message=$fault; return 1 ;;
		1,' '*' '*' ') message="of several accounts' servers one fails its test"; return 2 ;;
		1,*) message=$fault; return 1 ;;
	esac
	[ -z "$doubt" ] || { message=$doubt; return 2; }
}

# Seconds for all tests of one request: fewer than whoever has sent it waits.
check_seconds=50

# check_as PID COMMAND...: a test that ends with another status than 0 where it fails, with the rights of process PID.
# Root ends it, for whose rights it has may stop what is theirs; and it writes no large file. What it said is in $said.
check_as() {
	[ -n "$kill_after" ] || { message='a test cannot be ended here without timeout'; return 2; }
	tried_as=$1
	shift
	may_run "$tried_as" true || { message='no program can be run with its rights here'; return 2; }
	seconds_left=$((check_began + check_seconds - $(date +%s)))
	[ $seconds_left -gt 0 ] || { message='its tests take too long'; return 2; }
	run_limited check_within "$@"
	said=$message
	message=$(put_line "$said" | "faults_$server" | awk '!seen[$0]++' | tail -n 3 | sed '$!s/$/;/' |
		tr -s '\n\t ' '   ' | tail -c 400)
	message="${message% }${message:+: }what it says may have a secret in it, and is not shown"
	# Some shells count signals from 256.
	[ $rc -le 256 ] || rc=$((rc - 128))
	case $rc in
		0) message=; return ;;
		124 | 126 | 127 | 137 | 143 | 153) message='its test could not be run, or did not end'; return 2 ;;
	esac
	# Where it may not read its own copy, something keeps that program to the folders that it knows.
	if [ -n "$try" ] && put_line "$said" | grep -F "$try/own" | grep -q 'ermission denied'; then
		message='its test may not read what was written for it'
		return 2
	fi
	return 1
}

# What a test prints of a sound configuration may be long, and has secrets in it.
check_within() (
	ulimit -f 40960
	as_limit="$kill_after $seconds_left"
	exec_as "$tried_as" "$@" >/dev/null
)

# ---- Postfix -----------------------------------------------------------------------------------------------

# What its first process and all of its programs read. `postfix check` makes folders that are missing: it is no test.
check_postfix() {
	find_postfix || return 2
	has postconf && has postmap || { message='its programs are not here'; return 2; }
	check_each check_postfix_of
}

check_postfix_of() {
	find_postfix_folder "$1"
	check_roots "$folder_of_config/main.cf" && check_roots "$folder_of_config/master.cf" || return
	check_as "$1" postconf -c "$folder_of_config" -M || return
	check_as "$1" postmap -c "$folder_of_config" -q none static:sound
}

faults_postfix() {
	sed -n -e 's/^[a-z]*: fatal: bad [a-z]* configuration: \([a-z0-9_]*\) .*/\1/p' \
		-e 's/^[a-z]*: fatal: parameter \([a-z0-9_]*\):.*/\1/p' \
		-e 's/^[a-z]*: [a-z]*: \(\/[A-Za-z0-9_./-]*\.cf\)[,:] line \([0-9]*\).*/\1 line \2/p' \
		-e 's/^[a-z]*: fatal: invalid \([a-z]* field\) .*/master.cf: \1/p'
}

# Where root tests what its own server reads, nobody else may have written that.
check_roots() {
	is_roots_path "$1" || { message="its configuration $1 is not there, or can be changed by others"; return 2; }
}

# ---- Dovecot -----------------------------------------------------------------------------------------------

check_dovecot() {
	find_dovecot || return 2
	has doveconf || { message='doveconf is not here'; return 2; }
	check_each check_dovecot_of
}

check_dovecot_of() {
	word_after "$1" -c
	config_of=$found_word
	if [ -z "$config_of" ]; then
		case $program in
			/usr/local/*) config_of=/usr/local/etc/dovecot/dovecot.conf ;;
			*) config_of=/etc/dovecot/dovecot.conf ;;
		esac
	fi
	check_roots "$config_of" || return
	check_as "$1" doveconf -c "$config_of" -n
}

# A name without an underscore may be a value that stands on a line of its own.
faults_dovecot() {
	sed -n 's/^doveconf: Fatal: Error in configuration file \(\/[A-Za-z0-9_./-]*\) line \([0-9]*\): /\1 line \2: /p' |
		sed -e 's/^\([^:]*: [a-z0-9]*_[a-z0-9_]*\):.*/\1/' -e t -e 's/:.*//'
}

# ---- slapd -------------------------------------------------------------------------------------------------

# Whoever reads its settings, be it for a test, removes the file with the number of the running slapd: so a copy is
# read, that names no such file and none of its databases. All of it is done by whoever runs slapd, for they may own
# the settings, which name the programs that slapd loads.
check_slapd() {
	find_readers slapd || return 2
	check_each check_slapd_of
}

check_slapd_of() {
	word_after "$1" -f
	settings_file=$found_word
	word_after "$1" -F
	case $settings_file,$found_word in ,/*) ;; *)
		message='only a folder of settings that is named as it starts can be tested without a change'
		return 2
		;;
	esac
	# Of root's own slapd nobody else may have written the settings.
	if [ "$as_uid" = 0 ]; then
		check_roots "$found_word" || return
		[ -z "$(find "$found_word" \( ! -user 0 -o -type l -o -perm -20 -o -perm -2 \) 2>&1 | head -n 1)" ] ||
			{ message="its settings in $found_word can be changed by others"; return 2; }
	fi
	within_try check_copy "$1" "$found_word"
}

# within_try COMMAND PID WORD...: with a folder $try/own of whoever runs process PID, which is gone afterwards.
within_try() {
	begin_try || return 2
	if folder_for "$2" "$try/own"; then
		"$@"
		set -- $?
	else
		message='the try could not be written'
		set -- 2
	fi
	end_try
	return "$1"
}

check_copy() {
	check_as "$1" sh -c "$copy_settings_text" latchkey "$2" "$try/own" "$slapd_settings_awk"
	case $? in
		0) ;;
		1) message="its settings in $2 could not be read"; return 1 ;;
		*) return 2 ;;
	esac
	[ ! -e "$try/own/large" ] || { message="its settings in $2 are too large"; return 2; }
	[ ! -e "$try/own/includes" ] || { message='its settings include other files'; return 2; }
	recall_process "$1" || { message='it has ended'; return 2; }
	check_as "$1" "$program" -T test -u -d 32768 -F "$try/own/settings"
}
# With an end that shows whether it is the settings that could not be read.
# shellcheck disable=SC2034 # check_copy has it run.
copy_settings_text='umask 077
find -L "$1" -type f -exec cat {} + >/dev/null || exit 1
[ "$(du -skL "$1" | cut -f 1)" -le 16384 ] || { : >"$2/large"; exit 0; }
mkdir "$2/data" && cp -RL "$1/." "$2/settings" && chmod -R u+rwX "$2/settings" || exit 126
find "$2/settings" -name "*.ldif" -type f >"$2/files" || exit 126
while IFS= read -r file; do
	if grep -qi "^olcInclude[:;]" "$file"; then : >"$2/includes"; fi
	awk -v data="$2/data" "$3" "$file" >"$2/part" && cat "$2/part" >"$file" || exit 126
done <"$2/files"'

faults_slapd() { sed -n 's/^[^:]*\(olc[A-Za-z]*\): value #[0-9]*:.*/\1/p'; }

# ---- PostgreSQL --------------------------------------------------------------------------------------------

# What is in pg_hba.conf is not tried by it, nor what an extension makes of its own settings.
check_postgresql() {
	find_readers postgres || return 2
	meant=
	for pid in $mains; do
		postgres_of "$pid"
		if [ -z "$config" ] || [ "$config" -ef "$config_of" ]; then meant="$meant $pid"; fi
	done
	mains=$meant
	[ -n "$mains" ] || { message="no PostgreSQL that runs here reads $config"; return 2; }
	check_each check_postgresql_of
}

check_postgresql_of() {
	postgres_of "$1"
	case $config_of in /*) ;; *) config_of= ;; esac
	[ -f "$config_of" ] || { message='where its configuration lies is not known'; return 2; }
	check_as "$1" "$program" -D "$start_folder" -c "config_file=$config_of" -C ssl
}

faults_postgresql() {
	place='in file "\(\/[A-Za-z0-9_./-]*\)" line \([0-9]*\).*'
	sed -n -e "s/^[^\"]* parameter \"\([a-z0-9]*_[a-z0-9_]*\)\" $place/\2 line \3: \1/p" \
		-e "s/^[^\"]* $place/\1 line \2/p" \
		-e 's/^[^"]* invalid value for parameter "\([A-Za-z0-9_.]*\)":.*/\1/p'
}

# ---- MariaDB -----------------------------------------------------------------------------------------------

# Its help reads all options, and stops there. It tries how names are written in its data folder, by a file: so it gets
# another one, and its log of changes is in there, too.
check_mariadb() {
	find_readers mariadbd mysqld || return 2
	check_each check_mariadb_of
}

check_mariadb_of() {
	[ "$as_uid" != 0 ] || { message='it runs as root'; return 2; }
	case $("$program" --no-defaults --version 2>/dev/null </dev/null) in
		*MariaDB*) ;;
		*) message='this is another MySQL'; return 2 ;;
	esac
	arguments_of "$1"
	eval "mariadb_words $arguments" || { message='where its options are read is not known'; return 2; }
	within_try check_help "$1"
}

check_help() {
	eval "check_as \"\$1\" \"\$program\" $arguments \"--datadir=\$try/own\" \"--log-bin-index=\$try/own/index\" \
		--help --verbose"
	case $? in
		0) ;;
		1) if is_of_plugin "$1"; then return 2; fi; return 1 ;;
		*) return 2 ;;
	esac
	# An engine that refuses its options does not end the help.
	case $said in *'[ERROR]'*) message='its test passes, and tells of errors all the same'; return 2 ;; esac
}

faults_mariadb() {
	sed -n -e "s/^[^']*unknown variable '-*\([a-z0-9]*[_-][a-z0-9_-]*\)=.*/\1/p" \
		-e "s/^[^']*setting value '.*' to '\([a-z0-9_-]*\)'[^']*$/\1/p"
}

# mariadb_words WORDS...: those that say where its options are read: $arguments. 1: one by where it was started.
mariadb_words() {
	arguments=
	for word do
		case $word in
			--defaults-*=[!/]*) return 1 ;;
			--defaults-*=* | --no-defaults | --basedir=* | --plugin-dir=* | --plugin_dir=*) keep_words "$word" ;;
		esac
	done
}

# Whether the option that the test does not know may be one of a plugin that is named in a table, which it does not
# read: where the server that runs knows it, or cannot be asked.
is_of_plugin() {
	option=$(put_line "$said" | sed -n -e "s/.*unknown variable '-*\([A-Za-z0-9_-]*\).*/\1/p" \
		-e "s/.*unknown option '-*\([A-Za-z0-9_-]*\).*/\1/p" | tr 'A-Z-' 'a-z_' | tail -n 1)
	[ -n "$option" ] || return 1
	told=$message known=
	for prefix in skip_ enable_ disable_ maximum_ loose_; do option=${option#"$prefix"}; done
	find_mariadb_socket "$1" && known=$(query_mariadb "SELECT COUNT(*) FROM (
SELECT VARIABLE_NAME AS name FROM information_schema.SYSTEM_VARIABLES
UNION SELECT PLUGIN_NAME FROM information_schema.ALL_PLUGINS) AS known WHERE LOWER(name) = '$option'")
	case ${known##*"$nl"} in 0) message=$told; return 1 ;; esac
	message='its test does not know an option, which a plugin may have brought'
}
