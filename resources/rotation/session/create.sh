# Files that are not there yet.

# create PATH UID: an empty file of that user's (0600), and its folder (0700) where that is missing; nothing else is
# made.
do_create() {
	folder=${1%/*} made_folder=
	check_words "$2"
	read_stat "$folder"
	if [ -z "$mode" ]; then
		cd_as_owner "$folder"
		[ "$actor" = "$2" ] || no not-owner "$actor"
		size=0
		if is_full; then no no-space; fi
		problem=$(mkdir -m 700 "./$name" 2>&1) && made_folder=$1 || [ -d "./$name" ] ||
			{ why_of "$problem"; no "$why" "$problem"; }
		label "./$name"
		find_sync .
		sync_folder
	fi
	cd_as_owner "$1"
	[ "$actor" = "$2" ] || no not-owner "$actor"
	read_stat "./$name"
	[ -z "$mode" ] || ok already
	find_sync .
	problem=$( (set -C; : >"./$name") 2>&1) || {
		why_of "$problem"
		[ -z "$made_folder" ] || rmdir "$folder" 2>/dev/null
		no "$why" "$problem"
	}
	label "./$name"
	sync_file "./$name" && sync_folder || { why_of "$problem"; fail "$why" "$problem"; }
	ok created
}

# uncreate PATH UID file|folder: takes away what do_create has made, if nothing is in it.
do_uncreate() {
	check_words "$2" "$3"
	read_stat "${1%/*}"
	[ -n "$mode" ] || ok gone
	cd_as_owner "$1"
	[ "$actor" = "$2" ] || no not-owner "$actor"
	read_stat "./$name"
	case $mode in
		-*) [ "$size" = 0 ] || no changed; rm -f "./$name" ;;
		'') ;;
		*) no changed ;;
	esac
	find_sync .
	sync_folder
	[ "$3" != folder ] || rmdir "$folder" 2>/dev/null
	ok gone
}

# What a new file is called by the system's own rules.
label() { ! has restorecon || restorecon "$1" 2>/dev/null; }
