# What is read of a file, with whose rights, and what must not be shown. Where others than root may write, a file is
# held: what was read of it once, with the rights of whoever may write there, is all that is said of it
# (lib/reading.sh).

# The first MiB of a file and a little more, so that the reader can tell that there is more. Of one that is held,
# what was read of it.
take() { if [ "$1" = "$held_path" ]; then unhold; else dd bs=65536 count=17 <"$1"; fi; }

# Runs $2... on file $1, whose $size is known: most are short and need no dd.
feed() {
	fed=$1
	shift
	if [ "$fed" = "$held_path" ]; then unhold | "$@"
	elif [ "$size" -le $MIB ]; then "$@" <"$fed"
	else take "$fed" | "$@"
	fi
}

unhold() { printf '%s\n' "$held" | $decoder; }

# hold PATH [PREFIX BLOCKS]: before anything reads PATH. 0: root alone says what lies there, or it was read with the
# rights of the account that does, and is held; 1: it was not, and $why is closed, gone, not-ended, cannot-evaluate or
# leads-to-secret. With w as PREFIX no secret is held.
hold() {
	held_path= held= why=
	if [ -z "$as_uid" ] && is_roots_location "$1"; then return 0; fi
	choose_rights "$1" || { why=closed; return 1; }
	word_for "${2:-k}" "$1"
	fetch "$rights_uid" "$rights_gid" "$rights_name" "${3:-17}" "$word"
	set -- "$1" $fetched
	take_answer "${2-}" "${3-}" || return 1
	held_path=$1
}

# One answer of the reader: STATE =CONTENT. Into $held or $why.
take_answer() {
	held= why=closed
	case $1 in
		file) ;;
		absent) why=gone; return 1 ;;
		secret) why=leads-to-secret; return 1 ;;
		unjudged) why=cannot-evaluate; return 1 ;;
		closed | other) return 1 ;;
		*) hurry; return 1 ;;
	esac
	held=${2#=}
	held=${held%.}
	case $2 in "=$held.") ;; *) held=; hurry; return 1 ;; esac
	case $held in *[!A-Za-z0-9+/=]*) held=; return 1 ;; esac
	why=
}

# Whoever has kept us waiting once has no other account wait for as long again.
hurry() {
	why=not-ended
	[ $may_stop = no ] || checked_limit='timeout -s KILL 1' reading_late='timeout -s KILL 2'
}

# With whose rights what lies at $1 is read, where others than root may write: of the account that is at hand, or of
# the first on the way there who can lead it elsewhere. Root's are nobody's to be given there: without another owner
# it is judged what is opened.
choose_rights() {
	rights_uid=$as_uid rights_gid=${as_gid-} rights_name=${as_name-}
	[ -z "$rights_uid" ] || return 0
	if is_roots_literal_path "${1%/*}"; then is_roots_literal_path "$(readlink -f "${1%/*}")"; fi
	set -- $path_line
	rights_uid=${3-} rights_gid=${4-} rights_name=
	[ -n "$rights_uid" ] || return 1
	# The list may be long, and most of one folder is one account's.
	if [ "$rights_uid" != "$named_uid" ]; then
		named_uid=$rights_uid
		uid_name=$(printf '%s\n' "$accounts" | awk -F: -v uid="$rights_uid" '$2 == uid { print $1; exit }')
	fi
	rights_name=$uid_name
}

# As the reader is asked for $2, into $word: what is judged has to be what it is called. What may be shown was asked
# about before, wherever a link leads; with keys nobody is led anywhere.
word_for() {
	word=$1:$2
	drops_to "$rights_uid" "$rights_name" && return
	case $1 in
		w) word=w:$(readlink -f "$2") ;;
		*) word=$1:$(readlink -f "${2%/*}")/${2##*/} ;;
	esac
}

# Whether file $1, which is $real, must not be shown, whoever links to it: $why says so. If not, ship may follow.
is_withheld() {
	why= held_path=
	case $real in
		/proc/* | /sys/* | /dev/*) why=pseudo-file ;;
		*/shadow | */shadow[-.]* | */gshadow | */gshadow[-.]* | */opasswd | */master.passwd) why=leads-to-secret ;;
		*)
			if ! hold "$1" w; then
				case $why in gone) why=no-such-file ;; closed) why=owner-cannot-read ;; esac
			elif [ -z "$held_path" ] && feed "$1" has_secret; then
				why=leads-to-secret
			fi
			;;
	esac
	[ -n "$why" ]
}

has_secret() { grep -q -e 'PRIVATE KEY-----' -e '^Private-Lines:' -e '^[^: ]*:[!]*[$][0-9a-zA-Z]*[$]'; }

# The content of file $1 as a payload, after is_withheld.
ship() { if [ "$1" = "$held_path" ]; then printf '%s\n' "$held"; else feed "$1" payload; fi; }

# Whose rights count until work_as is said without a name: for whom sshd opens it. Root's are given to nobody.
work_as() {
	as_uid=${1-} as_gid=${2-} as_name=${3-}
	[ "$as_uid" != 0 ] || as_uid=
}
