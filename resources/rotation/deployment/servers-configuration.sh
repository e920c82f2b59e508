# The configuration of mail servers, directories and databases, tried as it is on the disk: by the server's own
# program, with no more rights than the server has, and so that nothing of the running one is written. Root only. Each
# has
#
#   check_NAME       0: it would read its configuration; 1: it would not; 2: that could not be tried. $message: in its
#                    words, without values

# server_check SERVER CONFIG FILES...: ends by found passed|failed|untested. FILES: those in use of a deployment, by
# which the host's own server is told from what somebody else has started under its name.
do_server_check() {
	choose_server "$1" check
	config=$2
	shift 2
	cd /
	# Two sessions may test the same server; what one has left behind that was killed goes.
	run=none
	find_try_base
	set +f
	for try in "$try_base"/latchkey-try-none-[0-9]*; do [ -d "/proc/${try##*-}" ] || end_try; done
	set -f
	id=$$
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

# check_as PID COMMAND...: a test that ends with another status than 0 where it fails, with the rights of process PID.
# Root ends it, for whose rights it has may stop what is theirs; and it writes no large file.
check_as() {
	find_limits
	[ -n "$kill_after" ] || { message='a test cannot be ended here without timeout'; return 2; }
	as_limit=
	as_process "$1" true 2>/dev/null || { message='no program can be run with its rights here'; return 2; }
	tried_as=$1
	shift
	run_limited check_within "$@"
	message=$(put_line "$message" | hide_values | tail -n 4 | tr -s '\n\t ' '   ' | tail -c 400)
	message=${message% }
	case $rc in
		0) ;;
		124 | 126 | 127 | 137 | 143 | 153)
			message="its test could not be run, or did not end: $message"
			return 2
			;;
		*) return 1 ;;
	esac
}

# What a test prints of a sound configuration may be long, and has secrets in it.
check_within() (
	ulimit -f 40960
	as_limit="$kill_after 45"
	exec_as "$tried_as" "$@" >/dev/null
)

# What a server says of a setting may have its value in it, be it a password: each line ends where one could begin.
# What it names as a file, a parameter, a variable or an option is none.
hide_values() {
	for noun in file parameter variable option; do
		set -- "$@" -e "s,\($noun\) [\"']\([A-Za-z0-9_./-]*\)[\"'],\1 \2,g" \
			-e "s,\($noun\) '\([A-Za-z0-9_-]*\)=.*,\1 \2,"
	done
	sed "$@" -e 's/^[0-9-]* [0-9:.]* [A-Z]* \[[0-9]*\] //' \
		-e "s/ *[\"'=({].*/ .../" -e 's/\(Invalid [a-z ]*:\).*/\1 .../'
}

# What its first process and all of its programs read. `postfix check` makes folders that are missing: it is no test.
check_postfix() {
	find_postfix || return 2
	has postconf && has postmap || { message='its programs are not here'; return 2; }
	for pid in $mains; do
		find_postfix_folder "$pid"
		for part in main.cf master.cf; do
			check_roots "$folder_of_config/$part" || return
		done
		check_as "$pid" postconf -c "$folder_of_config" -M || return
		check_as "$pid" postmap -c "$folder_of_config" -q none static:sound || return
	done
}

# Where root tests what its own server reads, nobody else may have written that.
check_roots() {
	is_roots_path "$1" || { message="its configuration $1 is not there, or can be changed by others"; return 2; }
}

check_dovecot() {
	find_dovecot || return 2
	has doveconf || { message='doveconf is not here'; return 2; }
	for pid in $mains; do
		word_after "$pid" -c
		config_of=$found_word
		[ -n "$config_of" ] || config_of=$(usual_dovecot)
		check_roots "$config_of" || return
		check_as "$pid" doveconf -c "$config_of" -n || return
	done
}

# The file that a Dovecot of this name reads by itself.
usual_dovecot() {
	case $program in
		/usr/local/*) put_line /usr/local/etc/dovecot/dovecot.conf ;;
		*) put_line /etc/dovecot/dovecot.conf ;;
	esac
}

# Whoever reads its settings, be it for a test, removes the file with the number of the running slapd: so a copy is
# read, that names no such file and none of its databases. All of it is done by whoever runs slapd, for they may own
# the settings, which name the programs that slapd loads.
check_slapd() {
	find_readers slapd || return 2
	for pid in $mains; do
		word_after "$pid" -f
		settings_file=$found_word
		word_after "$pid" -F
		if [ -n "$settings_file" ] || [ -z "$found_word" ]; then
			message='only a folder of settings that is named as it starts can be tested without a change'
			return 2
		fi
		within_try check_copy "$pid" "$found_word" || return
	done
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

# Of root's own slapd nobody else may have written the settings.
check_copy() {
	recall_process "$1" || { message='slapd has ended'; return 2; }
	[ "$as_uid" != 0 ] || check_roots "$2" || return
	check_as "$1" sh -c "$copy_settings_text" latchkey "$2" "$try/own" "$slapd_settings_awk"
	case $? in
		0) ;;
		1) message="its settings in $2 could not be read: $message"; return 1 ;;
		*) return 2 ;;
	esac
	[ ! -e "$try/own/large" ] || { message="its settings in $2 are too large"; return 2; }
	[ ! -e "$try/own/includes" ] || { message='its settings include other files'; return 2; }
	check_as "$1" "$program" -T test -u -d 32768 -F "$try/own/settings"
}
# With an end that shows whether it is the settings that could not be read.
# shellcheck disable=SC2034 # check_copy has it run.
copy_settings_text='umask 077
[ "$(du -skL "$1" | cut -f 1)" -le 16384 ] || { : >"$2/large"; exit 0; }
mkdir "$2/data" && cp -RL "$1/." "$2/settings" || exit 1
find "$2/settings" -name "*.ldif" -type f >"$2/files" || exit 126
while IFS= read -r file; do
	if grep -qi "^olcInclude[:;]" "$file"; then : >"$2/includes"; fi
	awk -v data="$2/data" "$3" "$file" >"$2/part" && cat "$2/part" >"$file" || exit 126
done <"$2/files"'

# What is in pg_hba.conf is not tried by it, nor what an extension makes of its own settings.
check_postgresql() {
	find_readers postgres || return 2
	is_meant=no
	for pid in $mains; do
		postgres_of "$pid"
		[ -z "$config" ] || [ "$config" -ef "$config_of" ] || continue
		is_meant=yes
		check_as "$pid" "$program" -D "${start_folder:-$data}" -c "config_file=$config_of" -C ssl || return
	done
	[ $is_meant = yes ] || { message="no PostgreSQL that runs here reads $config"; return 2; }
}

# Its help reads all options, and stops there. It tries how names are written in its data folder, by a file: so it gets
# another one, and its log of changes is in there, too.
check_mariadb() {
	find_readers mariadbd mysqld || return 2
	for pid in $mains; do
		recall_process "$pid"
		case $("$program" --no-defaults --version 2>/dev/null </dev/null) in
			*MariaDB*) ;;
			*) message='this is another MySQL'; return 2 ;;
		esac
		arguments_of "$pid"
		eval "mariadb_words $arguments"
		within_try check_help "$pid" || return
	done
}

check_help() {
	recall_process "$1" || { message='MariaDB has ended'; return 2; }
	eval "check_as \"\$1\" \"\$program\" $arguments \"--datadir=\$try/own\" \"--log-bin-index=\$try/own/index\" \
		--help --verbose"
	result=$?
	message=${message##*ERROR\] }
	if [ $result = 1 ] && is_of_plugin "$1"; then return 2; fi
	return $result
}

# mariadb_words WORDS...: those that say where its options are read: $arguments.
mariadb_words() {
	arguments=
	for word do
		case $word in
			--defaults-*=* | --no-defaults | --basedir=* | --plugin-dir=* | --plugin_dir=*) keep_words "$word" ;;
		esac
	done
}

# Whether the option that the test does not know may be one of a plugin that is named in a table, which it does not
# read: where the server that runs knows it, or cannot be asked.
is_of_plugin() {
	option=$(put_line "$message" | sed -n -e 's/.*unknown variable -*\([A-Za-z0-9_-]*\).*/\1/p' \
		-e 's/.*unknown option -*\([A-Za-z0-9_-]*\).*/\1/p' | tr 'A-Z-' 'a-z_')
	[ -n "$option" ] || return 1
	known=
	find_mariadb_socket "$1" && known=$(query_mariadb "SELECT COUNT(*) FROM (
SELECT VARIABLE_NAME AS name FROM information_schema.SYSTEM_VARIABLES
UNION SELECT PLUGIN_NAME FROM information_schema.ALL_PLUGINS) AS known WHERE LOWER(name) = '$option'")
	case $known in 0) return 1 ;; esac
	message="its test does not know $option, which a plugin may have brought"
}
