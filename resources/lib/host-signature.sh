# What this host signs with its own host keys, so that whoever knows one of them knows that root of this host has
# said it.

# sign_as_host NAMESPACE TEXT KEY...: what ssh-keygen -Y sign writes for TEXT with each of these private key files
# that signs, into $signatures, one after the other; where none does it is empty, and $unsigned says why in a word:
# not-root, no-tool (OpenSSH before 8.1), or no-key (missing, locked, or kept in an agent or a token). It asks
# nobody, needs no agent and writes no file. TEXT is signed to the byte: a line end that it has to have is in it.
sign_as_host() {
	signatures= unsigned=no-key
	[ "$(id -u)" = 0 ] || { unsigned=not-root; return 0; }
	command -v ssh-keygen >/dev/null || { unsigned=no-tool; return 0; }
	case $(ssh-keygen -Y sign 2>&1 </dev/null) in
		*'illegal option'* | *'unknown option'* | *'invalid option'*) unsigned=no-tool; return 0 ;;
	esac
	signing_for=$1 signed_text=$2 signing_within=
	shift 2
	find_limits
	[ -z "$kill_after" ] || signing_within="$kill_after 10"
	for signing_key do
		[ -f "$signing_key" ] && [ -r "$signing_key" ] || continue
		signature=$(printf %s "$signed_text" | env -u SSH_AUTH_SOCK SSH_ASKPASS_REQUIRE=never \
			$signing_within ssh-keygen -Y sign -P '' -n "$signing_for" -f "$signing_key" 2>/dev/null) || continue
		case $signature in
			'-----BEGIN SSH SIGNATURE-----'*'-----END SSH SIGNATURE-----') ;;
			*) continue ;;
		esac
		signatures="$signatures$signature
"
	done
	return 0
}
