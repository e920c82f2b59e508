# An account's lines in /etc/passwd, shadow, group and gshadow: gone, or put back. Verbs of a session for root alone,
# read after accounts.sh. Nothing but these lines is touched: what the account has in other files stays there.
#
# The lock that all who change these files take (lckpwdf) is one that no shell can take. vipw takes it, and runs an
# editor while it holds it: that is us. vipw's own copy of passwd is left as it is. Each file is replaced by rename,
# with its owner, mode and label; passwd goes first, and comes back last, so that no account is there without its
# password.
#
# What goes lies in the staging folder of the run, in lines-FILE: four lines for each, its number, the name of the
# line before it, the line, and - or = with what it becomes. It has hashes of passwords, and is root's alone.

# With how=show, for each line of a file that goes or changes: its file, the line, and - or = with what it becomes,
# without what is secret; with how=keep what is kept of it; with how=next the file as it becomes.
removal_awk='
function without(list, parts, count, i, left) {
	count = split(list, parts, ",")
	left = ""
	for (i = 1; i <= count; i++) if (parts[i] "" != name "") left = left (left == "" ? "" : ",") parts[i]
	return left
}
function has(list) { return index("," list ",", "," name ",") > 0 }
function hidden(line, parts, count, i, secret, shown) {
	count = split(line, parts, ":")
	secret = parts[2]
	if (file == "shadow")
		parts[2] = secret == "" ? "(none)" : secret ~ /^!/ ? "(locked)" : secret ~ /^[*]/ ? "*" : "(set)"
	else if (secret !~ /^[x!*]?[!*]?$/) parts[2] = "(set)"
	shown = parts[1]
	for (i = 2; i <= count; i++) shown = shown ":" parts[i]
	return shown
}
BEGIN { FS = OFS = ":" }
{
	before = $0
	is_named = ($1 "" == name "")
	goes = is_named && (file == "passwd" || file == "shadow" || own == "yes")
	if (!goes && (file == "group" || file == "gshadow")) {
		if (has($4)) $4 = without($4)
		if (file == "gshadow" && has($3)) $3 = without($3)
	}
	if (how == "next") { if (!goes) print }
	else if (goes || $0 "" != before "") {
		if (how == "show") { print "/etc/" file; print hidden(before); print goes ? "-" : "=" hidden($0) }
		else { print NR; print previous; print before; print goes ? "-" : "=" $0 }
	}
	previous = $1
}'

# Of what was kept, and then the file as it is: the file with those lines as they were. A line that is there already
# stays; 3: another one of that name, or another group of its GID, is there.
putting_back_awk='
function start(line) { return index(line, ":") ? substr(line, 1, index(line, ":") - 1) : line }
function find(key, i) { for (i = 1; i <= count; i++) if (start(lines[i]) "" == key "") return i; return 0 }
function with(line, number, parts, many, i, joined) {
	many = split(line, parts, ":")
	if (index("," parts[number] ",", "," name ",") == 0)
		parts[number] = parts[number] (parts[number] == "" ? "" : ",") name
	joined = parts[1]
	for (i = 2; i <= many; i++) joined = joined ":" parts[i]
	return joined
}
function holds(line, number, parts) {
	split(line, parts, ":")
	return index("," parts[number] ",", "," name ",") > 0
}
NR == FNR {
	part = (FNR - 1) % 4
	if (part == 0) at[++kept] = $0 + 0
	else if (part == 1) after[kept] = $0
	else if (part == 2) old[kept] = $0
	else became[kept] = $0
	next
}
{ lines[++count] = $0 }
function number_of(line, parts) { split(line, parts, ":"); return parts[3] }
function is_taken(line, i) {
	for (i = 1; i <= count; i++)
		if (number_of(lines[i]) == number_of(line) && start(lines[i]) "" != start(line) "") return 1
	return 0
}
END {
	for (k = 1; k <= kept; k++) {
		here = find(start(old[k]))
		if (became[k] != "-") {
			# A group that is gone by now has no members.
			if (!here || lines[here] "" == old[k] "") continue
			if ("=" lines[here] == became[k] "") { lines[here] = old[k]; continue }
			if (holds(old[k], 4)) lines[here] = with(lines[here], 4)
			if (file == "gshadow" && holds(old[k], 3)) lines[here] = with(lines[here], 3)
			continue
		}
		if (here) { if (lines[here] "" != old[k] "") exit 3; continue }
		if (file == "group" && is_taken(old[k])) exit 3
		spot = at[k] - 1
		if (spot > count || (spot > 0 && start(lines[spot]) "" != after[k] "")) {
			spot = find(after[k])
			if (!spot) spot = count
		}
		for (i = count; i > spot; i--) lines[i + 1] = lines[i]
		lines[spot + 1] = old[k]
		count++
	}
	for (i = 1; i <= count; i++) print lines[i]
}'

account_files='passwd shadow group gshadow'

# find_own_group NAME GID: whether the account's own group goes with it, into $own_group: it has its name and number,
# nobody else is in it, and it is nobody else's. Where group has none of that name any more, what gshadow still has is
# what is left of it: a removal has come no further.
find_own_group() {
	own_group=$(for file in passwd group gshadow; do
		[ ! -f "/etc/$file" ] || sed "s/^/$file:/" "/etc/$file"
	done | awk -F: -v name="$1" -v number="$2" '
		function is_in(list) { if (list != "" && list "" != name "") others = 1 }
		$1 == "passwd" { if ($5 == number && $2 "" != name "") others = 1; next }
		$2 "" != name "" { next }
		$1 == "group" { is_there = 1; if ($4 == number) found = 1; is_in($5) }
		$1 == "gshadow" { is_left = 1; is_in($4); is_in($5) }
		END { print (found || is_left && !is_there) && !others ? "yes" : "no" }')
}

# list_lines NAME FILE HOW
list_lines() {
	[ ! -f "/etc/$2" ] || awk -v name="$1" -v file="$2" -v how="$3" -v own="$own_group" "$removal_awk" "/etc/$2"
}

# put_lines_back NAME FILE
put_lines_back() { awk -v name="$1" -v file="$2" "$putting_back_awk" "lines-$2" "/etc/$2"; }

# account_removal NAME UID GID HOME: the lines that would go, what stays, and what is known by its name and its
# number.
do_account_removal() {
	need_accounts "$1"
	find_account_tool vipw || no no-vipw
	check_words "$2" "$3"
	find_own_group "$1" "$3"
	# To the byte, and however long: a group may have thousands of members.
	for file in $account_files; do list_lines "$1" "$file" show; done | send_data lines
	if has getent; then
		[ -z "$(ask_names "$1")" ] || report known
		report numbered "$(ask_names "$2" | cut -d: -f1)"
	fi
	report_stays "$1" "$2" "$4"
	report_rights "$1" "$2" "$3"
	ok
}

# report_stays NAME UID HOME: what the account has beside its lines, each with its owner's number: it stays.
report_stays() {
	named=$1 number=$2 listed=
	for path in "$3" "/var/mail/$1" "/var/spool/mail/$1" "/var/spool/cron/crontabs/$1" "/var/spool/cron/tabs/$1" \
		"/var/spool/cron/$1" "/run/user/$2" "/var/lib/systemd/linger/$1"; do
		case $path in /*) ;; *) continue ;; esac
		# /var/spool/mail may be a link to /var/mail.
		real=$(readlink -f "$path" 2>/dev/null)
		case "$listed$nl" in *"$nl$real$nl"*) continue ;; esac
		listed=$listed$nl$real
		read_stat "$path"
		[ -z "$mode" ] || report stays "$path" "$uid"
	done
	for path in /etc/subuid /etc/subgid; do
		[ -z "$(awk -F: -v name="$named" -v number="$number" '
			$1 "" == name "" || $1 "" == number ""' "$path" 2>/dev/null)" ] || report stays "$path" line
	done
}

# account_remove TOKEN ID NAME UID GID FILE LINE BECOMES...: exactly these lines go, and no other account's. The lines
# are written as printf %b takes them.
do_account_remove() { change_account_lines remove "$@"; }

# account_put_back TOKEN ID NAME UID: what account_remove has kept is in its files again.
do_account_put_back() { change_account_lines put_back "$@"; }

# change_account_lines HOW TOKEN ID NAME...: with the lock that vipw takes.
change_account_lines() {
	how=$1
	need_accounts "$4"
	find_account_tool vipw || no no-vipw
	vipw=$account_tool
	cd_to_run "$2" "$3"
	if [ "$work" = /dev/null ]; then
		if [ "$how" = put_back ]; then ok already; else no not-staged; fi
	fi
	[ -n "${session_library-}" ] || no no-library
	shift 3
	words=
	for word do
		quote "$word"
		words="$words $quoted"
	done
	quote "$work"
	rm -f edited part-editor
	part=part-editor
	problem=$({
		put_line '#!/bin/sh'
		put_line "$session_library"
		put_line "session_prepare; nonce=- seq=0 by_root=no work=$quoted; cd $quoted || exit"
		put_line "(${how}_lines$words) >edited 2>/dev/null </dev/null"
	} 2>&1 >"$part") && chmod 700 "$part" && sync_file "$part" && $move "$part" editor || cannot no "$work/$part"
	part=
	problem=$(cd / && VISUAL=$work/editor EDITOR=$work/editor "$vipw" 2>&1 </dev/null)
	rm -f editor
	result=
	[ ! -f edited ] || IFS= read -r result <edited
	rm -f edited
	case $result in
		'lk - 0 '*) ;;
		# It never came to us: another has the lock, or nothing may be executed there.
		*)
			case $problem in *'ermission denied'* | *'not permitted'*) no not-permitted "$problem" ;; esac
			no accounts-locked "$problem"
			;;
	esac
	forget_names
	put_line "lk $nonce $seq ${result#lk - 0 }"
	exit 0
}

# What remembers names asks again.
forget_names() {
	if find_account_tool nscd; then "$account_tool" -i passwd; "$account_tool" -i group; fi
	if find_account_tool sss_cache; then "$account_tool" -U -G; fi
} >/dev/null 2>&1 </dev/null

# remove_lines NAME UID GID FILE LINE BECOMES...: with the lock.
remove_lines() {
	name=$1 number=$2
	check_words "$2" "$3"
	# The timer waits for the same lock: once it has fired nothing more may go.
	if has_fired; then no fired; fi
	[ "$number" != 0 ] || no root-account
	refuse_others "$name" "$number"
	[ -z "$(report_processes "$number")" ] || no in-use
	find_own_group "$1" "$3"
	shift 3
	asked=
	while [ $# -ge 3 ]; do
		asked=$asked$1$nl$(put_bytes "$2")$nl$(put_bytes "$3")$nl
		shift 3
	done
	todo=
	for file in $account_files; do
		wanted=$(put_line "$asked" | awk -v file="/etc/$file" 'NR % 3 == 1 { is_of = ($0 == file) } is_of')
		now=$(list_lines "$name" "$file" show)
		if [ -n "$now" ]; then
			[ "$now" = "$wanted" ] || no account-changed "/etc/$file"
			todo="$todo $file"
		# Gone by an earlier try.
		elif [ -n "$wanted" ] && [ ! -s "lines-$file" ]; then no account-changed "/etc/$file"
		fi
	done
	[ -n "$todo" ] || ok already
	for file in $todo; do
		check_account_file "$file"
		part=part-lines
		problem=$(list_lines "$name" "$file" keep 2>&1 >"$part") && sync_file "$part" && $move "$part" "lines-$file" ||
			cannot no "$work/$part"
		part=
	done
	sync_folder
	for file in $todo; do
		write_account_file "$file" list_lines "$name" "$file" next
	done
	ok changed
}

# put_back_lines NAME UID: with the lock.
put_back_lines() {
	name=$1
	check_words "$2"
	todo=
	for file in gshadow group shadow passwd; do
		[ ! -s "lines-$file" ] || todo="$todo $file"
	done
	[ -n "$todo" ] || ok already
	# Somebody else may have got the name or the number since.
	refuse_others "$name" "$2"
	for file in $todo; do
		check_account_file "$file"
		put_lines_back "$name" "$file" >/dev/null || no account-changed "/etc/$file"
	done
	for file in $todo; do
		write_account_file "$file" put_lines_back "$name" "$file"
	done
	ok changed
}

# refuse_others NAME UID: no other name has this number, here or by a name service.
refuse_others() {
	others=$(awk -F: -v name="$1" -v number="$2" '
		$3 + 0 == number + 0 && $1 "" != name "" { print $1; exit }' /etc/passwd)
	[ -n "$others" ] || ! has getent || others=$(ask_names "$2" | cut -d: -f1 | grep -vxF "$1")
	[ -z "$others" ] || no shared-number "$others"
}

check_account_file() {
	read_stat "/etc/$1"
	case $mode in
		-*) ;;
		l*) no linked-file "/etc/$1" ;;
		*) no not-a-file "/etc/$1" ;;
	esac
	[ "$links" = 1 ] || no hard-linked "/etc/$1"
	check_flags "/etc/$1" || no "$refusal" "$detail"
	check_flags /etc || no "$refusal" "$detail"
}

# write_account_file FILE FUNCTION WORDS...: it becomes what that prints, and all of it: of a full disk not every awk
# says that it could not write.
write_account_file() {
	written=$1
	shift
	part=/etc/$written.latchkey-part
	rm -f "$part"
	problem=$($copy "/etc/$written" "$part" 2>&1) && problem=$("$@" 2>&1 >"$part") &&
		[ -s "$part" ] && [ "$("$@" | cksum)" = "$(cksum <"$part")" ] && sync_file "$part" &&
		problem=$($move "$part" "/etc/$written" 2>&1) ||
		{ why_of "$problem" "/etc/$written"; fail "$why" "$problem"; }
	part=
	sync /etc 2>/dev/null || sync
}

# account_remove_arm TOKEN ID TIMER SECONDS NAME UID: unless disarmed (deployment_disarm) in so many seconds, what was
# removed is put back.
do_account_remove_arm() {
	need_accounts "$5"
	find_account_tool vipw || no no-vipw
	cd_to_run "$1" "$2" make
	token=$1 deployment=$2 timer_kind=$3 seconds=$4
	check_words "$seconds" "$6"
	shift 4
	arm_library fire_removal "$token" "$deployment" "$@"
}

# fire_removal GEN TOKEN ID NAME UID: whoever takes armed-deployment away first, decides.
fire_removal() {
	mv "armed-deployment.$1" "fired-deployment.$1" || exit
	fired=fired-deployment.$1
	shift
	insist do_account_put_back "$@"
} >/dev/null 2>&1
