# Reading files where others than root may write. Somebody there may put a link, a pipe or another file in the place
# of what was looked at. So root reads them with the rights of whoever they belong to; where it cannot drop its own,
# and where we are not root, what was opened is judged by its descriptor. Nothing is read by a name that was judged
# before. Read after as-account.sh and daemon.sh.

# Into $reader, what the shell of an account runs: LIMIT-OF-64-KIB-BLOCKS JUDGE NONBLOCK CODER WORD... A word is
# w:PATH or k:PATH; of w nothing is given that holds a private key or a password hash. It answers two words for
# each: file, absent, other, closed, unjudged or secret; and =CONTENT. in the code of CODER, in one word.
prepare_reading() {
	roots_folders= their_folder= nonblock= reading_late= checked_limit=
	find_drop || :
	if dd if=/dev/null iflag=nonblock count=0; then nonblock=iflag=nonblock; fi
	if [ $may_stop = yes ]; then checked_limit='timeout -s KILL 4' reading_late='timeout -s KILL 5'; fi
	if [ "$(printf x | base64 -w0)" = eA== ]; then coder=base64w decoder='base64 -d'
	elif has base64; then coder=base64 decoder='base64 -d'
	elif has openssl; then coder=openssl decoder='openssl base64 -d -A'
	else coder=od decoder=decode_hex
	fi
	[ $coder != openssl ] || encoding=b64
	reader='
blocks=$1 judge=$2 nonblock=$3 coder=$4
shift 4
set -f
code() {
	case $coder in
		base64w) base64 -w0 ;;
		base64) base64 | tr -d "\n" ;;
		openssl) openssl base64 -A ;;
		*) od -An -v -tx1 | tr -d " \n" ;;
	esac
}
is_secret() { grep -q -e "PRIVATE KEY-----" -e "^Private-Lines:" -e "^[^: ]*:[!]*[\$][0-9a-zA-Z]*[\$]"; }
# Of base64 whether one of these words may be in it, wherever it begins; it is looked at closely only then.
may_be_secret() {
	[ "$coder" != od ] || return 0
	case $content in
		*UFJJVkFURSBLRVktLS0tL* | *BSSVZBVEUgS0VZLS0tLS* | *QUklWQVRFIEtFWS0tLS0t* | \
		*UHJpdmF0ZS1MaW5lcz* | *ByaXZhdGUtTGluZXM6* | *Qcml2YXRlLUxpbmVzO* | \
		*Oi[QR]* | *[DTjz]ok[M-OQ-WY-e]* | *6J[D-H]* | *IS[QR]* | *[CSiy]Ek[M-OQ-WY-e]* | *hJ[D-H]*) return 0 ;;
	esac
	return 1
}
judged() {
	if [ ! -e /proc/self/fd/3 ]; then echo "unjudged ="; return; fi
	[ "$(readlink /proc/self/fd/3)" = "$path" ] || return 1
	set -- "$1" $(ls -ldnL /proc/self/fd/3)
	case ${2-} in -*) ;; *) return 1 ;; esac
	if [ "${4-}" != "$judge" ]; then
		case $1 in w:*) ;; *) return 1 ;; esac
		[ "${3-}" = 1 ] || return 1
	fi
	case $1 in w:*) if is_secret </proc/self/fd/3; then echo "secret ="; return; fi ;; esac
	printf "file ="
	dd bs=65536 count=$blocks <&3 | code
	echo .
}
for asked do
	path=${asked#?:}
	if [ ! -e "$path" ]; then echo "absent ="; continue; fi
	if [ ! -f "$path" ]; then echo "other ="; continue; fi
	if [ ! -r "$path" ]; then echo "closed ="; continue; fi
	if [ "$judge" != - ]; then { judged "$asked"; } 3<"$path" || echo "closed ="; continue; fi
	content=$(dd if="$path" $nonblock bs=65536 count=$blocks | code)
	case $asked in w:*)
		if may_be_secret && dd if="$path" $nonblock bs=65536 count=$blocks | is_secret; then
			echo "secret ="
			continue
		fi ;;
	esac
	printf "file =%s.\n" "$content"
done'
} 2>/dev/null

decode_hex() { awk "$hex_bytes_awk"; }

# Whether nobody but root can say what the name of file $1 leads to: its folder, and that of what it links to. What
# the file holds may be another's to write.
is_roots_location() {
	is_roots_shut "${1%/*}" || return 1
	[ -h "$1" ] || return 0
	location_real=$(readlink -f "$1") && is_roots_shut "${location_real%/*}"
} 2>/dev/null

# Whether folder $1 is such that root alone makes and moves what is in it. Root's are remembered.
is_roots_shut() {
	# Most folders are somebody's home: no process is needed to tell.
	[ "$my_uid" != 0 ] || [ -O "${1:-/}" ] || return 1
	case $nl$roots_folders in *"$nl$1$nl"*) return 0 ;; esac
	[ "$1" != "$their_folder" ] || return 1
	if is_roots_path "${1:-/}"; then
		case $path_mode in ????????w*) ;; *) roots_folders=$roots_folders$1$nl; return 0 ;; esac
	fi
	their_folder=$1
	return 1
}

# fetch UID GID NAME BLOCKS WORD...: reads as that account what the reader is asked for by these words, into
# $fetched, two words for each; less of them where there was no time. By root with its own rights dropped; where
# that cannot be, what is opened is judged.
fetch() {
	fetched=
	fetch_uid=$1 fetch_gid=$2 fetch_name=$3 fetch_blocks=$4
	shift 4
	fetched=$(
		if drops_to "$fetch_uid" "$fetch_name"; then
			# Nobody waits for it but who listens to it, who is limited: should it never end, it has no rights of ours.
			become_account "$fetch_uid" "$fetch_gid" "$fetch_name" "$reader" "$fetch_blocks" - "$nonblock" $coder "$@" &
		else $checked_limit sh -c "$reader" sh "$fetch_blocks" "$fetch_uid" '' $coder "$@"
		fi | $reading_late head -c 6291456
	) 2>/dev/null </dev/null
}

# Whether root's rights can be given up for those of this account.
drops_to() {
	[ "$my_uid" = 0 ] && [ "${1:-0}" != 0 ] || return 1
	case $drop_by in '') return 1 ;; su) [ -n "$2" ] ;; esac
}
