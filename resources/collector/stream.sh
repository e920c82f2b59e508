# ---- The stream -------------------------------------------------------------------------------------------

# A record leaves whole, and at the latest at "@leave": where a later read hangs until we are stopped, what came before is
# there. One at a time would be a packet each, which costs who reads it more than all else.
frame() {
	digest='' by_line=''
	# mawk would wait for the next 4 KiB.
	case $(awk -W version </dev/null) in *mawk*) by_line='-W interactive' ;; esac
	if has sha256sum; then digest=sha256sum
	elif has shasum; then digest='shasum -a 256'
	elif has openssl; then digest='openssl dgst -sha256 -r'
	fi
	aside=''
	if [ $is_carried = yes ]; then aside='cat >&3' digest=${digest:+"$digest >&3"}; fi
	awk $by_line -v nonce="$nonce" -v digest="$digest" -v aside="$aside" -v most=$((16 * MIB - 65536)) '
		# In pieces: each is one write where awk does not gather them.
		function put(line) { text = text line "\n"; total += length(line) + 1; if (length(text) > 4000) send() }
		function send() { print text; if (digest != "") print text | digest; text = "" }
		function close_record(   i) {
			if (head == "") return 1
			if (is_over) return leave_out()
			split(head, word, " ")
			encoding = word[2]
			rest = substr(head, length(word[1]) + length(word[2]) + 3)
			if (total - left + length(head) + held + 16 > most) return leave_out()
			put(word[1] " " held " " encoding (rest == "" ? "" : " " rest))
			for (i = 1; i <= lines; i++) put(line[i])
			count++
			head = ""
			return 1
		}
		# Names what has no room, and goes on with what has, as long as there is room for names.
		function leave_out(   path, name) {
			path = head
			sub(/ .*/, "", path)
			if (match(head, / (path|root):[^ ]+/)) path = substr(head, RSTART + 6, RLENGTH - 6)
			name = "unread 0 - kind:limit path:" path " why:no-room"
			if (head ~ /^unread /) name = "unread 0 " substr(head, 8)
			is_over = 0
			if (!(name in named)) {
				if (left + length(name) > 64000) return 0
				put(name); count++
				left += length(name) + 1
				named[name] = 1
			}
			head = ""
			return 1
		}
		function finish() {
			send()
			last = sprintf("end %d %s %s", count, nonce, (digest == "" ? "none\n" : "sha256 "))
			if (aside == "") printf "%s", last
			else { fflush(); printf "%s", last | aside; close(aside) }
			if (digest == "") return
			fflush()
			system("")
			close(digest)
		}
		BEGIN { ORS = ""; printf "\n"; put("latchkey-collection 1 " nonce) }
		$0 == "@done" { is_done = 1; exit }
		/^@/ {
			if (!close_record()) { is_full = 1; exit }
			if ($0 == "@leave") { send(); fflush(); next }
			if ($0 ~ /^@signer /) { head = ""; if (aside != "") print substr($0, 2) "\n" | aside; next }
			head = substr($0, 2); lines = held = 0
			next
		}
		is_over { next }
		{ line[++lines] = $0; held += length($0) + 1; if (total - left + held > most) is_over = 1 }
		END {
			if (is_done && !close_record()) is_full = 1
			if (is_full) {
				kind = head; sub(/ .*/, "", kind)
				put("unread 0 - kind:limit path:" kind " why:stream-full"); count++
			}
			if (is_done || is_full) finish()
			else { send(); fflush() }
		}'
}

# What would be the last line is said here, once the host keys have signed it. Of what `frame` runs nothing but that line
# and the paths of the keys comes by the descriptor 3.
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

# Asked before what may take long.
is_late() { leave; [ $(($(date +%s) - begun)) -gt 20 ]; }
