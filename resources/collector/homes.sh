# Private keys where people keep them, and where their accounts have been.

# Private keys where people keep them: in ~/.ssh, beside it, and in /etc/ssh. Of homes also where their accounts
# have been: both are read at once, with the rights of the account.
read_homes() {
	told=0 met=0 all_looked=0 outbound_left=3072
	{ printf 'no::::/etc:\n'; printf '%s\n' "$ordered" | awk -F: '$5 ~ /^\// && !told[$5]++'; } | {
		while IFS=: read -r is_shut name account_uid account_gid home shell; do
			met=$((met + 1))
			if [ $((met % 1024)) = 0 ] && is_late; then unread limit "$home" too-late; break; fi
			folder=$home/.ssh
			[ -n "$name" ] || folder=/etc/ssh
			if leads_to_silence "$folder"; then
				unread key-file "$folder" no-answer
				[ -z "$name" ] || unread outbound "$home" no-answer
				continue
			fi
			# Most of a host of very many have none.
			[ -d "$home" ] || continue
			told=$((told + 1))
			if [ $((told % 64)) = 0 ] && is_late; then unread limit "$home" too-late; break; fi
			list_home
			all_looked=$((all_looked + looked))
			if [ $all_looked -ge 64 ]; then
				all_looked=0
				if is_late; then unread limit "$folder" too-late; break; fi
			fi
			work_as
			if [ -n "$in_ssh" ]; then read_home "$folder/.ssh" "$in_ssh"; fi
			if [ -n "$in_home" ]; then read_home "$home/.ssh" "$in_home"; fi
		done
		:
	} || cut_off limit /home
}

# The files of a home that may be private keys, a line each, and those that say where its account has been: $in_ssh
# and $in_home.
list_home() {
	in_ssh= in_home= looked=0
	if [ -d "$folder" ] && { [ ! -r "$folder" ] || [ ! -x "$folder" ]; }; then unread key-file "$folder" not-listed
	else
		set +f
		set -- "$folder"/* "$folder"/.[!.]*
		set -f
		for file do
			case $file in
				*.pub | */authorized_keys* | */moduli | */ssh_host_*_key | */environment | */rc | *"$nl"*) continue ;;
				*/config | */known_hosts*) continue ;;
			esac
			[ $looked -le 256 ] || break
			list_file k "$file" && in_ssh=$in_ssh$listed
		done
	fi
	[ -n "$name" ] || return
	for file in "$home/.ssh/known_hosts" "$home/.ssh/known_hosts2" "$home/.ssh/config"; do
		if leads_to_silence "$file"; then unread outbound "$file" no-answer; continue; fi
		[ ! -f "$file" ] || in_ssh=${in_ssh}w:$file$nl
	done
	set +f
	set -- "$home"/id_* "$home"/*.pem "$home"/*.ppk
	set -f
	for file do
		case $file in *.pub | *"$nl"*) continue ;; esac
		[ $looked -le 256 ] || break
		list_file k "$file" && in_home=$in_home$listed
	done
}

# As $listed, if it may be read at all.
list_file() {
	listed=$1:$2$nl why=
	if leads_to_silence "$2"; then why=no-answer; elif [ ! -f "$2" ]; then return 1; fi
	looked=$((looked + 1))
	if [ $looked -ge 256 ]; then
		[ $looked -gt 256 ] || unread limit "$2" too-many-files
		return 1
	fi
	[ -n "$why" ] || return 0
	leave_listed "k:$2"
	return 1
}

# read_home FILE LIST: reads what is listed, all of which lies in the folder of FILE.
read_home() {
	if is_roots_location "$1"; then
		IFS=$nl
		for file in $2; do
			unset IFS
			read_listed "$file"
			IFS=$nl
		done
		unset IFS
		return
	fi
	work_as "$account_uid" "$account_gid" "$name"
	if choose_rights "$1"; then
		some= many=0
		IFS=$nl
		for file in $2; do
			unset IFS
			some=$some$file$nl many=$((many + 1))
			if [ $many = 20 ]; then read_some "$some"; some= many=0; fi
			IFS=$nl
		done
		unset IFS
		[ $many = 0 ] || read_some "$some"
	fi
	work_as
}

# As many as fit into one answer: twenty files of 128 KiB, in whatever code.
read_some() {
	words=
	IFS=$nl
	for file in $1; do
		unset IFS
		word_for "${file%%:*}" "${file#*:}"
		words=$words$word$nl
		IFS=$nl
	done
	set -- "$1" $words
	unset IFS
	listed=$1
	shift
	fetch "$rights_uid" "$rights_gid" "$rights_name" 2 "$@"
	set -- $fetched
	IFS=$nl
	for file in $listed; do
		unset IFS
		take_answer "${1-}" "${2-}" && held_path=${file#*:} || held_path=
		[ $# -lt 2 ] || shift 2
		case $why in
			gone) ;;
			closed | not-ended | cannot-evaluate | leads-to-secret) leave_listed "$file" ;;
			*) read_listed "$file" ;;
		esac
		IFS=$nl
	done
	unset IFS
	held_path= held=
}

# What could not be read: told of a file that by its name is a key, or is shown.
leave_listed() {
	[ $why != closed ] || why=owner-cannot-read
	case $1 in
		w:*) [ $why = owner-cannot-read ] || unread outbound "${1#w:}" $why ;;
		*/id_* | k:*key* | *.pem | *.ppk) unread key-file "${1#k:}" $why ;;
		# Root would have seen what it is.
		*) [ "$my_uid" != 0 ] && [ $why != not-ended ] && [ $why != cannot-evaluate ] || unread key-file "${1#k:}" $why ;;
	esac
}

read_listed() {
	file=${1#*:}
	case $1 in
		*/config) ship_outbound client-config "$file"; return ;;
		w:*) ship_outbound known-hosts "$file"; return ;;
	esac
	resolve "$file"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	if [ ! -r "$file" ]; then
		case $file in */id_* | *key* | *.pem | *.ppk) unread key-file "$file" not-permitted ;; esac
		return
	fi
	read_key_file "$file" maybe
}
