# Certificates in the usual folders, and those that other parts name.

read_certificates() {
	seen_certificates=$nl recorded_files=$nl recorded_folders=$nl keystores='' trusted=0 folders=0 kubernetes_file=''
	walk_certificates
	[ $trusted = 0 ] || unread trust-store /etc/ssl/certs trust-store $trusted
	read_kubernetes
	read_servers
	read_archive
	read_keystores
}

# Folders wait in the positional parameters: recursion without local variables.
walk_certificates() {
	set -- /etc/ssl /etc/pki /etc/letsencrypt /etc/kubernetes/pki /var/lib/kubelet/pki /var/lib/rancher/k3s/server/tls \
		/var/lib/rancher/rke2/server/tls
	while [ $# -gt 0 ]; do
		folder=$1
		shift
		if leads_to_silence "$folder"; then unread certificate-file "$folder" no-answer; continue; fi
		[ -d "$folder" ] || continue
		if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then unread certificate-file "$folder" not-listed; continue; fi
		folders=$((folders + 1))
		if [ $folders -gt 400 ]; then unread limit "$folder" too-many; return; fi
		if is_late; then unread limit "$folder" too-late; return; fi
		links=
		set +f
		for file in "$folder"/* "$folder"/.[!.]*; do
			set -f
			if leads_to_silence "$file"; then
				unread certificate-file "$file" no-answer
			elif [ -h "$file" ]; then
				case ${file##*/} in
					[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f].[0-9r]*) trusted=$((trusted + 1)) ;;
					*)
						case $file in
							*[!A-Za-z0-9/._=@+-]*) take_link "$file" "$(readlink "$file")" ;;
							*) links="$links $file" ;;
						esac
						;;
				esac
			elif [ -d "$file" ]; then
				case $file in
					*/ca-trust/extracted | */ca-certificates/extracted) trusted=$((trusted + 1)) ;;
					/etc/letsencrypt/archive | /etc/letsencrypt/accounts | */rpm-gpg | */java | */nssdb) ;;
					*) set -- "$@" "$file" ;;
				esac
			else
				take_certificates "$file"
			fi
		done
		set -f
		[ -z "$links" ] || take_links $links
	done
}

# One ls for a whole folder of links: a distribution has hundreds.
take_links() {
	listing=$(ls -ldn "$@")
	IFS=$nl
	for line in $listing; do
		unset IFS
		line=/${line#*/}
		take_link "${line%% -> *}" "${line#* -> }"
		IFS=$nl
	done
	unset IFS
}

take_link() {
	case $2 in
		*/local/share/ca-certificates/*) ;;
		*share/ca-certificates/* | *share/pki/* | *ca-trust/extracted/* | *ca-certificates/extracted/* | \
			/var/lib/ca-certificates/* | *ca-certificates.crt | *ca-bundle*.crt)
			trusted=$((trusted + 1))
			return
			;;
	esac
	take_certificates "$1"
}

# The certificates of one file; a private key in it is recorded as a key file, by its public key.
take_certificates() {
	case ${1##*/} in
		*.cnf | *.conf | *.conf.[a-z]* | *.dist | *.txt | *.sh | *.service | *.json | *.log | *.db) return ;;
		*.gpg | *.asc | *.csr | *.crl | *.so | README*) return ;;
		*.yaml | *.yml | *.kubeconfig) take_kubernetes "$1"; return ;;
		*.jks | *.jceks | *.p12 | *.pfx | *.keystore | *.truststore | *.bcfks | *.bks) keystores=$keystores$1$nl; return ;;
		ca-certificates.crt | ca-bundle.crt | ca-bundle.trust.crt | tls-ca-bundle.pem | ca-bundle.pem)
			trusted=$((trusted + 1))
			return
			;;
	esac
	case $1 in /etc/ssl/cert.pem | /etc/pki/tls/cert.pem) trusted=$((trusted + 1)); return ;; esac
	case $seen_certificates in *"$nl$1$nl"*) return ;; esac
	seen_certificates=$seen_certificates$1$nl
	if leads_to_silence "$1"; then why=no-answer; leave_certificates "$1"; return; fi
	[ -f "$1" ] || return
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	[ "$real" = "$1" ] || record_file "$1"
	if [ ! -r "$1" ]; then
		case $1 in
			*key* | */private/*) unread key-file "$1" not-permitted ;;
			*) unread certificate-file "$1" not-permitted ;;
		esac
		return
	fi
	if ! hold "$1"; then leave_certificates "$1"; return; fi
	encode "$1"
	take "$1" | pem_certificates "$token"
	case $? in
		3) read_key_file "$1" ;;
		4)
			take "$1" | head -c 65536 | od -An -v -tu1 | read_der "$token"
			case $? in
				10) key_label='PRIVATE KEY' ;;
				11) key_label='ENCRYPTED PRIVATE KEY' ;;
				12) key_label='RSA PRIVATE KEY' ;;
				13) key_label='EC PRIVATE KEY' ;;
				14) key_label='DSA PRIVATE KEY' ;;
				*) return ;;
			esac
			key_form=der
			read_key_file "$1"
			key_form=plain
			;;
	esac
}

leave_certificates() {
	case $why in gone) why=no-such-file ;; closed) why=owner-cannot-read ;; esac
	case $1 in
		*key* | */private/*) unread key-file "$1" $why ;;
		*) unread certificate-file "$1" $why ;;
	esac
}

# What certbot has replaced: of each renewal the certificate alone. What is in use is linked to from elsewhere.
read_archive() {
	archived=0
	! may_hang /etc/letsencrypt certificate-file || return
	set -f
	[ -d /etc/letsencrypt/archive ] || return
	if [ ! -r /etc/letsencrypt/archive ]; then unread certificate-file /etc/letsencrypt/archive not-listed; return; fi
	set +f
	for file in /etc/letsencrypt/archive/*/cert*.pem; do
		set -f
		[ -f "$file" ] || continue
		archived=$((archived + 1))
		if [ $archived -gt 400 ]; then unread certificate-file /etc/letsencrypt/archive too-many-files; break; fi
		if [ $((archived % 32)) = 0 ] && is_late; then unread limit "$file" too-late; break; fi
		take_certificates "$file"
	done
	set -f
}

# Certificate blocks only, each line checked, each cut to the length that its DER says. Ends with 3 when there is a
# private key in the file, with 4 when there is no PEM at all.
pem_certificates() {
	awk -v path="$1" -v most=$MIB "$pem_certificates_awk"
}

# One DER certificate from the numbers of od: exactly as many bytes as its own length says. Of a private key nothing
# but its kind, as the status: 10 PKCS#8, 11 encrypted, 12 RSA, 13 EC, 14 DSA.
read_der() {
	awk -v path="$1" "$der_certificate_awk"
}
