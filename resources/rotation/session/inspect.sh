# What Latchkey's hand tells of a host and of a file before it is changed.

do_host() {
	tell uid "$my_uid" "$(id -un)"
	tell time "$(date +%s)" "$(date +%z)"
	tell hash-tool "$hash_tool"
	tell tools $(for tool in setpriv runuser su systemd-run at setsid nohup lsattr getfacl getfattr ssh-keygen ssh; do
		! has "$tool" || put_line "$tool"
	done)
	[ -z "$exchange" ] || tell exchange
	dead_man_ways
	tell dead-man $ways
	ok
}

# look PATH [secret]: all that a plan has to know of a file, whoever it belongs to; of a secret one its hash, and no
# bytes.
do_look() {
	real=$1 secret=${2-}
	resolve_system_links
	folder=${real%/*} name=${real##*/} refusal=
	[ -n "$folder" ] || folder=/
	if ! judge_way "$folder"; then
		[ $by_root = yes ] || tell_chain
		tell real "$real"
		tell refusal "$refusal" "$detail"
		tell_goal
		ok
	fi
	[ $by_root = yes ] || tell_chain
	# Where it lies, and with whose rights it is read, is our word: of what the account's shell tells, only what has not
	# been told counts.
	tell real "$real"
	name_of "$actor"
	tell actor "$actor" "$user_name"
	look_at "$real"
	led=
	case $mode in l*) led=$(readlink -f "$real" 2>/dev/null) ;; esac
	tell led "$led"
	# What somebody can put there is read with nobody's rights but theirs.
	[ "$actor" = "$my_uid" ] || [ "$my_uid" != 0 ] || become "$actor"
	cd -P -- "$folder" 2>/dev/null && [ "$(pwd -P)" = "$folder" ] || { tell refusal no-folder "$folder"; ok; }
	is_still_theirs || { tell refusal owner-changed "$uid"; ok; }
	tell_file
	ok
}

tell_file() {
	if [ "$actor" != "$my_uid" ]; then find_lock
	elif judge_work_folder; then tell_kept
	else tell work-folder "$folder/.latchkey"
	fi
	if ! judge_file || { [ -n "$secret" ] && ! judge_beside; }; then tell refusal "$refusal" "$detail"; fi
	look_at "./$name"
	name_of "${uid:-}"
	case $mode in '') ;; *) tell file "$mode" "$links" "$uid" "$gid" "$size" "$user_name" ;; esac
	if [ "$actor" != "$my_uid" ]; then [ -n "$refusal" ] || tell refusal not-owner "$actor"; fi
	case $mode in l*) tell_goal ;; esac
	measure .
	tell space "$free_bytes" "$free_inodes"
	dead_man_ways
	tell dead-man $ways
	[ -z "$lock" ] || tell lock "$lock_token" "$lock_who" "$lock_since" "$lock_end" "$(date +%s)"
	case $mode in -*) ;; *) return ;; esac
	[ -r "./$name" ] && [ "$size" -le 4194304 ] || return
	attributes_of "./$name"
	tell attributes "$attributes"
	[ -n "$hash_tool" ] || return
	hash_of "./$name"
	tell hash "$hashed"
	[ -z "$secret" ] || return 0
	send_data content <"./$name"
}

# Whose work lies there, also without a lock: the tokens of runs.
tell_kept() {
	kept_count=0
	set +f
	for entry in .latchkey/*/; do
		entry=${entry#.latchkey/}
		entry=${entry%/}
		case $entry in '' | *[!A-Za-z0-9]*) continue ;; esac
		kept_count=$((kept_count + 1))
		[ $kept_count -le 16 ] || break
		tell kept "$entry"
	done
	set -f
}

# What a run would make beside a private key has room there: whatever else lies there stops it half-way. A new half is
# asked for by whoever makes one.
judge_beside() {
	if is_shared; then refuse shared-folder "$folder"; return 1; fi
	hash_of "./$name"
	here=$hashed
	for suffix in old old.pub new new.pub part known config log said; do
		beside=./$name.latchkey-$suffix
		look_at "$beside"
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
	walked= left=${real#/}/ followed=0 open_way=
	while [ -n "${left%/}" ] && [ $followed -lt 16 ]; do
		part_of_way=${left%%/*} left=${left#*/}
		[ -n "$left" ] || break
		look_at "$walked/$part_of_way"
		case $mode in
			l*)
				[ "$uid" = 0 ] && [ -z "$open_way" ] || return
				goal=$(readlink "$walked/$part_of_way" 2>/dev/null) || return
				case $goal in
					/*) left=${goal#/}/$left walked= ;;
					*) left=$goal/$left ;;
				esac
				case /$left in */../* | */./*) return ;; esac
				followed=$((followed + 1))
				real=$walked/${left%/}
				;;
			*)
				walked=$walked/$part_of_way
				[ "$uid" = 0 ] || open_way=yes
				case $mode in d????w* | d???????w*) open_way=yes ;; esac
				;;
		esac
	done
}

# Where links lead that nobody follows here: the same file may be known by another path.
tell_goal() {
	case $refusal in linked-*) goal=$(readlink -f "$real" 2>/dev/null) && [ -n "$goal" ] && tell goal "$goal" ;; esac
}

tell_chain() {
	walked= left=${real#/}/
	tell_step /
	while [ -n "${left%/}" ]; do
		walked=$walked/${left%%/*} left=${left#*/}
		tell_step "$walked"
	done
}

tell_step() {
	look_at "$1"
	[ -z "$mode" ] || tell step "$1" "$mode" "$links" "$uid" "$gid"
}
