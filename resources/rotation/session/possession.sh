# Whether a private key file has the key that it shows: it signs.

# sign PATH BYTES: what possession_script says of BYTES and the private key at PATH, the hash of the very file that
# signed, and who acts there.
do_sign() {
	enter "$1"
	sign_bytes "$2" || no "$why"
	tell hash "$hashed"
	tell actor "$my_uid"
	tell proof "$proof"
	ok signed
}

sign_seconds=10

# sign_bytes BYTES: by ./$name, as the owner of the file. Into $proof and $hashed; otherwise $why.
sign_bytes() {
	proof= hashed=
	look_at "./$name"
	case $mode in
		-*) ;;
		'') why=absent; return 1 ;;
		l*) why=linked-file; return 1 ;;
		*) why=not-a-file; return 1 ;;
	esac
	[ "$size" -le 65536 ] || { why=too-large; return 1; }
	limit= drop= apart=
	[ -z "$kill_after" ] || limit="$kill_after $sign_seconds"
	if [ "$my_uid" = 0 ] && [ "$uid" != 0 ] && has setpriv; then
		drop="setpriv --reuid $uid --regid $gid --clear-groups"
		find_apart || { why=no-session; return 1; }
	fi
	said=$(put_bytes "$1" | become_bare $apart $drop $limit sh -c "$possession_script" sh "./$name" "$hash_tool" |
		head -c 65536)
	hashed=$(put_line "$said" | sed -n '1{s/ .*//;p;}')
	proof=$(put_line "$said" | sed -n 2p)
	case $proof in
		sshsig,?* | raw,?*) return 0 ;;
		locked) why=locked-key ;;
		old) why=no-signing ;;
		no-tool) why=no-ssh-keygen ;;
		*) why=not-signed ;;
	esac
	return 1
}
