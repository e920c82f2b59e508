# Who has signed an offline script.

# It keeps out what was damaged or exchanged on its way: a script that was signed when it was written names its signer,
# and does nothing without that signature. Whoever may have altered this very check runs ssh-keygen first.
# $signature_checked: yes where it is checked, and by a key that was named.
check_signature() {
	script_signature=$0.sig signature_checked=no
	if [ -z "$signer$offline_signer" ] && [ ! -f "$script_signature" ]; then
		put_line 'this script is not signed'
		return
	fi
	if ! can_verify; then
		[ -n "$unchecked_signature" ] ||
			refuse_script "the ssh-keygen of this host cannot check its signature (that of OpenSSH 8.1 can):\
 check it elsewhere, as its head says, and run it with --unchecked-signature"
		put_line 'its signature was not checked'
		return
	fi
	[ -f "$script_signature" ] || refuse_script "there is no $script_signature; copy it along with the script"
	for named_signer in "$offline_signer" "$signer"; do
		[ -n "$named_signer" ] || continue
		is_signed "$named_signer" || refuse_script "$script_signature is no signature of it by $named_signer"
		put_line "signed by $named_signer"
	done
	if [ -n "$signer$offline_signer" ]; then signature_checked=yes; return; fi
	signed_by=$(ssh-keygen -Y check-novalidate -n latchkey-script -s "$script_signature" <"$0" 2>/dev/null) ||
		refuse_script "$script_signature is no signature of it"
	put_line "signed by ${signed_by##* }, whom nobody has named (--signer does)"
}

# Whether ssh-keygen knows -Y.
can_verify() {
	has ssh-keygen || return 1
	case $(ssh-keygen -Y check-novalidate -n latchkey-script -s /dev/null </dev/null 2>&1) in
		*'nknown option'* | *'llegal option'* | *'nvalid option'*) return 1 ;;
	esac
}

refuse_script() { put_line "nothing was done: $1" >&2; exit 2; }

is_signed() {
	case $1 in
		SHA256:*) is_signed_by "$1"; return ;;
		*) [ -f "$1" ] && [ -r "$1" ] || refuse_script "$1 cannot be read" ;;
	esac
	read -r word _ <"$1"
	case $word in
		ssh-* | ecdsa-* | sk-*)
			set -- $(ssh-keygen -l -f "$1" 2>/dev/null)
			is_signed_by "${2:-no key}"
			;;
		*)
			who=$(ssh-keygen -Y find-principals -s "$script_signature" -f "$1" 2>/dev/null) && [ -n "$who" ] || return 1
			# shellcheck disable=SC2295 # A line end is no pattern.
			who=${who%%[,$nl]*}
			ssh-keygen -Y verify -f "$1" -I "$who" -n latchkey-script -s "$script_signature" <"$0" >/dev/null 2>&1
			;;
	esac
}

is_signed_by() {
	signed=$(ssh-keygen -Y check-novalidate -n latchkey-script -s "$script_signature" <"$0" 2>/dev/null) || return 1
	[ "${signed##* }" = "$1" ]
}
