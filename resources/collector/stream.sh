# The stream: what it is made of, and how it leaves this host. collect.sh says what it looks like.

# A record leaves whole, and at the latest at "@leave": where a later read hangs until we are stopped, what came
# before is there. One at a time would be a packet each, which costs who reads it more than all else.
frame() {
	digest='' by_line=''
	# mawk would wait for the next 4 KiB.
	case $(awk -W version </dev/null) in *mawk*) by_line='-W interactive' ;; esac
	if has sha256sum; then digest=sha256sum
	elif has shasum; then digest='shasum -a 256'
	elif has openssl; then digest='openssl dgst -sha256 -r'
	fi
	aside=''
	if [ $is_offline = yes ]; then aside='cat >&3' digest=${digest:+"$digest >&3"}; fi
	awk $by_line -v nonce="$nonce" -v digest="$digest" -v aside="$aside" -v most=$((16 * MIB - 65536)) "$frame_awk"
}

# What would be the last line is said here, once the host keys have signed it. Of what `frame` runs nothing but that
# line and the paths of the keys comes by the descriptor 3.
collect_signed() {
	exec 4>&1
	told=$({ collect 3>&- 4>&- | frame; } 3>&1 >&4)
	exec 4>&-
	last=''
	set --
	IFS=$nl
	for line in $told; do
		case $line in
			'signer '*) set -- "$@" "${line#signer }" ;;
			'end '*) last=$line ;;
		esac
	done
	unset IFS
	[ -n "$last" ] || return
	printf '%s\n' "$last"
	case $last in
		*' sha256 '*) ;;
		*) printf 'host-unsigned no-digest\n'; return ;;
	esac
	sign_as_host latchkey-host-bundle "$last$nl" "$@"
	if [ -n "$signatures" ]; then printf 'host-signature 1\n%s' "$signatures"
	else printf 'host-unsigned %s\n' "$unsigned"
	fi
}

# Encodes $1 for an attribute, into $token. The plain case costs no process.
encode() {
	case $1 in
		*[!A-Za-z0-9/._@+,=~-]*) token=$(printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%') ;;
		*) token=$1 ;;
	esac
}

payload() {
	if [ $encoding = hex ]; then od -An -v -tx1
	elif [ $coder = openssl ]; then openssl base64
	else base64
	fi
}

# unread KIND PATH WHY [DETAIL]
unread() {
	encode "$2"
	printf '@unread - kind:%s path:%s why:%s' "$1" "$token" "$3"
	[ -z "${4-}" ] || { encode "$4"; printf ' detail:%s' "$token"; }
	printf '\n'
}

# in_seconds N COMMAND...: what asks a directory, which may not answer.
in_seconds() {
	if [ $may_stop = yes ]; then timeout -s KILL "$@"; else shift; "$@"; fi
}

# cut_off KIND PATH: a part in a process of its own did not come to its end, nor may its last line have.
cut_off() { printf '\n'; unread "$1" "$2" not-ended; }

# Asked before what may take long.
is_late() { leave; [ $(($(date +%s) - begun)) -gt 20 ]; }
