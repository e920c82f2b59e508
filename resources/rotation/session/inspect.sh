# What a session reports of a host and of a file before it is changed.

do_host() {
	report uid "$my_uid" "$(id -un)"
	report time "$(date +%s)" "$(date +%z)"
	report hash-tool "$hash_tool"
	report tools $(for tool in setpriv runuser su systemd-run at setsid nohup lsattr getfacl getfattr ssh-keygen ssh; do
		! has "$tool" || put_line "$tool"
	done)
	[ -z "$exchange" ] || report exchange
	find_timers
	report rollback-timer $timers
	ok
}

# inspect PATH [secret]: all that a plan has to know of a file, whoever it belongs to; of a secret one its hash, and no
# bytes.
do_inspect() {
	real=$1 secret=${2-}
	resolve_system_links
	folder=${real%/*} name=${real##*/} refusal=
	[ -n "$folder" ] || folder=/
	if ! check_path "$folder"; then
		[ $by_root = yes ] || report_chain
		report real "$real"
		report refusal "$refusal" "$detail"
		report_link_target
		ok
	fi
	[ $by_root = yes ] || report_chain
	# Where it lies, and with whose rights it is read, we report: of what the account's shell reports, only what was not
	# reported before counts.
	report real "$real"
	name_of "$actor"
	report actor "$actor" "$user_name"
	read_stat "$real"
	target=
	case $mode in l*) target=$(readlink -f "$real" 2>/dev/null) ;; esac
	report target "$target"
	# What somebody can put there is read with nobody's rights but theirs.
	[ "$actor" = "$my_uid" ] || [ "$my_uid" != 0 ] || become "$actor"
	cd -P -- "$folder" 2>/dev/null && [ "$(pwd -P)" = "$folder" ] || { report refusal no-folder "$folder"; ok; }
	is_still_theirs || { report refusal owner-changed "$uid"; ok; }
	report_file
	ok
}

report_file() {
	if [ "$actor" != "$my_uid" ]; then find_lock
	elif check_work_folder; then report_kept
	else report work-folder "$folder/.latchkey"
	fi
	if ! check_file || { [ -n "$secret" ] && ! check_beside; }; then report refusal "$refusal" "$detail"; fi
	read_stat "./$name"
	name_of "${uid:-}"
	case $mode in '') ;; *) report file "$mode" "$links" "$uid" "$gid" "$size" "$user_name" ;; esac
	if [ "$actor" != "$my_uid" ]; then [ -n "$refusal" ] || report refusal not-owner "$actor"; fi
	case $mode in l*) report_link_target ;; esac
	measure .
	report space "$free_bytes" "$free_inodes"
	find_timers
	report rollback-timer $timers
	[ -z "$lock" ] || report lock "$lock_token" "$lock_who" "$lock_since" "$lock_end" "$(date +%s)"
	case $mode in -*) ;; *) return ;; esac
	[ -r "./$name" ] && [ "$size" -le 4194304 ] || return
	attributes_of "./$name"
	report attributes "$attributes"
	[ -n "$hash_tool" ] || return
	hash_of "./$name"
	report hash "$hashed"
	[ -z "$secret" ] || return 0
	send_data content <"./$name"
}

# Whose work lies there, also without a lock: the tokens of runs.
report_kept() {
	kept_count=0
	set +f
	for entry in .latchkey/*/; do
		entry=${entry#.latchkey/}
		entry=${entry%/}
		case $entry in '' | *[!A-Za-z0-9]*) continue ;; esac
		kept_count=$((kept_count + 1))
		[ $kept_count -le 16 ] || break
		report kept "$entry"
	done
	set -f
}

# Whether the names are free that a run uses beside a private key: whatever else lies there would stop it half-way.
# That of a new private key is checked by whoever creates one.
check_beside() {
	if is_shared; then refuse shared-folder "$folder"; return 1; fi
	hash_of "./$name"
	here=$hashed
	for suffix in old old.pub new new.pub part known config log said; do
		beside=./$name.latchkey-$suffix
		read_stat "$beside"
		case $suffix,$mode in
			*,) continue ;;
			*,d*) ;;
			old,-*) hash_of "$beside"; [ "$hashed" != "$here" ] || continue ;;
			old*) ;;
			*) continue ;;
		esac
		refuse beside-occupied "$folder/${beside#./}"
		return 1
	done
}

# A link that root has made in a folder where nobody else writes is how this system is laid out (/home -> /usr/home).
resolve_system_links() {
	walked= left=${real#/}/ followed=0 open_on_path=
	while [ -n "${left%/}" ] && [ $followed -lt 16 ]; do
		path_part=${left%%/*} left=${left#*/}
		[ -n "$left" ] || break
		read_stat "$walked/$path_part"
		case $mode in
			l*)
				[ "$uid" = 0 ] && [ -z "$open_on_path" ] || return
				goal=$(readlink "$walked/$path_part" 2>/dev/null) || return
				case $goal in
					/*) left=${goal#/}/$left walked= ;;
					*) left=$goal/$left ;;
				esac
				case /$left in */../* | */./*) return ;; esac
				followed=$((followed + 1))
				real=$walked/${left%/}
				;;
			*)
				walked=$walked/$path_part
				[ "$uid" = 0 ] || open_on_path=yes
				case $mode in d????w* | d???????w*) open_on_path=yes ;; esac
				;;
		esac
	done
}

# Where links lead that nobody follows here: the same file may be known by another path.
report_link_target() {
	case $refusal in linked-*) goal=$(readlink -f "$real" 2>/dev/null) && [ -n "$goal" ] && report goal "$goal" ;; esac
}

report_chain() {
	walked= left=${real#/}/
	report_step /
	while [ -n "${left%/}" ]; do
		walked=$walked/${left%%/*} left=${left#*/}
		report_step "$walked"
	done
}

report_step() {
	read_stat "$1"
	[ -z "$mode" ] || report step "$1" "$mode" "$links" "$uid" "$gid"
}
