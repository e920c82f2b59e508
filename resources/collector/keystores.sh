# Stores of keys: PKCS#12 and those of Java.

# Keystores that came by, and those in the usual places. None leaves the host: of one that opens with a password that
# everybody knows its certificates do, and no key.
read_keystores() {
	stores=
	set +f
	may_hang /etc keystore || list_stores /etc/*/*.p12 /etc/*/*.pfx /etc/*/*.jks /etc/*/*.jceks /etc/*/*.keystore \
		/etc/*/*.bcfks /etc/tomcat*/*/*.p12
	set +f
	may_hang /opt keystore || list_stores /opt/*/conf/*.p12 /opt/*/conf/*.jks /opt/*/conf/*.keystore \
		/opt/*/ssl/*.p12 /opt/*/ssl/*.jks
	set +f
	may_hang /var/lib keystore || list_stores /var/lib/tomcat*/conf/*.p12 /var/lib/tomcat*/conf/*.jks
	set -f
	met=0
	IFS=$nl
	for home in $homes; do
		unset IFS
		met=$((met + 1))
		if [ $((met % 1024)) = 0 ] && is_late; then unread limit "$home" too-late; break; fi
		is_silent "$home" || list_stores "$home/.keystore"
		IFS=$nl
	done
	set -- $keystores $stores
	unset IFS
	seen_stores=$nl stores=0 stores_until=$(($(date +%s) + 5))
	for file do
		case $seen_stores in *"$nl$file$nl"*) continue ;; esac
		seen_stores=$seen_stores$file$nl
		[ -f "$file" ] || continue
		resolve "$file"
		case $real in '' | /proc/* | /sys/* | /dev/*) continue ;; esac
		if [ ! -r "$file" ]; then unread keystore "$file" not-permitted; continue; fi
		if is_late || stores_are_late; then unread limit "$file" too-late; return; fi
		stores=$((stores + 1))
		if [ $stores -gt 64 ]; then unread limit "$file" too-many; return; fi
		read_keystore "$file"
	done
}

read_keystore() {
	read_stat "$1"
	store_facts="e:$mode,$links,$uid,$gid,$size" opened=no
	encode "$1"
	store_token=$token
	if ! hold "$1"; then
		case $why in gone) return ;; closed) why=owner-cannot-read ;; esac
		unread keystore "$1" $why
		return
	fi
	set -- "$1" $(take "$1" | head -c 16 | od -An -v -tx1)
	case "${2-}${3-}${4-}${5-}" in
		feedfeed) store_kind=jks; open_jks "$1" ;;
		cececece) store_kind=jceks; open_jks "$1" ;;
		30*)
			store_kind=pkcs12
			case $1 in *.bcfks) store_kind=bcfks ;; *) open_pkcs12 "$1" ;; esac
			;;
		*) store_kind=unknown ;;
	esac
	printf '@keystore - path:%s kind:%s %s opened:%s' "$store_token" $store_kind "$store_facts" $opened
	[ $opened != default ] || say password "$word"
	printf '\n'
}

# Whether a mount below $1 does not answer, or a link there leads to one, told as of kind $2: then no pattern that
# leads there may be tried.
may_hang() {
	set -f
	if leads_to_silence "$1"; then unread $2 "$1" no-answer; return 0; fi
	IFS=$nl
	for mount in $silent_mounts; do
		case $mount in "$1"/*) unset IFS; unread $2 "$mount" no-answer; return 0 ;; esac
	done
	unset IFS
	set +f
	[ -n "$silent_mounts" ] || return 1
	# The second pattern goes through the links of the first, and so is tried after these.
	if link_hangs $2 "$1"/* || link_hangs $2 "$1"/*/*; then set -f; return 0; fi
	return 1
}

link_hangs() {
	hanging_kind=$1
	shift
	for link do
		if [ -h "$link" ] && leads_to_silence "$link"; then unread $hanging_kind "$link" no-answer; return 0; fi
	done
	return 1
}

list_stores() {
	set -f
	for file do
		if leads_to_silence "$file"; then unread keystore "$file" no-answer; continue; fi
		[ ! -f "$file" ] || stores=$stores$file$nl
	done
}

stores_are_late() { [ "$(date +%s)" -ge $stores_until ]; }

# The certificates of a Java keystore lie open, and its last 20 bytes tell whether a password is the right one.
open_jks() {
	if [ "$size" -gt 524288 ]; then opened=too-large; return; fi
	take "$1" | od -An -v -tu1 | jks_certificates "$store_token" && opened=certificates
	digest=
	if has sha1sum; then digest=sha1sum
	elif has openssl; then digest='openssl dgst -sha1 -r'
	fi
	[ -n "$digest" ] && [ "$size" -gt 32 ] || return
	right=$(take "$1" | tail -c 20 | od -An -v -tx1 | tr -d ' \n')
	for word in changeit changeme password; do
		wide=$(printf %s "$word" | sed 's/./\\000&/g')
		# shellcheck disable=SC2059 # A format of ours: each letter with a zero before it.
		is=$({ printf "$wide"'Mighty Aphrodite'; take "$1" | head -c $((size - 20)); } | $digest)
		[ "${is%% *}" != "$right" ] || { opened=default; return; }
	done
}

# Of a Java keystore in the numbers of od: each certificate that has the shape of one. What is encrypted is passed
# over.
jks_certificates() {
	awk -v path="$1" "$jks_certificates_awk"
}

open_pkcs12() {
	if ! has openssl || [ $may_stop = no ]; then opened=no-tool; return; fi
	if [ "$size" -gt $MIB ]; then opened=too-large; return; fi
	legacy=
	for word in '' changeit changeme password; do
		if stores_are_late; then opened=too-late; return; fi
		inside=$(take "$1" | timeout -s KILL 2 openssl pkcs12 $legacy -nokeys -passin "pass:$word" 2>&1)
		case $inside in
			*'BEGIN CERTIFICATE'*) ;;
			*unsupported* | *'legacy'*)
				legacy=-legacy
				inside=$(take "$1" | timeout -s KILL 2 openssl pkcs12 -legacy -nokeys -passin "pass:$word" 2>&1)
				;;
		esac
		case $inside in
			*'PRIVATE KEY'*) return ;;
			*'BEGIN CERTIFICATE'*)
				printf '%s\n' "$inside" | pem_certificates "$store_token"
				opened=default
				[ -n "$word" ] || opened=open
				return
				;;
		esac
	done
	opened=locked
}
