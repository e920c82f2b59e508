# Latchkey's hand on a host: looks at files that say who may log in, and changes them so that each is the old or the new
# one at any moment, whatever ends this. POSIX sh (dash, busybox, bash, ksh, mksh), read by a shell that is running already.
#
#   hand_serve NONCE     answers requests, one a line on standard input, until that ends
#
# A request is `SEQ VERB 'WORD'...`, in words of the shell. Bytes in a word are written as printf %b takes them. Answers:
#
#   lk NONCE SEQ tell NAME WORD...       any number
#   lk NONCE SEQ data NAME b64|hex       then lines of that, then a line with a dot
#   lk NONCE SEQ ok|no|fail WORD...      no: nothing was changed; fail: it was begun, and the old file is there
#   lk NONCE SEQ end STATUS
#
# Every request is carried out as whoever owns the folder that it is about: root drops to that user, in a shell that gets
# this library on its standard input. Nothing that a request says is in the words of any process.
#
# What is made for a run lies in FOLDER/.latchkey, and is gone when the run ends:
#
#   lock-N                symbolic link to TOKEN,WHO,SINCE,LEASE-END: the highest N holds the folder
#   TOKEN/before-ID       the file as the run found it
#   TOKEN/part-ID         being written; worth nothing
#   TOKEN/next-ID.HASH    about to become the file, whole, if it has that hash; otherwise it was the file until now
#   TOKEN/held-ID.HASH    the very file that was replaced, which had that hash then
#   TOKEN/revert-ID.sh    what puts held-ID back when nobody says in time that all is well; armed-ID.GEN while it may

# Whatever the login left behind - options, aliases, functions, locale, PATH - shall not matter.
hand_prepare() {
	set +e +u +x +v +C +a
	set -f
	umask 077
	IFS=' 	
'
	nl='
'
	LC_ALL=C LANG=C
	PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:${PATH-}
	export LC_ALL LANG PATH
	unset TZ CDPATH ENV BASH_ENV POSIXLY_CORRECT TIME_STYLE QUOTING_STYLE OPENSSL_CONF
	\unalias -a 2>/dev/null
	for tool in at awk base64 cat chmod chown cp date dd df getfacl getfattr grep head id kill ln ls lsattr mkdir mv od \
		printf pwd read readlink rm rmdir sed setpriv sh sha256sum shasum sort ssh-keygen stat su sync systemctl tail tr \
		echo test cd set shift unset export command wait; do
		unset -f "$tool" 2>/dev/null
	done
	# The words of a program can be read by everybody on a host: printf must be the shell's own.
	case $(type printf 2>/dev/null) in
		*builtin*) put_bytes() { printf %b "$1"; } ;;
		*) put_bytes() { print -n -- "$1"; } ;;
	esac
	case $(type printf 2>/dev/null) in
		*builtin*) put_line() { printf '%s\n' "$1"; } ;;
		*) put_line() { print -r -- "$1"; } ;;
	esac
	find_tools
	my_uid=$(id -u)
}

has() { command -v "$1" >/dev/null 2>&1; }

find_tools() {
	hash_tool=
	if has sha256sum; then hash_tool=sha256sum
	elif has shasum; then hash_tool='shasum -a 256'
	elif has sha256; then hash_tool='sha256 -q'
	elif has openssl; then hash_tool='openssl dgst -sha256 -r'
	fi
	case $(mv --help 2>&1) in
		*--exchange*) exchange='mv --exchange --no-copy -f -T' move='mv -f -T' ;;
		*-T*) exchange= move='mv -f -T' ;;
		*) exchange= move='mv -f' ;;
	esac
	case $(cp --help 2>&1) in
		*--preserve*) copy='cp --preserve=all' ;;
		*) copy='cp -p' ;;
	esac
}

# ---- Answers ----------------------------------------------------------------------------------------------

# Encodes $1 as one word, into $encoded: %xx for every byte that is not plain.
encode() {
	case $1 in
		'') encoded=% ;;
		*[!A-Za-z0-9/._@+,=:~-]*) encoded=$(put_line "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%'); encoded=${encoded%?0a} ;;
		*) encoded=$1 ;;
	esac
}

frame() {
	framed="lk $nonce $seq"
	for word do
		encode "$word"
		framed="$framed $encoded"
	done
	put_line "$framed"
}

tell() { frame tell "$@"; }

# Each ends what is under way.
ok() { frame ok "$@"; exit 0; }
no() { drop_part; frame no "$@"; exit 0; }
fail() { drop_part; frame fail "$@"; exit 0; }

drop_part() { [ -z "${part-}" ] || rm -f "$part"; }

# send_data NAME <FILE
send_data() {
	if has base64; then frame data "$1" b64; base64
	else frame data "$1" hex; od -An -v -tx1
	fi
	put_line .
}

# Why a tool failed, from what it said, into a word.
why_of() {
	case $1 in
		*'o space left'*) why=no-space ;;
		*uota*) why=no-space ;;
		*'ead-only'*) why=read-only ;;
		*'peration not permitted'*) why=not-permitted ;;
		*'ermission denied'*) why=not-writable ;;
		*) why=io-error ;;
	esac
	# A shell's own printf does not say why.
	if [ $why = io-error ] && is_full; then why=no-space; fi
}

# ---- Requests ---------------------------------------------------------------------------------------------

hand_serve() {
	hand_prepare
	nonce=$1 seq=0 by_root=no
	exec 3<&0 </dev/null 2>/dev/null
	frame ok ready "$my_uid" "$(id -un)"
	while IFS= read -r request <&3; do
		[ -n "$request" ] || continue
		hand_do "$request"
		frame end $?
	done
}

# In a shell of its own, so that a refusal deep inside ends it, and no folder or variable stays.
hand_do() {
	eval "set -- $1"
	seq=$1 verb=$2
	shift 2
	case $verb in '' | *[!a-z_]*) frame no unknown-request; return ;; esac
	has "do_$verb" || { frame no unknown-request; return; }
	("do_$verb" "$@")
}

# One request for a shell that root has started: it is on the next line of standard input.
hand_once() {
	hand_prepare
	nonce=$1 by_root=yes
	IFS= read -r request
	exec </dev/null 2>/dev/null
	hand_do "$request"
}

# What a fresh shell is given as its words, to read the rest; the same for everybody.
hand_boot='hand_library= hand_piece=
while IFS= read -r hand_line; do
case $hand_line in "#hand-ends") break ;; esac
hand_piece="$hand_piece$hand_line
"
[ ${#hand_piece} -lt 4096 ] || hand_library=$hand_library$hand_piece hand_piece=
done
hand_library=$hand_library$hand_piece
eval "$hand_library"
IFS= read -r hand_line
hand_once "$hand_line"'

# Does this very request as user $1, and ends. Whatever that account has running may speak in its place, so what comes of it
# goes through our hands: it has neither our output, nor our input, nor the word that marks our answers.
become() {
	[ "$my_uid" = 0 ] || no not-owner "$1"
	[ -n "${hand_library-}" ] || no no-library
	name_of "$1"
	{
		put_line "$hand_library"
		put_line '#hand-ends'
		put_line theirs
		put_line "$request"
	} | {
		nonce=theirs
		as_user "$1" "$user_name"
	} 3<&- | (
		# A line without an end would be as long as there is memory.
		ulimit -v 1048576
		relay
	)
	exit
}

# Passes on the answer to this one request: what it tells, its data, and the word that ends it.
relay() {
	within=no
	while IFS= read -r line; do
		if [ $within = yes ]; then
			case $line in '' | *[!A-Za-z0-9+/=.\ ]*) break ;; esac
			put_line "$line"
			[ "$line" != . ] || within=no
			continue
		fi
		case $line in "lk theirs $seq "*) line=${line#"lk theirs $seq "} ;; *) continue ;; esac
		case $line in *[!A-Za-z0-9/._@+,=:~%\ -]*) continue ;; esac
		case $line in tell\ * | data\ * | ok | ok\ * | no\ * | fail\ *) put_line "lk $nonce $seq $line" ;; esac
		case $line in
			data\ *) within=yes ;;
			ok | ok\ * | no\ * | fail\ *) return ;;
		esac
	done
	[ $within = no ] || put_line .
}

# as_user UID NAME: runs the boot as that user, without root's groups.
as_user() {
	gid=$(id -g "$2" 2>/dev/null) || gid=$1
	if [ -n "$2" ] && setpriv --reuid "$1" --regid "$gid" --init-groups true 2>/dev/null; then
		setpriv --reuid "$1" --regid "$gid" --init-groups sh -c "$hand_boot"
	elif [ -z "$2" ] && setpriv --reuid "$1" --regid "$gid" --clear-groups true 2>/dev/null; then
		setpriv --reuid "$1" --regid "$gid" --clear-groups sh -c "$hand_boot"
	elif [ -n "$2" ] && has runuser; then runuser -u "$2" -- sh -c "$hand_boot"
	elif [ -n "$2" ] && has su; then su -s /bin/sh "$2" -c "$hand_boot"
	else no no-way-to-drop "$1"
	fi
}

# The account of user $1, into $user_name; empty where it has none.
name_of() {
	user_name=
	while IFS=: read -r account _ number _; do
		if [ "$number" = "$1" ]; then user_name=$account; break; fi
	done </etc/passwd
	[ -n "$user_name" ] || ! has getent || { user_name=$(getent passwd "$1") && user_name=${user_name%%:*}; }
}

# ---- Places -----------------------------------------------------------------------------------------------

# ls of one thing itself: $mode (as ls says it), $links, $uid, $gid, $size; all empty where there is nothing.
look_at() { columns $(ls -ldn "$1" 2>/dev/null); }
columns() { mode=${1-} links=${2-} uid=${3-} gid=${4-} size=${5-}; }

# Goes through all folders of path $1, and says in $actor who writes there: whoever owns the last. No link may be on the way,
# nor a folder of a third. Where that is root, nobody else may write on the whole way.
judge_way() {
	way=$1 walked=
	case $way in /*) ;; *) refuse odd-path "$way"; return 1 ;; esac
	case $way/ in *//?* | */./* | */../*) refuse odd-path "$way"; return 1 ;; esac
	owners=' ' open=
	left=${way#/}/
	look_at /
	judge_step / || return 1
	while [ -n "${left%/}" ]; do
		walked=$walked/${left%%/*} left=${left#*/}
		look_at "$walked"
		judge_step "$walked" || return 1
	done
	actor=$uid
	for owner in $owners; do
		case $owner in 0 | "$actor") ;; *) refuse others-folder "$way"; return 1 ;; esac
	done
	if [ "$actor" = 0 ] && [ -n "$open" ]; then refuse open-folder "$open"; return 1; fi
}

judge_step() {
	case $mode in
		d*) ;;
		l*) refuse linked-folder "$1"; return 1 ;;
		*) refuse no-folder "$1"; return 1 ;;
	esac
	case $owners in *" $uid "*) ;; *) owners="$owners$uid " ;; esac
	case $mode in d????w* | d???????w*) open=$1 ;; esac
}

# What is found, for whoever asks first: it is told, or refused.
refuse() { refusal=$1 detail=${2-}; return 1; }

# enter PATH: into its folder, as whoever that belongs to; $name is what it is called there.
enter() {
	folder=${1%/*} name=${1##*/} refusal=
	[ -n "$folder" ] || folder=/
	case $name in '' | . | ..) no odd-path "$1" ;; esac
	judge_way "$folder" || no "$refusal" "$detail"
	[ "$actor" = "$my_uid" ] || become "$actor"
	cd -P -- "$folder" 2>/dev/null || no no-folder "$folder"
	# From here on by relative names: whoever renames folders now moves us with them.
	[ "$(pwd -P)" = "$folder" ] || no linked-folder "$folder"
}

# Of a pipe or a device it is empty: opening that might never end.
hash_of() {
	hashed=
	[ -f "$1" ] || return 0
	hashed=$($hash_tool <"$1" 2>/dev/null) || hashed=
	hashed=${hashed%% *}
}

# Whether ./$name is a file that can be replaced by renaming; otherwise $refusal. Leaves its columns.
judge_file() {
	[ -n "$hash_tool" ] || { refuse no-hash-tool; return 1; }
	look_at "./$name"
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
	judge_flags "./$name" || return 1
	judge_flags . || return 1
	judge_writable || return 1
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

judge_flags() {
	has lsattr || return 0
	flags=$(lsattr -d "$1" 2>/dev/null) || return 0
	case ${flags%% *} in
		*i*) refuse immutable "$1"; return 1 ;;
		*a*) refuse append-only "$1"; return 1 ;;
	esac
}

judge_writable() {
	[ ! -w . ] || return 0
	set -- $(ls -ldn . 2>/dev/null)
	case ${1-} in ??w*) refuse read-only ;; *) refuse not-writable ;; esac
	return 1
}

# Bytes and inodes that are left to this user, into $free_bytes and $free_inodes (empty: not told).
measure() {
	free_bytes= free_inodes=
	set -- $(stat -f -c '%a %S %d %c' . 2>/dev/null)
	case ${4-} in
		'' | *[!0-9]*)
			set -- $(df -Pk . 2>/dev/null | tail -n 1)
			case ${4-} in '' | *[!0-9]*) ;; *) free_bytes=$(($4 * 1024)) ;; esac
			return
			;;
	esac
	# What has more than the shell can count has enough.
	case $1$2 in ???????????????*) free_bytes=1000000000000000 ;; *) free_bytes=$(($1 * $2)) ;; esac
	# Of some file systems there is no number of inodes.
	[ "$4" = 0 ] || free_inodes=$3
}

# Room for three copies of the file and what is made beside it.
is_full() {
	measure
	[ -z "$free_bytes" ] || [ "$free_bytes" -ge $((${size:-0} * 3 + 65536)) ] || return 0
	[ -z "$free_inodes" ] || [ "$free_inodes" -ge 8 ] || return 0
	return 1
}

# Access lists, extended attributes and label of $1, as one hash.
attributes_of() {
	attributes=$({
		! has getfacl || getfacl -cnp "$1"
		! has getfattr || (cd "${1%/*}" && getfattr -d -m - -e hex "${1##*/}" | grep -v -e '^# file' -e '^trusted' -e '^security[.][ei][vm][ma]')
		set -- $(ls -dZ "$1") && [ "${1-?}" = '?' ] || put_line "$1"
	} 2>/dev/null | $hash_tool)
	attributes=${attributes%% *}
}

# ---- Looking ----------------------------------------------------------------------------------------------

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

# look PATH: all that a plan has to know of a file, whoever it belongs to.
do_look() {
	real=$1
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
	# What somebody can put there is read with nobody's rights but theirs.
	[ "$actor" = "$my_uid" ] || [ "$my_uid" != 0 ] || become "$actor"
	tell real "$real"
	tell actor "$actor"
	cd -P -- "$folder" 2>/dev/null && [ "$(pwd -P)" = "$folder" ] || { tell refusal no-folder "$folder"; ok; }
	tell_file
	ok
}

tell_file() {
	judge_file || tell refusal "$refusal" "$detail"
	look_at "./$name"
	name_of "${uid:-}"
	case $mode in '') ;; *) tell file "$mode" "$links" "$uid" "$gid" "$size" "$user_name" ;; esac
	if [ "$actor" != "$my_uid" ]; then [ -n "$refusal" ] || tell refusal not-owner "$actor"; fi
	case $mode in l*) tell_goal ;; esac
	measure
	tell space "$free_bytes" "$free_inodes"
	dead_man_ways
	tell dead-man $ways
	find_lock
	[ -z "$lock" ] || tell lock "$lock_token" "$lock_who" "$lock_since" "$lock_end" "$(date +%s)"
	case $mode in -*) ;; *) return ;; esac
	[ -r "./$name" ] && [ "$size" -le 4194304 ] || return
	attributes_of "./$name"
	tell attributes "$attributes"
	[ -n "$hash_tool" ] || return
	hash_of "./$name"
	tell hash "$hashed"
	send_data content <"./$name"
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

# ---- The lock ---------------------------------------------------------------------------------------------

# The lock that holds, into $lock (its number), $lock_token, $lock_who, $lock_since and $lock_end.
find_lock() {
	lock= lock_token= lock_who= lock_since= lock_end=
	set +f
	for entry in .latchkey/lock-*; do
		number=${entry##*-}
		case $number in '' | *[!0-9]*) continue ;; esac
		if [ -z "$lock" ] || [ "$number" -gt "$lock" ]; then lock=$number; fi
	done
	set -f
	[ -n "$lock" ] || return 0
	IFS=,
	set -- $(readlink ".latchkey/lock-$lock" 2>/dev/null)
	IFS=' 	
'
	lock_token=${1-} lock_who=${2-} lock_since=${3:-0} lock_end=${4:-0}
	# Gone meanwhile.
	[ -n "$lock_token" ] || lock=
}

# begin PATH TOKEN WHO SECONDS BREAKS: takes or renews the lock of the folder of PATH. BREAKS: the token of a lock whose
# lease is over.
do_begin() {
	enter "$1"
	run=$2 who=$(put_line "$3" | tr -c 'A-Za-z0-9@._:\n-' '_' | cut -c 1-200) seconds=$4 breaks=${5-}
	check_words "$run" "$seconds"
	begun=begun tries=0
	# Somebody who ends may take the folder away again between one call and the next.
	until take_lock || [ $tries -ge 20 ]; do tries=$((tries + 1)); done
	if [ -n "$problem" ] || [ -z "$lock" ]; then
		why_of "$problem"
		rmdir .latchkey 2>/dev/null
		no "$why"
	fi
	drop_locks "$lock"
	problem=$(mkdir -p ".latchkey/$run" 2>&1) || { why_of "$problem"; no "$why"; }
	ok $begun "$since" "$((now + seconds))"
}

# Makes the lock after the highest; 1: once more.
take_lock() {
	problem=$(mkdir .latchkey 2>&1) || [ -d .latchkey ] || no_folder
	look_at .latchkey
	case $mode in d*) ;; '') return 1 ;; *) no work-folder-taken ;; esac
	[ "$uid" = "$my_uid" ] || no work-folder-taken
	now=$(date +%s)
	find_lock
	since=$now
	if [ "$lock_token" = "$run" ]; then since=$lock_since begun=renewed
	elif [ -n "$lock" ] && { [ "$breaks" != "$lock_token" ] || [ "$now" -le "$lock_end" ]; }; then is_held
	fi
	mine=$((${lock:-0} + 1))
	problem=$(ln -s "$run,$who,$since,$((now + seconds))" ".latchkey/lock-$mine" 2>&1) && problem=
	find_lock
	if [ -n "$lock" ] && [ "$lock_token" != "$run" ]; then
		# Somebody was faster: the highest holds.
		[ -n "$problem" ] || rm -f ".latchkey/lock-$mine"
		is_held
	fi
	[ -z "$problem" ] || [ -d .latchkey ]
}

no_folder() {
	if [ $tries -lt 20 ] && mkdir .latchkey 2>/dev/null; then return; fi
	judge_flags . || no "$refusal" "$detail"
	why_of "$problem"
	no "$why" "$problem"
}

is_held() { no held "$lock_token" "$lock_who" "$lock_since" "$lock_end" "$(date +%s)"; }

# Removes all locks but that number, or those of $run where it is empty.
drop_locks() {
	set +f
	for entry in .latchkey/lock-*; do
		if [ -n "$1" ]; then [ "${entry##*-}" = "$1" ] || rm -f "$entry"
		else case $(readlink "$entry" 2>/dev/null) in "$run",*) rm -f "$entry" ;; esac
		fi
	done
	set -f
}

# For names of files and arithmetic.
check_words() { for word do case $word in '' | *[!A-Za-z0-9]*) no odd-words ;; esac; done; }

# Whatever is done for a run needs its lock, however old that is.
need_lock() {
	work=.latchkey/$run
	find_lock
	[ -n "$lock" ] || no lock-lost
	[ "$lock_token" = "$run" ] || is_held
	[ -d "$work" ] || mkdir "$work" 2>/dev/null || no lock-lost
}

# end PATH TOKEN: nothing of the run is left in the folder of PATH.
do_end() {
	enter "$1"
	run=$2 work=.latchkey/$2
	check_words "$run"
	[ -d .latchkey ] || ok gone
	late=
	set +f
	for entry in "$work"/next-*; do [ ! -e "$entry" ] || no unfinished "${entry##*-}"; done
	for entry in "$work"/armed-*; do [ ! -e "$entry" ] || no armed "${entry##*/armed-}"; done
	for entry in "$work"/held-*; do
		[ -e "$entry" ] || continue
		hash_of "$entry"
		[ "$hashed" = "${entry##*.}" ] || late="$late $folder/$entry"
	done
	set -f
	[ -z "$late" ] || no late-edit $late
	problem=$(rm -rf "$work" 2>&1)
	is_gone "$work" || fail "$why" "$problem"
	drop_locks ''
	find_lock
	[ "$lock_token" != "$run" ] || { why_of ''; fail "$why"; }
	rmdir .latchkey 2>/dev/null
	sync_folder
	ok ended
}

# ---- Writing ----------------------------------------------------------------------------------------------

find_sync() { if sync "$1" 2>/dev/null; then sync_takes=yes; else sync_takes=no; fi; }

sync_file() {
	if [ "${sync_takes-}" = yes ]; then problem=$(sync "$1" 2>&1)
	elif [ -w "$1" ]; then problem=$(dd if=/dev/null of="$1" conv=fsync,notrunc 2>&1)
	else sync
	fi
}

sync_folder() {
	if [ "${sync_takes-}" = no ]; then sync
	else problem=$(sync . 2>&1)
	fi
}

# Copies bytes, owner, mode, access list, attributes and label, as far as this system can.
copy_whole() {
	rm -f "$2"
	$copy "$1" "$2" 2>/dev/null && return
	rm -f "$2"
	problem=$(cp -p "$1" "$2" 2>&1)
}

# write PATH ID TOKEN BEFORE EXPECTED WANTED [AT REMOVED BYTES]...
# The file has one of the hashes EXPECTED (with commas between) and gets WANTED: what the run has found there (BEFORE), with
# so many bytes removed at AT and BYTES in their place.
do_write() {
	enter "$1"
	id=$2 run=$3 before=$4 expected=,$5, wanted=$6
	check_words "$id" "$run" "$before" "$wanted"
	shift 6
	need_lock
	find_sync "$work"
	hash_of "./$name"
	now=$hashed
	settle
	judge_file || no "$refusal" "$detail"
	kind=$mode,$uid,$gid
	[ "$now" != "$wanted" ] || ok already
	case $expected in *,"$now",*) ;; *) no changed "$now" ;; esac
	attributes_of "./$name"
	had=$attributes
	keep_before
	part=$work/part-$id
	build "$@"
	attributes_of "$part"
	look_at "$part"
	if [ "$had" != "$attributes" ] || [ "$kind" != "$mode,$uid,$gid" ]; then no attributes; fi
	next=$work/next-$id.$wanted
	problem=$($move "$part" "$next" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	part=
	swap
}

# What an earlier try of this run has left, if it was ended half-way.
settle() {
	rm -f "$work/part-$id" "$work/before-part-$id"
	set +f
	for next in "$work/next-$id".*; do
		[ -e "$next" ] || continue
		hash_of "$next"
		if [ "$hashed" = "${next##*.}" ]; then rm -f "$next"; continue; fi
		case ,$before$expected$wanted, in
			*,"$hashed",*) $move "$next" "$work/held-$id.$hashed" 2>/dev/null ;;
			*) give_back "$next" "${next##*.}" ;;
		esac
	done
	for held in "$work/held-$id".*; do
		[ -e "$held" ] || continue
		if [ "$held" -ef "./$name" ]; then rm -f "$held"; continue; fi
		hash_of "$held"
		[ "$hashed" = "${held##*.}" ] || no late-edit "$folder/$held"
	done
	set -f
}

# Somebody wrote while their file was replaced by what has the hash $2, and $1 is what they wrote: it is the file again.
give_back() {
	hash_of "$1"
	theirs=$hashed
	hash_of "./$name"
	[ "$hashed" = "$2" ] || fail late-edit "$folder/$1"
	problem=$($move "$1" "./$name" 2>&1) || fail late-edit "$folder/$1"
	sync_folder
	no changed "$theirs"
}

keep_before() {
	kept=$work/before-$id
	if [ -f "$kept" ]; then
		hash_of "$kept"
		[ "$hashed" = "$before" ] || no no-before
		return
	fi
	[ "$now" = "$before" ] || no no-before
	part=$work/before-part-$id
	copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	hash_of "$part"
	[ "$hashed" = "$before" ] || no changed "$hashed"
	problem=$($move "$part" "$kept" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
	part=
}

build() {
	copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	open_part
	problem=$(put_pieces "$@" 2>&1 >"$part") || { why_of "$problem"; no "$why" "$problem"; }
	close_part
	hash_of "$part"
	if [ "$hashed" != "$wanted" ]; then
		why_of ''
		[ $why = no-space ] || why=bad-bytes
		no $why "$hashed"
	fi
}

# Its owner may write to $part, also where the file is for reading only.
open_part() { if [ -w "$part" ]; then lifted=; else lifted=yes; chmod u+w "$part"; fi; }

close_part() {
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	[ -z "$lifted" ] || chmod u-w "$part" && sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
}

put_pieces() {
	from=0
	while [ $# -ge 3 ]; do
		put_piece $(($1 - from)) || return 1
		put_bytes "$3" || return 1
		from=$(($1 + $2))
		shift 3
	done
	tail -c +$((from + 1)) <"$kept"
}

put_piece() {
	if [ "$1" -gt 0 ]; then tail -c +$((from + 1)) <"$kept" | head -c "$1"; fi
}

# The moment itself. The file that was there stays beside, as held-ID: what is in it when all is done tells whether
# somebody has written in between.
swap() {
	held=$work/held-$id.$now
	look_at "./$name"
	[ "$kind" = "$mode,$uid,$gid" ] || { rm -f "$next"; no changed; }
	hash_of "./$name"
	[ "$hashed" = "$now" ] || { rm -f "$next"; no changed "$hashed"; }
	if [ -n "$exchange" ] && $exchange "$next" "./$name" 2>/dev/null; then
		problem=$($move "$next" "$held" 2>&1) || held=$next
	else
		rm -f "$held"
		ln "./$name" "$held" 2>/dev/null || copy_whole "./$name" "$held"
		problem=$($move "$next" "./$name" 2>&1) || { why_of "$problem"; rm -f "$next" "$held"; fail "$why" "$problem"; }
	fi
	look_at "$held"
	case $mode in -*) ;; *) give_back "$held" "$wanted" ;; esac
	hash_of "$held"
	[ "$hashed" = "$now" ] || give_back "$held" "$wanted"
	sync_folder || { why_of "$problem"; fail "$why" "$problem"; }
	hash_of "./$name"
	[ "$hashed" = "$wanted" ] || fail not-there "$hashed"
	ok written
}

# ---- Files that are not there yet --------------------------------------------------------------------------

# create PATH UID: an empty file of that user's (0600), and its folder (0700) where that is missing; nothing else is made.
do_create() {
	folder=${1%/*} made_folder=
	check_words "$2"
	look_at "$folder"
	if [ -z "$mode" ]; then
		enter "$folder"
		[ "$actor" = "$2" ] || no not-owner "$actor"
		size=0
		if is_full; then no no-space; fi
		problem=$(mkdir -m 700 "./$name" 2>&1) && made_folder=$1 || [ -d "./$name" ] || { why_of "$problem"; no "$why" "$problem"; }
		label "./$name"
		find_sync .
		sync_folder
	fi
	enter "$1"
	[ "$actor" = "$2" ] || no not-owner "$actor"
	look_at "./$name"
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
	look_at "${1%/*}"
	[ -n "$mode" ] || ok gone
	enter "$1"
	[ "$actor" = "$2" ] || no not-owner "$actor"
	look_at "./$name"
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

# ---- The dead man's hand ----------------------------------------------------------------------------------

# What can act when we cannot, into $ways.
dead_man_ways() {
	ways=
	if [ -d /run/systemd/system ] && has systemd-run && { [ "$my_uid" = 0 ] || [ $by_root = yes ]; }; then ways=systemd-run; fi
	if has at && runs atd && at -l >/dev/null 2>&1; then ways="$ways at"; fi
	if has setsid || has nohup; then ways="$ways sleep"; fi
}

runs() {
	set +f
	for entry in /proc/[0-9]*/comm; do
		IFS= read -r command_name <"$entry" || continue
		if [ "$command_name" = "$1" ]; then set -f; return 0; fi
	done 2>/dev/null
	set -f
	return 1
}

quote() { quoted=\'$(put_line "$1" | sed "s/'/'\\\\''/g")\'; }

# Stands alone. Whoever takes armed-ID away first, decides.
revert_text='
PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C
export PATH LC_ALL
umask 077
cd -P -- "$folder" || exit
work=.latchkey/$run
mv "$work/armed-$id.$gen" "$work/fired-$id.$gen" || exit
hash_of() { hashed=$($hash_tool <"$1") || hashed=; hashed=${hashed%% *}; }
become_file() {
	sync "$work/back-$id" || sync
	hash_of "./$name"
	[ "$hashed" = "$now" ] && $move "$work/back-$id" "./$name" && { sync . || sync; }
}
take_away() {
	mv "./$name" "$work/gone-$id" || return
	hash_of "$work/gone-$id"
	[ "$hashed" = "$prior" ] || ln "$work/gone-$id" "./$name"
	sync . || sync
}
hash_of "./$name"
now=$hashed
if [ "$now" = "$wrote" ]; then
	held=$work/held-$id.$prior
	[ -f "$held" ] || held=$work/next-$id.$wrote
	hash_of "$held"
	if [ "$hashed" = "$prior" ]; then
		rm -f "$work/back-$id"
		$copy "$held" "$work/back-$id" || cp -p "$held" "$work/back-$id"
		hash_of "$work/back-$id"
		[ "$hashed" = "$prior" ] && become_file && [ "$created" = yes ] && take_away
	fi
elif [ "$now" = "$prior" ]; then [ "$created" != yes ] || take_away
elif [ -s "$work/lines-$id" ]; then
	rm -f "$work/back-$id"
	$copy "./$name" "$work/back-$id" || cp -p "./$name" "$work/back-$id"
	{
		[ -z "$(tail -c 1 "$work/back-$id" | tr -d "\\n")" ] || echo
		cat "$work/lines-$id"
	} >>"$work/back-$id" && become_file
fi
rm -f "$work/back-$id"'

# arm PATH ID TOKEN WAY SECONDS WROTE PRIOR LINES CREATED: unless disarmed in so many seconds, the file gets PRIOR back if it is
# still WROTE; if it is neither, and LINES is not empty, those are added to it. CREATED (yes): there was no file, and PRIOR, which
# is empty, goes away, too.
do_arm() {
	enter "$1"
	id=$2 run=$3 way=$4 seconds=$5 wrote=$6 prior=$7 created=${9:-no}
	check_words "$id" "$run" "$seconds" "$wrote" "$prior" "$created"
	need_lock
	find_sync "$work"
	disarm_all
	# What an earlier one has done is seen by whoever arms anew; it says nothing of this one.
	set +f
	rm -f "$work/fired-$id".*
	set -f
	gen=$(date +%s)x$$
	revert=$work/revert-$id.$gen.sh part=$work/part-$id
	quote "$folder"
	head="folder=$quoted"
	quote "$name"
	head="$head name=$quoted run=$run id=$id gen=$gen wrote=$wrote prior=$prior created=$created"
	head="$head hash_tool='$hash_tool' copy='$copy' move='$move'"
	problem=$({ put_line "$head" && put_line "$revert_text"; } 2>&1 >"$part") || { why_of "$problem"; no "$why"; }
	sync_file "$part" || { why_of "$problem"; no "$why"; }
	$move "$part" "$revert"
	rm -f "$work/lines-$id"
	if [ -n "${8-}" ]; then
		problem=$(put_bytes "$8" 2>&1 >"$part") || { why_of "$problem"; no "$why"; }
		sync_file "$part" || { why_of "$problem"; no "$why"; }
		$move "$part" "$work/lines-$id"
	fi
	part=
	put_line "$way" >"$work/armed-$id.$gen" || no no-space
	case $way in
		sleep) { has setsid || has nohup; } && start_sleep ;;
		at) start_at ;;
		systemd-run) ;;
		*) rm -f "$work/armed-$id.$gen"; no odd-words ;;
	esac || { rm -f "$work/armed-$id.$gen"; no no-dead-man "$way"; }
	sync_folder
	ok armed "$gen"
}

start_sleep() {
	set -- sh -c 'trap "" HUP; sleep "$1"; exec sh "$2"' latchkey "$seconds" "$folder/$revert"
	if has setsid; then setsid "$@" </dev/null >/dev/null 2>&1 3<&- &
	else nohup "$@" </dev/null >/dev/null 2>&1 3<&- &
	fi
	put_line $! >"$work/timer-$id.$gen"
	kill -0 $!
}

# at counts in minutes, and begins them on time: what is left over is slept.
start_at() {
	quote "$folder/$revert"
	due=$(($(date +%s) + seconds))
	told=$(put_line "rest=\$(($due - \$(date +%s))); [ \$rest -lt 0 ] && rest=0; [ \$rest -gt $seconds ] && rest=$seconds
exec >/dev/null 2>&1; sleep \$rest; exec sh $quoted" | at "now + $((seconds / 60)) minutes" 2>&1) || return 1
	told=${told##*job }
	put_line "${told%% *}" >"$work/timer-$id.$gen"
}

# start_timer PATH ID TOKEN GENERATION SECONDS: the service manager, which root alone may ask, runs what was armed. As whom,
# and where that lies, root sees for itself: an account's own shell could tell it anything.
do_start_timer() {
	id=$2 run=$3 gen=$4 seconds=$5
	check_words "$id" "$run" "$gen" "$seconds"
	folder=${1%/*} refusal=
	judge_way "${folder:-/}" || no "$refusal" "$detail"
	problem=$(systemd-run --quiet --on-active="$seconds" --timer-property=AccuracySec=1s --uid="$actor" \
		--unit="latchkey-$run-$id-$gen" /bin/sh "$folder/.latchkey/$run/revert-$id.$gen.sh" 2>&1) || no no-dead-man "$problem"
	ok started
}

do_stop_timer() {
	case $1 in *[!A-Za-z0-9-]*) no odd-words ;; esac
	systemctl stop "latchkey-$1.timer" >/dev/null 2>&1
	ok stopped
}

# Takes away what would let it fire; ways and generations of what was armed, into $disarmed.
disarm_all() {
	disarmed=
	set +f
	for entry in "$work/armed-$id".*; do
		[ -e "$entry" ] || continue
		gen=${entry##*.}
		IFS= read -r way_then <"$entry" || way_then=
		mv "$entry" "$work/off-$id.$gen" 2>/dev/null || continue
		disarmed="$disarmed $way_then $gen"
		stop_timer
	done
	set -f
}

stop_timer() {
	IFS= read -r timer <"$work/timer-$id.$gen" || return 0
	case $timer in '' | *[!0-9]*) return ;; esac
	case $way_then in
		at) atrm "$timer" ;;
		# Its number may be somebody else's by now.
		sleep) case $(tr '\0' ' ' <"/proc/$timer/cmdline") in *"$run"*) kill -- "-$timer" || kill "$timer" ;; esac ;;
	esac
} 2>/dev/null

# disarm PATH ID TOKEN
do_disarm() {
	enter "$1"
	id=$2 run=$3 work=.latchkey/$3
	check_words "$id" "$run"
	disarm_all
	set +f
	for entry in "$work/fired-$id".*; do [ ! -e "$entry" ] || { rm -f "$entry"; no fired; }; done
	set -f
	ok disarmed $disarmed
}

# ---- Halves of keys ---------------------------------------------------------------------------------------

# put PATH BEFORE WANTED MODE BYTES|made: the file gets the hash WANTED; what it was (BEFORE, or "absent") stays beside
# it as PATH.latchkey-old. "made": it is what do_make has left beside it.
do_put() {
	enter "$1"
	before=$2 wanted=$3 new_mode=$4
	check_words "$before" "$wanted" "$new_mode"
	find_sync .
	rm -f "./$name.latchkey-part"
	hash_of "./$name"
	[ "$hashed" != "$wanted" ] || ok already
	now=$hashed part=./$name.latchkey-part old=./$name.latchkey-old
	look_at "./$name"
	if [ "$before" = absent ]; then
		[ -z "$mode" ] || no changed "$now"
		make_empty "$part" || { why_of "$problem"; no "$why" "$problem"; }
	else
		judge_file || no "$refusal" "$detail"
		[ "$now" = "$before" ] || no changed "$now"
		keep_old
		copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	fi
	open_part
	if [ "$5" = made ]; then problem=$(cat "./$name.latchkey-new" 2>&1 >"$part")
	else problem=$(put_bytes "$5" 2>&1 >"$part")
	fi || { why_of "$problem"; no "$why"; }
	close_part
	[ "$before" != absent ] || chmod "$new_mode" "$part"
	hash_of "$part"
	[ "$hashed" = "$wanted" ] || no bad-bytes "$hashed"
	hash_of "./$name"
	[ "$hashed" = "$now" ] || no changed "$hashed"
	problem=$($move "$part" "./$name" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	part=
	sync_folder || { why_of "$problem"; fail "$why" "$problem"; }
	[ "$5" != made ] || rm -f "./$name.latchkey-new"
	ok put
}

# Not by the shell's own `:`, which would end with the request where that fails.
make_empty() { problem=$( (: >"$1") 2>&1); }

keep_old() {
	if [ -e "$old" ]; then
		hash_of "$old"
		[ "$hashed" = "$before" ] || no old-in-the-way "$folder/${old#./}"
		return
	fi
	copy_whole "./$name" "$part" || { why_of "$problem"; no "$why" "$problem"; }
	sync_file "$part" || { why_of "$problem"; no "$why" "$problem"; }
	hash_of "$part"
	[ "$hashed" = "$before" ] || no changed "$hashed"
	problem=$($move "$part" "$old" 2>&1) || { why_of "$problem"; no "$why" "$problem"; }
}

# commit_put PATH: what was kept beside it is gone.
do_commit_put() {
	enter "$1"
	remove_all "./$name.latchkey-old" "./$name.latchkey-new" "./$name.latchkey-part"
	sync_folder
	ok done
}

# Each is gone, or nothing is said to be done.
remove_all() {
	problem=$(rm -f "$@" 2>&1)
	is_gone "$@" || fail "$why" "$problem"
}

# Whether nothing is there under any of these names, not even a link to nowhere; otherwise $why, from $problem.
is_gone() {
	for entry do
		if [ -e "$entry" ] || [ -L "$entry" ]; then why_of "$problem"; return 1; fi
	done
}

# undo_put PATH WROTE BEFORE
do_undo_put() {
	enter "$1"
	wrote=$2 before=$3 old=./$name.latchkey-old
	find_sync .
	rm -f "./$name.latchkey-part" "./$name.latchkey-new"
	hash_of "./$name"
	now=$hashed
	if [ "$before" = absent ]; then
		look_at "./$name"
		[ -n "$mode" ] || ok already
		[ "$now" = "$wrote" ] || no changed "$now"
		rm -f "./$name"
	elif [ "$now" = "$before" ]; then
		# Another one was kept by an earlier run.
		hash_of "$old"
		[ "$hashed" != "$before" ] || rm -f "$old"
		ok already
	else
		[ "$now" = "$wrote" ] || no changed "$now"
		hash_of "$old"
		[ "$hashed" = "$before" ] || no no-before
		problem=$($move "$old" "./$name" 2>&1) || { why_of "$problem"; fail "$why" "$problem"; }
	fi
	sync_folder
	ok done
}

# make PATH TYPE BITS COMMENT again|fresh: a pair at PATH.latchkey-new; BITS 0: as many as usual. What lies there already is
# taken for what an earlier try of this run has made; "fresh": there was none.
do_make() {
	enter "$1"
	new=./$name.latchkey-new
	has ssh-keygen || no no-ssh-keygen
	if [ "${5-}" = fresh ] && [ -e "$new" ]; then no new-in-the-way "$folder/$name.latchkey-new"; fi
	set -- "$1" "$2" "$3" "$4"
	find_sync .
	size=0
	if is_full; then no no-space; fi
	# A pair that is not whole is worth nothing: the public half is written last.
	if [ ! -s "$new" ] || [ ! -s "$new.pub" ] || ! ssh-keygen -l -f "$new" >/dev/null 2>&1; then
		rm -f "$new" "$new.pub"
		set -- "$@" -q -t "$2" -N '' -C "$4" -f "$new"
		[ "$3" = 0 ] || set -- "$@" -b "$3"
		shift 4
		problem=$(ssh-keygen "$@" 2>&1 </dev/null) || {
			why_of "$problem"
			rm -f "$new" "$new.pub"
			[ $why != io-error ] || why=keygen
			no "$why" "$problem"
		}
	fi
	sync_file "$new" && sync_file "$new.pub" || { why_of "$problem"; no "$why"; }
	sync_folder
	hash_of "$new"
	tell hash "$hashed"
	send_data public <"$new.pub"
	ok made
}

# ---- Logs -------------------------------------------------------------------------------------------------

# log SINCE FINGERPRINT...: the lines that tell of logins by one of these keys; of logs that begin within it, all of them.
# Where no log can be read, nothing is known.
do_log() {
	since=$1
	check_words "$since"
	shift
	sources=
	if has journalctl && [ -n "$(ask_journal -n 1)" ]; then sources=journal; fi
	for file in /var/log/auth.log.1 /var/log/auth.log /var/log/secure.1 /var/log/secure; do
		if [ -f "$file" ] && [ -r "$file" ]; then sources="$sources $file"; fi
	done
	[ -n "$sources" ] || no no-log
	tell sources $sources
	for source in $sources; do
		if [ "$source" = journal ]; then ask_journal --since "@$since"; else cat "$source"; fi
	done | grep 'Accepted publickey for ' | keep_lines "$@" | tail -n 2000 | send_data lines
	ok read
}

ask_journal() {
	journalctl --system -q --no-pager -o short-iso "$@" _UID=0 \
		SYSLOG_IDENTIFIER=sshd SYSLOG_IDENTIFIER=sshd-session SYSLOG_IDENTIFIER=sshd-auth 2>/dev/null
}

keep_lines() {
	set -- $(for fingerprint do printf -- '-e %s\n' "$fingerprint"; done)
	grep -F "$@"
}
