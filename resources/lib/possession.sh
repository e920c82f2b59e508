# Whether a private key file has the key that it shows: it signs what it is given. What stands in clear in a file
# anybody can write there.

# What a shell runs as whoever owns the file: PATH [HASHER]; the text to sign comes by standard input. It answers a
# line with the hash of the file where HASHER is given, then one of
#   sshsig,BASE64       what ssh-keygen -Y sign makes of the text, for latchkey-possession
#   raw,BLOB,BASE64     a signature of the text with SHA-512, for what ssh-keygen does not sign with:
#                       RSA and ECDSA as OpenSSL writes them
#   locked, old, no-tool, unsigned
# The file is opened once, and both read and signed with by that descriptor: what is renamed meanwhile is another
# file. No .pub file beside it is read, no agent is asked, and no passphrase.
possession_script='
key=$1
exec 4<"$1" || exit
[ ! -e /proc/self/fd/4 ] || key=/proc/self/fd/5
unset SSH_AUTH_SOCK SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY WAYLAND_DISPLAY OPENSSL_CONF
if [ -z "${2-}" ]; then :
elif [ "$key" = "$1" ]; then $2 <"$1"
else $2 </proc/self/fd/4
fi
command -v ssh-keygen >/dev/null || { echo no-tool; exit; }
text=$(cat; echo .)
text=${text%.}
output=$(printf %s "$text" | ssh-keygen -q -P "" -Y sign -n latchkey-possession -f "$key" 5<&4 2>&1)
case $output in
	*"-----BEGIN SSH SIGNATURE-----"*)
		output=${output#*"-----BEGIN SSH SIGNATURE-----"}
		echo "sshsig,$(echo "${output%%-----END*}" | tr -d " \n")"
		exit
		;;
	*"incorrect passphrase"*) echo locked; exit ;;
	*" option"*) why=old ;;
	*) why=unsigned ;;
esac
set -- $(ssh-keygen -y -P "" -f "$key" 5<&4 2>/dev/null </dev/null)
case ${1-} in ssh-rsa | ecdsa-sha2-nistp*) ;; *) echo $why; exit ;; esac
raw=$(printf %s "$text" | openssl dgst -sha512 -sign "$key" -passin pass: 5<&4 2>/dev/null |
	openssl base64 -A 2>/dev/null)
if [ -n "$raw" ]; then echo "raw,$2,$raw"; else echo $why; fi'
