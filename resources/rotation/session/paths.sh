# Paths of a session: where a path leads, whose the file is, and whether it can be replaced.

# ls of one thing itself: $mode (as ls says it), $links, $uid, $gid, $size; all empty where there is nothing.
read_stat() { columns $(ls -ldn "$1" 2>/dev/null); }
columns() { mode=${1-} links=${2-} uid=${3-} gid=${4-} size=${5-}; }

# check_path PATH: goes through all its folders; $actor is who writes there: whoever owns the last. No link may be on
# the path, nor a folder of a third. Where that is root, nobody else may write to any of them.
check_path() {
	checked_path=$1 walked=
	case $checked_path in /*) ;; *) refuse odd-path "$checked_path"; return 1 ;; esac
	case $checked_path/ in *//?* | */./* | */../*) refuse odd-path "$checked_path"; return 1 ;; esac
	owners=' ' open=
	left=${checked_path#/}/
	read_stat /
	check_path_step / || return 1
	while [ -n "${left%/}" ]; do
		walked=$walked/${left%%/*} left=${left#*/}
		read_stat "$walked"
		check_path_step "$walked" || return 1
	done
	actor=$uid
	for owner in $owners; do
		case $owner in 0 | "$actor") ;; *) refuse others-folder "$checked_path"; return 1 ;; esac
	done
	if [ "$actor" = 0 ] && [ -n "$open" ]; then refuse open-folder "$open"; return 1; fi
}

check_path_step() {
	case $mode in
		d*) ;;
		l*) refuse linked-folder "$1"; return 1 ;;
		*) refuse no-folder "$1"; return 1 ;;
	esac
	case $owners in *" $uid "*) ;; *) owners="$owners$uid " ;; esac
	case $mode in d????w* | d???????w*) open=$1 ;; esac
}

# What is found, for the caller: it is reported, or refused.
refuse() { refusal=$1 detail=${2-}; return 1; }

# Whether a path has control characters: it could end a line, and go on as words of its own, wherever one is written
# into a text.
is_odd() { [ "$(put_line "$1" | tr -d '\001-\037\177')" != "$1" ]; }

# cd_as_owner PATH: into its folder, as whoever that belongs to; $name is what it is called there.
cd_as_owner() {
	folder=${1%/*} name=${1##*/} refusal=
	[ -n "$folder" ] || folder=/
	case $name in '' | . | ..) no odd-path "$1" ;; esac
	[ -n "${actor_known-}" ] || check_path "$folder" || no "$refusal" "$detail"
	[ "$actor" = "$my_uid" ] || become "$actor"
	cd -P -- "$folder" 2>/dev/null || no no-folder "$folder"
	# From here on by relative names: whoever renames folders now moves us with them.
	[ "$(pwd -P)" = "$folder" ] || no linked-folder "$folder"
	is_still_theirs || no owner-changed "$uid"
}

# Whether the folder that we are in belongs to $actor: whoever may write to a folder of the path can have put another
# in its place since that was checked.
is_still_theirs() { read_stat . && [ "$uid" = "$actor" ]; }

# Whether others than its owner may write in the folder that we are in.
is_shared() {
	read_stat .
	case $mode in
		d???????w*) return 0 ;;
		d????w*) ! is_own_group "$gid" "$uid" || has_named_writers ;;
		*) return 1 ;;
	esac
}

# Where the folder that we are in, whose columns were just read, has an access list, the group's bits are its mask:
# whom it names, getfacl says. Where nothing here could show such a list, it counts as one that names somebody.
has_named_writers() {
	if has getfacl && list=$(getfacl -n . 2>/dev/null); then
		put_line "$list" | grep -q -e '^user:[0-9][0-9]*:.w' -e '^group:[0-9][0-9]*:.w'
		return
	fi
	case $mode in *+) return 0 ;; esac
	case $(ls --help 2>&1) in *usyBox*) return 0 ;; esac
	return 1
}

# is_own_group GID UID: whether the group has that user in it and nobody else. One that stands elsewhere, such as in a
# directory, counts as shared.
is_own_group() {
	is_own=no members=
	while IFS=: read -r account _ number primary _; do
		[ "$primary" = "$1" ] || continue
		[ "$number" = "$2" ] || return 1
		is_own=yes members="$members$account "
	done </etc/passwd
	while IFS=: read -r _ _ number added; do
		case $number,$added in "$1", | "$1,${members% }") ;; "$1",*) return 1 ;; esac
	done </etc/group
	[ $is_own = yes ]
}

# cd_as_known_owner PATH OWNER: the same for what nobody but user OWNER, or root, may see: whoever renames folders of
# the path may have put one of their own there. OWNER is empty where nobody is known to be.
cd_as_known_owner() {
	case ${2-} in *[!0-9]*) no odd-words ;; esac
	folder=${1%/*} refusal=
	check_path "${folder:-/}" || no "$refusal" "$detail"
	case $actor in 0 | "${2:-$actor}") ;; *) no owner-changed "$actor" ;; esac
	# The one that was checked is the one that gets it.
	actor_known=yes
	cd_as_owner "$1"
	if is_shared; then no shared-folder "$folder"; fi
}

# Of a pipe or a device it is empty: opening that might never end. Of what is larger than anything that is changed it
# is the hash of no file of ours: no more than that is read. So it is of what could not be read to its end.
hash_of() {
	hashed=
	[ -f "$1" ] || return 0
	hashed=$({ { $most || put_line unread; } | $hash_tool; } <"$1" 2>/dev/null) || hashed=
	hashed=${hashed%% *}
}

# Whether ./$name is a file that can be replaced by renaming; otherwise $refusal. Leaves its columns.
check_file() {
	[ -n "$hash_tool" ] || { refuse no-hash-tool; return 1; }
	read_stat "./$name"
	case $mode in
		-*) ;;
		'') refuse absent; return 1 ;;
		l*) refuse linked-file; return 1 ;;
		*) refuse not-a-file; return 1 ;;
	esac
	find_mount
	[ $mounted = no ] || { refuse mounted; return 1; }
	[ $is_read_only = no ] || { refuse read-only; return 1; }
	[ "$links" -eq 1 ] || { refuse hard-linked "$links"; return 1; }
	[ "$uid" = "$my_uid" ] || [ "$my_uid" = 0 ] || { refuse not-owner "$uid"; return 1; }
	# Only root and its members can give a file to a group.
	case " $(id -G) " in *" $gid "*) ;; *) [ "$my_uid" = 0 ] || { refuse others-group "$gid"; return 1; } ;; esac
	[ "$size" -le 4194304 ] || { refuse too-large "$size"; return 1; }
	check_flags "./$name" || return 1
	check_flags . || return 1
	check_writable || return 1
	if is_full; then refuse no-space "$free_bytes,$free_inodes"; return 1; fi
	return 0
}

# What is mounted here: $mounted is yes where it is the file itself, which no renaming can replace; $is_read_only.
find_mount() {
	mounted=no is_read_only=no nearest=
	[ -r /proc/self/mountinfo ] || return 0
	here=$(pwd -P)
	here=${here%/}/$name
	while read -r _ _ _ _ point options more; do
		case $point in *\\*) point=$(put_bytes "$(put_line "$point" | sed 's/\\\([0-7][0-7][0-7]\)/\\0\1/g')") ;; esac
		case $here/ in "${point%/}"/*) ;; *) continue ;; esac
		[ "$point" != "$here" ] || mounted=yes
		[ ${#point} -ge ${#nearest} ] || continue
		nearest=$point is_read_only=no
		case $options,${more##* }, in ro,* | *,ro,*) is_read_only=yes ;; esac
	done </proc/self/mountinfo
}

check_flags() {
	has lsattr || return 0
	flags=$(lsattr -d "$1" 2>/dev/null) || return 0
	case ${flags%% *} in
		*i*) refuse immutable "$1"; return 1 ;;
		*a*) refuse append-only "$1"; return 1 ;;
	esac
}

check_writable() {
	[ ! -w . ] || return 0
	set -- $(ls -ldn . 2>/dev/null)
	case ${1-} in ??w*) refuse read-only ;; *) refuse not-writable ;; esac
	return 1
}

# Bytes and inodes that are left to this user in folder $1, into $free_bytes and $free_inodes (empty: unknown). What
# has more than a shell can count that counts in 32 bits, as mksh does, has enough: a gigabyte.
measure() {
	free_bytes= free_inodes= measured=$1
	set -- $(stat -f -c '%a %S %d %c' "$1" 2>/dev/null)
	case ${4-} in
		'' | *[!0-9]*)
			set -- $(df -Pk "$measured" 2>/dev/null | tail -n 1)
			case ${4-} in
				'' | *[!0-9]*) ;;
				???????*) free_bytes=1000000000 ;;
				*) free_bytes=$(($4 * 1024)) ;;
			esac
			return
			;;
	esac
	case $1$2 in ??????????*) free_bytes=1000000000 ;; *) free_bytes=$(($1 * $2)) ;; esac
	# Of some file systems there is no number of inodes.
	case $4,$3 in 0,*) ;; *,??????????*) free_inodes=1000000000 ;; *) free_inodes=$3 ;; esac
}

# Room for three copies of the file and what is made beside it, here or in folder $1.
is_full() {
	measure "${1:-.}"
	[ -z "$free_bytes" ] || [ "$free_bytes" -ge $((${size:-0} * 3 + 65536)) ] || return 0
	[ -z "$free_inodes" ] || [ "$free_inodes" -ge 8 ] || return 0
	return 1
}

# Access lists, extended attributes and label of $1, as one hash.
attributes_of() {
	attributes=$({
		! has getfacl || getfacl -cnp "$1"
		! has getfattr ||
			(cd "${1%/*}" && getfattr -d -m - -e hex "${1##*/}" |
				grep -v -e '^# file' -e '^trusted' -e '^security[.][ei][vm][ma]')
		set -- $(ls -dZ "$1") && [ "${1-?}" = '?' ] || put_line "$1"
	} 2>/dev/null | $hash_tool)
	attributes=${attributes%% *}
}
