# Who has signed a carried script.

# It keeps out what was damaged or exchanged on its way. Whoever may have altered this very check runs ssh-keygen first.
check_signature() {
	signature=$0.sig
	if [ -z "$signer" ]; then
		if [ -f "$signature" ]; then put_line 'who signed this script was not checked (--signer does)'
		else put_line 'this script is not signed'
		fi
		return
	fi
	has ssh-keygen || refuse_script 'this host has no ssh-keygen to check its signature with'
	[ -f "$signature" ] || refuse_script "there is no $signature"
	is_signed || refuse_script "$signature is no signature of it by $signer"
	put_line "signed by $signer"
}

refuse_script() { put_line "nothing was done: $1" >&2; exit 2; }

is_signed() {
	case $signer in
		SHA256:*) is_signed_by "$signer"; return ;;
		*) [ -f "$signer" ] && [ -r "$signer" ] || refuse_script "$signer cannot be read" ;;
	esac
	read -r word _ <"$signer"
	case $word in
		ssh-* | ecdsa-* | sk-*)
			set -- $(ssh-keygen -l -f "$signer" 2>/dev/null)
			is_signed_by "${2:-no key}"
			;;
		*)
			who=$(ssh-keygen -Y find-principals -s "$signature" -f "$signer" 2>/dev/null) && [ -n "$who" ] || return 1
			who=${who%%[,$nl]*}
			ssh-keygen -Y verify -f "$signer" -I "$who" -n latchkey-script -s "$signature" <"$0" >/dev/null 2>&1
			;;
	esac
}

is_signed_by() {
	signed=$(ssh-keygen -Y check-novalidate -n latchkey-script -s "$signature" <"$0" 2>/dev/null) || return 1
	[ "${signed##* }" = "$1" ]
}
