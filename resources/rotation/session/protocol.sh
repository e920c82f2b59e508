# A session on a host: inspects files that say who may log in, and changes them so that each is the old or the new one
# at any moment, whatever ends this. POSIX sh (dash, busybox, bash, ksh, mksh), read by a shell that is running
# already.
#
#   session_serve NONCE     answers requests, one a line on standard input, until that ends
#
# A request is `SEQ VERB 'WORD'...`, in words of the shell. Bytes in a word are written as printf %b takes them.
# Answers:
#
#   lk NONCE SEQ fact NAME WORD...       any number
#   lk NONCE SEQ data NAME b64|hex       then lines of that, then a line with a dot
#   lk NONCE SEQ ok|no|fail WORD...      no: nothing was changed; fail: it was begun, and may have been done. Sent once
#                                        more, it is done, or refused
#   lk NONCE SEQ end STATUS
#
# Every request is executed as whoever owns the folder that it is about: root drops to that user, in a shell that
# gets this library on its standard input. Nothing that a request says is in the words of any process.
#
# What is made for a run lies in FOLDER/.latchkey, and is gone when the run ends:
#
#   lock-N                symbolic link to TOKEN,WHO,SINCE,LEASE-END: the highest N holds the folder
#   TOKEN/before-ID       the file as the run found it
#   TOKEN/part-ID         being written; worth nothing
#   TOKEN/next-ID.HASH    about to become the file, whole, if it has that hash; otherwise it was the file until now
#   TOKEN/held-ID.HASH    the very file that was replaced, which had that hash then
#   TOKEN/revert-ID.sh    what puts held-ID back unless the change is verified in time; armed-ID.GEN while it may

# Whatever the login left behind - options, aliases, functions, locale, PATH - shall not matter.
session_prepare() {
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
	for tool in at awk base64 cat chmod chown cp cut date dd df getfacl getfattr grep head id kill ln ls lsattr mkdir \
		mv od printf pwd read readlink rm rmdir sed setpriv sh sha256sum shasum sort ssh-keygen stat su sync systemctl \
		tail tr echo test cd set shift unset export command wait; do
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
	find_limits
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
	if [ "$(put_line lines | head -c 3)" = lin ]; then most='head -c 4194305' most_answer='head -c 8000001'
	else most=cat most_answer=cat
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

# Encodes $1 as one word, into $encoded: %xx for every byte that is not plain.
encode() {
	case $1 in
		'') encoded=% ;;
		*[!A-Za-z0-9/._@+,=:~-]*)
			encoded=$(put_line "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%'); encoded=${encoded%?0a} ;;
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

report() { frame fact "$@"; }

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

# Why a tool failed, from what it said, into a word. It was about $2, where that lies in another folder than this.
why_of() {
	case $1 in
		*'o space left'*) why=no-space ;;
		*uota*) why=no-space ;;
		*'ead-only'*) why=read-only ;;
		*'peration not permitted'*) why=not-permitted ;;
		*'ermission denied'*) why=not-writable ;;
		*'ile exists'* | *'s a directory'* | *'ot a directory'* | *'on-directory'* | *'irectory not empty'*)
			why=path-occupied ;;
		*) why=io-error ;;
	esac
	# A shell's own printf does not say why.
	set -- "${2-.}"
	[ "$1" = . ] || set -- "${1%/*}/"
	if [ $why = io-error ] && is_full "$1"; then why=no-space; fi
}

# cannot no|fail PATH: ends with why $problem kept PATH, which lies elsewhere than the file of the request, from being
# made. Said by its path is what is in the way, and where a file system that is full is mounted.
cannot() {
	why_of "$problem" "$2"
	case $why in
		path-occupied) find_spot "$2"; $1 path-occupied "$spot" ;;
		no-space) no_room "$1" "$2" ;;
		*) $1 "$why" "$problem" ;;
	esac
}

no_room() {
	ends=$1
	find_spot "$2"
	set -- $(df -Pk "$spot" 2>/dev/null | tail -n 1)
	if [ $# -ge 6 ]; then shift 5; spot=$*; fi
	$ends no-space "$spot"
}

# What there is of path $1, or the nearest above it, into $spot.
find_spot() {
	spot=$1
	while [ -n "$spot" ] && [ ! -e "$spot" ] && [ ! -L "$spot" ]; do spot=${spot%/*}; done
	spot=${spot:-/}
}

session_serve() {
	session_prepare
	nonce=$1 seq=0 by_root=no
	exec 3<&0 </dev/null 2>/dev/null
	frame ok ready "$my_uid" "$(id -un)"
	while IFS= read -r request <&3; do
		[ -n "$request" ] || continue
		session_do "$request"
		frame end $?
	done
}

# In a shell of its own, so that a refusal deep inside ends it, and no folder or variable stays.
session_do() {
	eval "set -- $1"
	seq=$1 verb=$2
	shift 2
	case $verb in '' | *[!a-z_]*) frame no unknown-request; return ;; esac
	has "do_$verb" || { frame no unknown-request; return; }
	("do_$verb" "$@")
}

# One request for a shell that root has started, by the boot below.
session_once() {
	session_prepare
	nonce=$session_nonce request=$session_request by_root=yes
	exec </dev/null 2>/dev/null
	session_do "$request"
}

# What a fresh shell is given as its words, to read the rest; the same for everybody. The library comes last: whatever
# a shell reads by lines from a pipe it reads a byte at a time.
session_boot='IFS= read -r session_nonce
IFS= read -r session_request
eval "$(cat)"
session_once'

# Seconds that an account's shell has for one request; whatever that account has running can keep it from ever ending.
# The verification of a login from there may take 20.
account_seconds=25

# Does this very request as user $1, and ends. Whatever that account has running may speak in its place, so we relay
# what comes of it: it has neither our output, nor our input, nor the word that marks our answers. It may
# also hold the pipes to it and from it: so what feeds it is ended, too, and the last word is ours.
become() {
	[ "$my_uid" = 0 ] || no not-owner "$1"
	[ -n "${session_library-}" ] || no no-library
	[ "${named_uid-}" = "$1" ] || name_of "$1"
	find_session_tool || no no-session
	limit= late=
	if [ -n "$kill_after" ]; then limit="$kill_after $account_seconds" late="$kill_after $((account_seconds + 1))"; fi
	{
		put_line theirs
		put_line "$request"
		put_line "$session_library"
	} | $limit cat | {
		nonce=theirs
		# What it has left behind may hold its output open, or write one line for ever: that ends with what we read it by.
		as_user "$1" "$user_name" | $late $most_answer | cut -c 1-32769
		# On a line of its own, whatever the account has left unended. What it has done by then is not known.
		put_line ''
		put_line "lk theirs $seq fail no-answer"
	} 3<&- | relay || frame fail no-sense
	exit
}

# Passes on the answer to this one request: its facts, its data, and the word that ends it. No more of it than an
# answer of ours can have, which the workstation would take for the end of the session.
relay() {
	within=no passed=0
	while IFS= read -r line; do
		passed=$((passed + ${#line} + 1))
		[ $within = yes ] || passed=$((passed + 64))
		if [ ${#line} -gt 32768 ] || [ $passed -gt 8000000 ]; then break; fi
		if [ $within = yes ]; then
			case $line in '' | *[!A-Za-z0-9+/=.\ ]*) break ;; esac
			put_line "$line"
			[ "$line" != . ] || within=no
			continue
		fi
		case $line in "lk theirs $seq "*) line=${line#"lk theirs $seq "} ;; *) continue ;; esac
		case $line in *[!A-Za-z0-9/._@+,=:~%\ -]*) continue ;; esac
		case $line in fact\ * | data\ * | ok | ok\ * | no\ * | fail\ *) put_line "lk $nonce $seq $line" ;; esac
		case $line in
			data\ *) within=yes ;;
			ok | ok\ * | no\ * | fail\ *) return 0 ;;
		esac
	done
	[ $within = no ] || put_line .
	return 1
}

# as_user UID NAME: runs the boot as that user, without root's groups.
as_user() {
	gid=$(id -g "$2" 2>/dev/null) || gid=$1
	if [ -n "$2" ] && alone setpriv --reuid "$1" --regid "$gid" --init-groups true 2>/dev/null; then
		alone $session_tool $limit setpriv --reuid "$1" --regid "$gid" --init-groups sh -c "$session_boot"
	elif [ -z "$2" ] && alone setpriv --reuid "$1" --regid "$gid" --clear-groups true 2>/dev/null; then
		alone $session_tool $limit setpriv --reuid "$1" --regid "$gid" --clear-groups sh -c "$session_boot"
	elif [ -n "$2" ] && has runuser; then alone $session_tool $limit runuser -u "$2" -- sh -c "$session_boot"
	elif [ -n "$2" ] && has su; then alone $session_tool $limit su -s /bin/sh "$2" -c "$session_boot"
	else no cannot-drop-privileges "$1"
	fi
}

# The account of user $1, into $user_name; empty where it has none.
name_of() {
	user_name= named_uid=$1
	while IFS=: read -r account _ number _; do
		if [ "$number" = "$1" ]; then user_name=$account; break; fi
	done </etc/passwd
	[ -n "$user_name" ] || ! has getent || { user_name=$(getent passwd "$1") && user_name=${user_name%%:*}; }
}
