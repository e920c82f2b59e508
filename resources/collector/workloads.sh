# What runs as which account: units of systemd, jobs of cron and at, and processes. Of a command its program alone, of
# a variable its name: what follows may be a secret. Nothing is asked of a running systemd, so that a bundle tells the
# same.

read_workloads() {
	limit=
	[ $may_stop = no ] || limit='timeout -s KILL 5'
	read_uid_range
	read_units
	read_jobs
}

# From which number to which accounts are made for people, as this system was told.
read_uid_range() {
	printf '@workloads -'
	[ ! -r /etc/login.defs ] || while read -r key value rest; do
		case $value in '' | *[!0-9]*) continue ;; esac
		case $key in
			UID_MIN) say uid-min "$value" ;;
			UID_MAX) say uid-max "$value" ;;
			SYS_UID_MAX) say system-uid-max "$value" ;;
		esac
	done </etc/login.defs
	printf '\n'
}

# Where units lie, in systemd's order: of two of one name the first counts.
UNIT_FOLDERS='/etc/systemd/system.control /run/systemd/system.control /run/systemd/transient'
UNIT_FOLDERS="$UNIT_FOLDERS /run/systemd/generator.early /etc/systemd/system /etc/systemd/system.attached"
UNIT_FOLDERS="$UNIT_FOLDERS /run/systemd/system /run/systemd/system.attached /run/systemd/generator"
UNIT_FOLDERS="$UNIT_FOLDERS /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system"
UNIT_FOLDERS="$UNIT_FOLDERS /run/systemd/generator.late"

# The services, timers, sockets, paths and targets of systemd, with their drop-ins, and who wants them.
read_units() {
	units_left=5000 theirs_left=100 listed_units= listed_count=0 unit_links=
	for unit_folder in $UNIT_FOLDERS; do
		if leads_to_silence $unit_folder; then unread workload $unit_folder no-answer; continue; fi
		[ -d $unit_folder ] || continue
		if [ $unit_folder = /lib/systemd/system ] && [ $unit_folder -ef /usr/lib/systemd/system ]; then continue; fi
		if [ ! -r $unit_folder ] || [ ! -x $unit_folder ]; then unread workload $unit_folder not-listed; continue; fi
		if is_late; then unread workload $unit_folder too-late; break; fi
		list_units
		if [ $units_left -lt 0 ]; then unread workload $unit_folder too-many-workloads; break; fi
	done
	read_listed_units
}

# No other name is a unit's to systemd.
list_units() {
	set +f
	set -- $unit_folder/*
	set -f
	for file do
		case $file in
			*.service | *.timer | *.socket | *.path | *.target) list_unit "$file" ;;
			*service.d | *timer.d | *socket.d | *path.d | *target.d) list_drop_ins "$file" ;;
			*.wants | *.requires | *.upholds) tell_wants "$file" ;;
		esac
		[ $units_left -ge 0 ] || break
	done
	read_unit_links
}

list_unit() {
	case ${1##*/} in *[!A-Za-z0-9:_.@\\-]*) return ;; esac
	if leads_to_silence "$1"; then unread_unit "$1" no-answer; return; fi
	if [ ! -h "$1" ]; then take_unit "$1"; return; fi
	units_left=$((units_left - 1))
	[ $units_left -lt 0 ] || unit_links="$unit_links $1"
}

list_drop_ins() {
	if leads_to_silence "$1"; then unread workload "$1" no-answer; return; fi
	[ -d "$1" ] || return
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread workload "$1" not-listed; return; fi
	set +f
	set -- "$1"/*.conf
	set -f
	for file do
		if leads_to_silence "$file"; then unread_unit "$file" no-answer; else take_unit "$file"; fi
	done
}

# What one unit has started with it, by links of these names; one that leads to /dev/null takes another one away.
tell_wants() {
	if leads_to_silence "$1"; then unread workload "$1" no-answer; return; fi
	[ -d "$1" ] || return
	if [ ! -r "$1" ] || [ ! -x "$1" ]; then unread workload "$1" not-listed; return; fi
	encode "$1"
	printf '@unit-wants - folder:%s' "$token"
	set +f
	for linked_unit in "$1"/*; do
		set -f
		case ${linked_unit##*/} in *[!A-Za-z0-9:_.@\\-]*) continue ;; esac
		if [ -h "$linked_unit" ] || [ -f "$linked_unit" ]; then
			units_left=$((units_left - 1))
			[ $units_left -ge 0 ] || break
			wanted=unit
			if ! leads_to_silence "$linked_unit" && [ "$linked_unit" -ef /dev/null ]; then wanted=masked; fi
			say $wanted "${linked_unit##*/}"
		fi
	done
	set -f
	printf '\n'
}

# Reads unit file $1, or has it read with others. One that is empty, or no file, takes what it stands before away.
take_unit() {
	units_left=$((units_left - 1))
	[ $units_left -ge 0 ] || return
	if [ "$1" -ef /dev/null ] || { [ -f "$1" ] && [ ! -s "$1" ]; }; then tell_unit "$1" masked yes; return; fi
	[ -f "$1" ] || return
	if [ ! -r "$1" ]; then unread_unit "$1" not-permitted; return; fi
	case $1 in
		*[!A-Za-z0-9/:_.@%+\\-]*) ;;
		*)
			if is_roots_location "$1"; then
				listed_units="$listed_units $1" listed_count=$((listed_count + 1))
				[ $listed_count -lt 400 ] || read_listed_units
				return
			fi
			;;
	esac
	resolve "$1"
	theirs_left=$((theirs_left - 1))
	if [ $theirs_left -lt 0 ]; then unread_unit "$1" too-many-workloads; return; fi
	case $real in '' | /proc/* | /sys/* | /dev/*) unread_unit "$1" pseudo-file; return ;; esac
	if ! hold "$real"; then
		case $why in gone) return ;; closed) why=owner-cannot-read ;; esac
		unread_unit "$1" $why
		return
	fi
	read_stat "$real"
	encode "$1"
	feed "$real" parse_units "$token" || unread_unit "$1" too-late
}

tell_unit() { encode "$1"; printf '@unit - path:%s %s:%s\n' "$token" "$2" "$3"; }
unread_unit() { tell_unit "$1" why "$2"; unread workload "$1" "$2"; }

read_listed_units() {
	[ -n "$listed_units" ] || return
	ls -ldnL $listed_units | parse_units '' || unread workload "${listed_units##* }" too-late
	listed_units= listed_count=0
}

parse_units() {
	export file_as="$1"
	whole $limit awk -v most=262144 "$encode_awk$words_awk$listed_files_awk$unit_files_awk"
}

# Runs what may be stopped. Of what it says a last line that is cut is left out; false where it did not end well.
whole() {
	said=$nl$("$@"; printf %s $?)
	case $said in "$nl"*"$nl"*) said_lines=${said%"$nl"*}; printf '%s\n' "${said_lines#"$nl"}" ;; esac
	[ "${said##*"$nl"}" = 0 ]
}

# Runs $1 with the other words, some hundred at a time: all would be more than one command may have.
in_parts() {
	part_of=$1 part= part_count=0
	shift
	for one do
		part="$part $one" part_count=$((part_count + 1))
		[ $part_count = 400 ] || continue
		$part_of $part
		part= part_count=0
	done
	[ $part_count = 0 ] || $part_of $part
}

# Links of a folder: to /dev/null, to another unit, whose other name this is, or to a unit file elsewhere.
read_unit_links() {
	[ -n "$unit_links" ] || return
	links=$(in_parts 'ls -ldn' $unit_links)
	unit_links=
	IFS=$nl
	for line in $links; do
		unset IFS
		line=/${line#*/}
		read_unit_link "${line%% -> *}" "${line#* -> }"
		IFS=$nl
	done
	unset IFS
}

read_unit_link() {
	case $2 in
		/dev/null) tell_unit "$1" masked yes; return ;;
		*/../* | ../*) resolve "$1"; target=$real ;;
		/*) target=$2 ;;
		*) target=${1%/*}/$2 ;;
	esac
	case " $UNIT_FOLDERS " in
		*" ${target%/*} "*)
			encode "$target"
			tell_unit "$1" to "$token"
			;;
		*) take_unit "$1" ;;
	esac
}
