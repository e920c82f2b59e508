# Whether a private key file has the key that it shows: it signs.

# sign PATH BYTES: what possession_script says of BYTES and the private key at PATH, the hash of the very file that
# signed, and who acts there.
do_sign() {
	cd_as_owner "$1"
	sign_bytes "$2" || no "$why"
	report hash "$hashed"
	report actor "$my_uid"
	report signature "$possession"
	ok signed
}

sign_seconds=10

# sign_bytes BYTES: by ./$name, as the owner of the file. Into $possession and $hashed; otherwise $why.
sign_bytes() {
	possession= hashed=
	read_stat "./$name"
	case $mode in
		-*) ;;
		'') why=absent; return 1 ;;
		l*) why=linked-file; return 1 ;;
		*) why=not-a-file; return 1 ;;
	esac
	[ "$size" -le 65536 ] || { why=too-large; return 1; }
	limit= drop= session_tool=
	[ -z "$kill_after" ] || limit="$kill_after $sign_seconds"
	if [ "$my_uid" = 0 ] && [ "$uid" != 0 ] && has setpriv; then
		drop="setpriv --reuid $uid --regid $gid --clear-groups"
		find_session_tool || { why=no-session; return 1; }
	fi
	answer=$(put_bytes "$1" |
		become_bare $session_tool $drop $limit sh -c "$possession_script" sh "./$name" "$hash_tool" |
		head -c 65536)
	hashed=$(put_line "$answer" | sed -n '1{s/ .*//;p;}')
	possession=$(put_line "$answer" | sed -n 2p)
	case $possession in
		sshsig,?* | raw,?*) return 0 ;;
		locked) why=locked-key ;;
		old) why=no-signing ;;
		no-tool) why=no-ssh-keygen ;;
		*) why=not-signed ;;
	esac
	return 1
}
