# Who can log in: for each account the files that sshd reads keys from, as each daemon would.

read_grants() {
	seen_keys=$nl sets=0 told=0
	queries_sshd=no
	if [ "$my_uid" != 0 ]; then unread sshd-effective sshd needs-root
	elif [ -z "$sshd" ]; then unread sshd-effective sshd no-tool
	else queries_sshd=yes
	fi
	for daemon in $daemons; do
		use_daemon
		may_query=$queries_sshd
		[ -z "$is_strange" ] || may_query=no
		keep_daemon
	done
	find_usual
	printf '%s\n' "$ordered" | {
		met=0 bare_home=
		while IFS=: read -r is_shut name account_uid account_gid home shell; do
			met=$((met + 1))
			if [ $((met % 1024)) = 0 ] && is_late; then name_rest; break; fi
			if [ $is_usual = yes ] && [ $met -gt 1 ] && has_no_keys; then continue; fi
			told=$((told + 1))
			if [ $((told % 16)) = 0 ] && is_late; then name_rest; break; fi
			home_recorded=no is_home_known=no
			for daemon in $daemons; do
				use_daemon
				read_account
				keep_daemon
			done
		done
		:
	} || cut_off limit /etc/passwd
}

# How many accounts there was no time for, the account at hand first.
name_rest() {
	unread limit "$name" accounts-left "$(printf '%s\n' "$ordered" | awk -v met=$met 'END { print NR - met + 1 }')"
}

# Whether, for each daemon, keys lie in ~/.ssh and in files of one account alone, which are in $named_keys, and nothing
# else is read of an account: into $is_usual.
find_usual() {
	is_usual=yes named_keys=
	for daemon in $daemons; do
		use_daemon
		if [ -n "$config_principals$config_roots$has_withheld" ]; then is_usual=no; fi
		case $daemon_options in
			*[Ff][Ii][Ll][Ee]* | *[Pp][Rr][Ii][Nn][Cc][Ii][Pp]* | *[Cc][Hh][Rr][Oo][Oo][Tt]*) is_usual=no ;;
		esac
		IFS=$nl
		for pattern in $config_keys; do
			case $pattern in
				none | .ssh/* | %h/.ssh/*) ;;
				*[*?[]*) is_usual=no ;;
				/*) named_keys=$named_keys$pattern$nl ;;
				*) is_usual=no ;;
			esac
		done
		unset IFS
	done
}

# Whether the account at hand has no ~/.ssh and no file of its own, of a host where all keys lie there: most of a host
# of very many have no home either, and many have the same.
has_no_keys() {
	[ $is_shut = no ] && [ "$account_uid" != 0 ] || return 1
	IFS=$nl
	for pattern in $named_keys; do
		unset IFS
		substitute "$pattern" || return 1
		find_out "$path"
		[ $stands = absent ] || return 1
		IFS=$nl
	done
	unset IFS
	case $home in /*) ;; *) return 1 ;; esac
	[ "$home" != "$bare_home" ] || return 0
	! leads_to_silence "$home/.ssh" || return 1
	if [ -d "$home" ]; then
		[ -x "$home" ] && [ ! -e "$home/.ssh" ] && [ ! -h "$home/.ssh" ] || return 1
	else
		find_out "$home"
		[ $stands = absent ] || return 1
	fi
	bare_home=$home
}

# What one daemon would let account $name in by.
read_account() {
	read_principals "$config_principals"
	may_have_keys || return
	[ $may_query = no ] || query_sshd
	# The answer is long and mostly the same: what it names is looked up once.
	[ "$out" = "$known_out" ] || name_files
	[ $is_home_known = yes ] || record_home
	read_principals "$files_principals"
	read_roots "$config_roots$files_roots"
	IFS=$nl
	# The usual two also where sshd does not read them: who put a key there thinks that it does.
	for pattern in $files .ssh/authorized_keys .ssh/authorized_keys2; do
		unset IFS
		if [ "$pattern" = none ]; then :
		elif substitute "$pattern"; then read_key_paths "$path"
		else unread authorized-keys "$pattern" unknown-token
		fi
		IFS=$nl
	done
	unset IFS
}

# The values of AuthorizedKeysFile that hold or may hold, into $files, a line each: of the answer in $out, or of the
# configuration. Of the answer also what else it names.
name_files() {
	known_out=$out files_principals='' files_roots=''
	if [ -z "$out" ]; then
		files=$config_keys
		[ -n "$files" ] || files=.ssh/authorized_keys$nl.ssh/authorized_keys2
		return
	fi
	files=''
	IFS=$nl
	for line in $out; do
		unset IFS
		case $line in
			'authorizedkeysfile '*) for pattern in ${line#* }; do files=$files$pattern$nl; done ;;
			'revokedkeys '* | 'trustedusercakeys '*) for file in ${line#* }; do read_sshd_file "$file"; done ;;
			'authorizedprincipalsfile '*) files_principals=${line#* } ;;
			'chrootdirectory '*) files_roots=${line#* } ;;
		esac
		IFS=$nl
	done
	[ -n "$files" ] || files=.ssh/authorized_keys$nl.ssh/authorized_keys2$nl
	for pattern in $near_keys; do
		case $nl$files in *"$nl$pattern$nl"*) ;; *) files=$files$pattern$nl ;; esac
	done
	unset IFS
}

# The home of the account without links, where it is not as it is written: StrictModes looks no further than there.
record_home() {
	is_home_known=yes
	case $home in /*) ;; *) return ;; esac
	resolve "$home"
	[ -n "$real" ] && [ "$real" != "$home" ] || return
	printf '@home -'
	say account "$name"
	say real "$real"
	printf '\n'
}

# AuthorizedPrincipalsFile's values $1, a line each, for the account.
read_principals() {
	IFS=$nl
	for pattern in $1; do
		unset IFS
		if [ "$pattern" != none ] && substitute "$pattern"; then
			case $pattern in
				*[*?[]*)
					report_if_closed sshd-config "$path" || { IFS=$nl; continue; }
					IFS=
					set +f
					set -- $path
					set -f
					unset IFS
					for path do read_sshd_file "$path" account; done
					;;
				*) read_sshd_file "$path" account ;;
			esac
		fi
		IFS=$nl
	done
	unset IFS
}

# ChrootDirectory's values $1, a line each, for the account: sshd looks at each folder on the way as it is written.
read_roots() {
	IFS=$nl
	for pattern in $1; do
		unset IFS
		if [ "$pattern" != none ] && substitute "$pattern"; then
			case $seen_sshd_files in
				*"$nl$path$nl"*) ;;
				*)
					seen_sshd_files=$seen_sshd_files$path$nl
					encode "$path"
					find_out "$path"
					case $stands in
						absent) printf '@folder - path:%s why:no-such-file\n' "$token" ;;
						hidden) printf '@folder - path:%s why:rights-missing\n' "$token" ;;
						*) walk "$path" L; printf '@folder - path:%s%s\n' "$token" "$entries" ;;
					esac
					;;
			esac
		fi
		IFS=$nl
	done
	unset IFS
}

# Ships a file that sshd's settings name: which keys are revoked, whose certificates are trusted, for which names.
# With "account" as $2 sshd opens it as account $name.
read_sshd_file() {
	case $1 in /*) ;; *) return ;; esac
	case $seen_sshd_files in *"$nl$1$nl"*) return ;; esac
	# Of those for each account most are not there, and each is asked for once.
	[ "${2-}" = account ] && [ "$pattern" != "$1" ] || seen_sshd_files=$seen_sshd_files$1$nl
	find_out "$1"
	encode "$1"
	shown=$token why=
	case $stands in
		absent) why=no-such-file ;;
		hidden) why=rights-missing ;;
		other) [ -d "$1" ] && why=is-folder || why=not-regular ;;
		file) resolve "$1"; [ -n "$real" ] || why=rights-missing ;;
	esac
	if [ -n "$why" ]; then printf '@sshd-file - path:%s why:%s\n' "$shown" $why; return; fi
	walk "$real"
	[ "${2-}" != account ] || work_as "$account_uid" "$account_gid" "$name"
	if [ ! -r "$real" ]; then why=not-permitted
	elif [ "${2-}" = account ] && ! is_theirs "$1" && ! can_account_read "$1"; then why=account-cannot-read
	else is_withheld "$1"
	fi
	case ${2-}$why in accountowner-cannot-read | accountno-such-file) why=account-cannot-read ;; esac
	work_as
	[ -n "$why" ] && with=- || with=$encoding
	printf '@sshd-file %s path:%s' $with "$shown"
	say real "$real"
	printf '%s' "$entries"
	if [ -n "$why" ]; then printf ' why:%s\n' $why; return; fi
	printf '\n'
	ship "$1"
}

# Whether any file that the configuration names for account $name may be there: most have none, and to ask sshd for
# each of thousands would take all the time there is. Root is always asked for.
may_have_keys() {
	[ -n "$has_match" ] && [ -z "$has_withheld" ] && [ $may_query = yes ] && [ "$account_uid" != 0 ] || return 0
	case $daemon_options in *[Ff][Ii][Ll][Ee]*) return 0 ;; esac
	IFS=$nl
	for pattern in $config_keys .ssh/authorized_keys .ssh/authorized_keys2; do
		unset IFS
		case $pattern in *[*?[]*) return 0 ;; esac
		substitute "$pattern" || return 0
		find_out "$path"
		[ $stands = absent ] || return 0
		IFS=$nl
	done
	unset IFS
	return 1
}

# What sshd would do for account $name, into $out; each distinct answer is told once. Without Match, one answer
# serves all.
query_sshd() {
	user=$name
	if [ -z "$has_match" ]; then
		[ $asked = 0 ] || return
		asked=1 user=root
	fi
	case $user in
		*,*) unread sshd-effective "$user" odd-name; out=; return ;;
	esac
	leave
	answer=$(run_sshd)
	sshd_status=$?
	if [ -z "$answer" ]; then
		out=
		# A directory that does not answer does not for the next one either.
		if [ $sshd_status = 137 ]; then unread sshd-effective "$user" not-ended; may_query=no; return; fi
		# sshd says the line that it does not understand.
		[ -n "$has_withheld" ] && detail= || detail=$(run_sshd 2>&1 >/dev/null)
		unread sshd-effective "$user" command-failed "$detail"
		[ -n "$has_match" ] || may_query=no
		return
	fi
	set=1
	while [ $set -le $sets ]; do
		eval "[ \"\$answer\" = \"\$answer_$set\" ]" && break
		set=$((set + 1))
	done
	if [ $set -gt $sets ]; then
		sets=$set
		eval "answer_$set=\$answer out_$set=\$(printf '%s\n' \"\$answer\" | only_access)"
		eval "out=\$out_$set"
		printf '@effective %s set:%s\n' $encoding $set
		printf '%s\n' "$out" | payload
	fi
	eval "out=\$out_$set"
	if [ -z "$has_match" ]; then printf '@effective-for - daemon:%s set:%s all:yes\n' $daemon $set
	else encode "$name"; printf '@effective-for - daemon:%s set:%s account:%s\n' $daemon $set "$token"
	fi
}

# The address stands for "somebody elsewhere": it is kept for documentation and belongs to no host.
run_sshd() {
	IFS=$nl
	set -- $daemon_options
	unset IFS
	set -- "$@" -T -C "user=$user,host=elsewhere.invalid,addr=192.0.2.1,laddr=192.0.2.2,lport=22"
	in_seconds 10 "$sshd" "$@" </dev/null
}

# Of sshd's settings those that decide about access.
only_access() {
	awk "$access_settings_awk"
}

# Puts the tokens of AuthorizedKeysFile value $1 in place for the account, into $path.
substitute() {
	rest=$1 path=
	while :; do
		case $rest in *%*) ;; *) break ;; esac
		path=$path${rest%%%*}
		rest=${rest#*%}
		case $rest in
			%*) path=$path% ;;
			h*) path=$path$home ;;
			u*) path=$path$name ;;
			U*) path=$path$account_uid ;;
			*) return 1 ;;
		esac
		rest=${rest#?}
	done
	path=$path$rest
	case $path in /*) ;; *) path=$home/$path ;; esac
	while :; do
		case $path in *//*) path=${path%%//*}/${path#*//} ;; *) break ;; esac
	done
}
