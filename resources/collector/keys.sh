# Keys: those of the host, and of private key files what they are and their public keys.

read_host_keys() {
	seen_files=$nl
	set +f
	set -- /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
	set -f
	IFS=$nl
	set -- $config_host_keys "$@"
	unset IFS
	for file do
		case $file in
			*.pub)
				[ -f "$file" ] && [ -r "$file" ] || continue
				public_key "$file"
				;;
			*)
				if [ -f "$file.pub" ] && [ -r "$file.pub" ]; then public_key "$file.pub"
				elif [ -e "$file" ] && [ ! -r "$file" ]; then unread host-key "$file" not-permitted
				fi
				[ ! -r "$file" ] || read_key_file "$file" host
				;;
		esac
	done
	[ $is_offline = yes ] || return
	# Where the configuration names none, sshd has these.
	set -- /etc/ssh/ssh_host_ed25519_key /etc/ssh/ssh_host_ecdsa_key /etc/ssh/ssh_host_rsa_key
	IFS=$nl
	[ -z "$config_host_keys" ] || set -- $config_host_keys
	unset IFS
	for file do printf '@signer %s\n' "$file"; done
}

public_key() {
	case $seen_files in *"$nl$1$nl"*) return ;; esac
	seen_files=$seen_files$1$nl
	resolve "$1"
	read_stat "$1"
	is_withheld "$1" && return
	encode "$1"
	printf '@host-key %s path:%s\n' $encoding "$token"
	take "$1" | head -c 16384 | payload
}

# Records one private key file: what it is, and its public key. $2 is "host" if that is a host key as well,
# "maybe" if the file may be anything: then it is told only if it is a key.
read_key_file() {
	case $seen_files in *"$nl$1$nl"*) return ;; esac
	seen_files=$seen_files$1$nl
	[ -f "$1" ] || return
	if [ ! -r "$1" ]; then unread key-file "$1" not-permitted; return; fi
	if [ "$1" != "$held_path" ] && ! hold "$1" k 2; then
		[ $why = gone ] || leave_listed "k:$1"
		return
	fi
	read_stat "$1"
	if [ "$size" -gt 65536 ] && [ $key_form != kubernetes ]; then
		[ "${2-}" = maybe ] || unread key-file "$1" too-large
		return
	fi
	if [ $key_form = plain ]; then facts=$(feed "$1" inspect_key)
	else facts=$(key_text "$1" | inspect_key)
	fi
	case ${2-}$facts in maybe*' format:unknown'*) return ;; esac
	case $facts in
		*' derive:yes'*) derive_public_key "$1" ;;
		*' why:encrypted'*) look_beside "$1.pub" ;;
	esac
	case ${2-} in
		host) facts="$facts host:yes" ;;
		maybe) sign_key "$1" ;;
	esac
	encode "$1"
	printf '@key-file - path:%s e:%s,%s,%s,%s,%s%s\n' "$token" "$mode" "$links" "$uid" "$gid" "$size" "$facts"
}

# Has an unlocked private key sign the nonce of this visit, with the rights of whoever owns it: what the file shows
# of a key anybody can write there. So many keys a visit are asked, and none once it is late. Into $facts.
sign_key() {
	case $facts in *' encrypted:no'*) ;; *) return ;; esac
	case $facts in *' format:putty'* | *' why:'*) return ;; esac
	signed_keys=$((${signed_keys:-0} + 1))
	if [ $signed_keys -gt 64 ] || { [ $signed_keys -gt 8 ] && is_late; }; then facts="$facts proof:unasked"; return; fi
	name_signing_host
	set -- "$1" "latchkey-possession 2${nl}nonce $nonce${nl}host $signing_host${nl}path $1$nl"
	query_key "$rights_uid" "$rights_gid" "$rights_name" "$@"
	# ssh-keygen refuses its owner a file that others can read: one of those is asked.
	case $proof,$mode in
		unsigned,????r* | unsigned,???????r*) ! drops_to 65534 '' || query_key 65534 65534 '' "$@" ;;
	esac
	[ -n "$proof" ] || hurry
	case $proof in
		'' | *[!A-Za-z0-9+/=,-]*) proof=unsigned ;;
	esac
	facts="$facts proof:$proof"
}

# query_key UID GID NAME PATH TEXT: into $proof, with the rights of that account where others than root may write.
# As in fetch, nobody waits for it but who listens to it: whose process it is can stop it.
query_key() {
	proof=$(printf %s "$5" | {
		if [ "$4" != "$held_path" ]; then $drop_limit sh -c "$possession_script" sh "$4" <&3 3<&- &
		elif drops_to "$1" "$3"; then become_account "$1" "$2" "$3" "$possession_script" "$4" <&3 3<&- &
		elif [ "$my_uid" != 0 ]; then $drop_limit sh -c "$possession_script" sh "$4" <&3 3<&- &
		fi
	} 3<&0 | $reading_late head -c 8192)
}

# As fingerprints, into $signing_host: what is signed is nothing on another host.
name_signing_host() {
	[ -z "${signing_host+x}" ] || return 0
	set +f
	set -- /etc/ssh/ssh_host_*_key.pub
	set -f
	signing_host=$(cat "$@" | ssh-keygen -l -f - | awk '{ printf "%s%s", (NR > 1 ? "," : ""), $2 }')
	encode "$signing_host"
	printf '@signing - host:%s\n' "$token"
}

# The text of the private key in file $1. It goes into pipes alone.
key_text() {
	case $key_form in
		kubernetes) take "$1" | kubernetes_parts key ;;
		der)
			printf '%s\n' "-----BEGIN $key_label-----"
			if has base64; then take "$1" | base64; else take "$1" | openssl base64; fi
			printf '%s\n' "-----END $key_label-----"
			;;
		*) take "$1" ;;
	esac
}

# The public key that lies beside a private one that does not show its own: likely, and never proven.
look_beside() {
	! leads_to_silence "$1" && [ -f "$1" ] && [ -r "$1" ] || return
	kept_path=$held_path kept=$held
	if hold "$1" k 1; then set -- $(take "$1" | head -c 16384 | tr -d '\0'); else set --; fi
	held_path=$kept_path held=$kept
	type=${1-} beside=${2-}
	case $type in ssh-* | ecdsa-* | sk-*) ;; *) return ;; esac
	case $beside in '' | *[!A-Za-z0-9+/=]*) ;; *) facts="$facts beside:$beside" ;; esac
}

# An unencrypted PEM or PKCS#8 key, through a pipe: ssh-keygen refuses a file that others can read. The pipe is
# awk's, for those of ksh are sockets, which ssh-keygen cannot open by name.
derive_public_key() {
	facts=${facts%' derive:yes'}
	private=$1
	for input in /dev/stdin /dev/fd/0 /proc/self/fd/0; do [ ! -e $input ] || break; done
	public=$(key_text "$private" | awk -v run="ssh-keygen -y -P '' -f $input" '{ print | run }')
	set -- $public
	case ${1-} in
		ssh-* | ecdsa-*) case ${2-} in '' | *[!A-Za-z0-9+/=]*) ;; *) facts="$facts b64:$2"; return ;; esac ;;
	esac
	# What OpenSSH has no kind for.
	if [ $may_stop = yes ] && has openssl; then
		public=$(key_text "$private" | timeout -s KILL 3 openssl pkey -pubout -outform DER -passin pass: |
			od -An -v -tx1 | tr -d ' \n')
		case $public in 30*) facts="$facts spki:$public"; return ;; esac
	fi
	facts="$facts why:no-public-key"
}

# The facts of a private key as attributes. Only what stands in clear before the private part is decoded, and a
# blob is given out only if it has exactly the parts of its type: a false length cannot pull the rest along.
inspect_key() {
	awk "$inspect_key_awk"
}
