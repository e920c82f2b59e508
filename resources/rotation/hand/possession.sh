# Whether a private key file has the key that it shows: it signs.

# sign PATH BYTES: what ssh-keygen -Y sign makes of BYTES with the private key at PATH, and the hash of the very file that signed.
do_sign() {
	enter "$1"
	sign_bytes "$2" || no "$why"
	tell hash "$hashed"
	tell signature "$signature"
	ok signed
}

sign_seconds=10

# The file is opened once, and both read and signed with by that descriptor: what is renamed meanwhile is another file. No .pub
# file beside it is read, no agent is asked, and no passphrase. Words: the file, the tool for hashes.
sign_script='exec 4<"$1" || exit
key=$1
[ ! -e /proc/self/fd/4 ] || key=/proc/self/fd/5
unset SSH_AUTH_SOCK SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY WAYLAND_DISPLAY
if [ "$key" = "$1" ]; then $2 <"$1"; else $2 </proc/self/fd/4; fi
exec ssh-keygen -q -P "" -Y sign -n latchkey-possession -f "$key" 5<&4 2>&1'

# sign_bytes BYTES: by ./$name, as the owner of the file. Into $signature (its base64) and $hashed; otherwise $why.
sign_bytes() {
	signature= hashed=
	has ssh-keygen || { why=no-ssh-keygen; return 1; }
	look_at "./$name"
	case $mode in
		-*) ;;
		'') why=absent; return 1 ;;
		l*) why=linked-file; return 1 ;;
		*) why=not-a-file; return 1 ;;
	esac
	[ "$size" -le 65536 ] || { why=too-large; return 1; }
	limit= drop=
	! has timeout || limit="timeout -s KILL $sign_seconds"
	if [ "$my_uid" = 0 ] && [ "$uid" != 0 ] && has setpriv; then drop="setpriv --reuid $uid --regid $gid --clear-groups"; fi
	said=$(put_bytes "$1" | $drop $limit sh -c "$sign_script" sh "./$name" "$hash_tool" | head -c 65536)
	signature=$(put_line "$said" | sed -n '/^-----BEGIN SSH SIGNATURE-----$/,/^-----END SSH SIGNATURE-----$/p' | sed '/^-----/d' | tr -d '\n')
	if [ -z "$signature" ]; then
		case $said in
			*'incorrect passphrase'*) why=locked-key ;;
			*' option'*) why=no-signing ;;
			*) why=not-signed ;;
		esac
		return 1
	fi
	hashed=$(put_line "$said" | sed -n '1s/ .*//p;1q')
}
