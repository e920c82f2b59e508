# ---- Certificates -----------------------------------------------------------------------------------------

read_certificates() {
	seen_certificates=$nl told_files=$nl told_folders=$nl keystores='' trusted=0 folders=0 kubernetes_file=''
	homes=$(printf '%s\n' "$accounts" | cut -d: -f4 | sort -u | head -n 2000)
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
		if is_silent "$folder"; then unread certificate-file "$folder" no-answer; continue; fi
		[ -d "$folder" ] || continue
		if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then unread certificate-file "$folder" not-listed; continue; fi
		folders=$((folders + 1))
		if [ $folders -gt 400 ]; then unread limit "$folder" too-many; return; fi
		if is_late; then unread limit "$folder" too-late; return; fi
		links=
		set +f
		for file in "$folder"/* "$folder"/.[!.]*; do
			set -f
			if [ -h "$file" ]; then
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
		*share/ca-certificates/* | *share/pki/* | *ca-trust/extracted/* | *ca-certificates/extracted/* | /var/lib/ca-certificates/* | *ca-certificates.crt | *ca-bundle*.crt)
			trusted=$((trusted + 1))
			return
			;;
	esac
	take_certificates "$1"
}

# The certificates of one file; a private key in it is told as a key file, by its public half.
take_certificates() {
	case ${1##*/} in
		*.cnf | *.conf | *.conf.[a-z]* | *.dist | *.txt | *.sh | *.service | *.json | *.log | *.db | *.gpg | *.asc | *.csr | *.crl | *.so | README*) return ;;
		*.yaml | *.yml | *.kubeconfig) take_kubernetes "$1"; return ;;
		*.jks | *.jceks | *.p12 | *.pfx | *.keystore | *.truststore | *.bcfks | *.bks) keystores=$keystores$1$nl; return ;;
		ca-certificates.crt | ca-bundle.crt | ca-bundle.trust.crt | tls-ca-bundle.pem | ca-bundle.pem) trusted=$((trusted + 1)); return ;;
	esac
	case $1 in /etc/ssl/cert.pem | /etc/pki/tls/cert.pem) trusted=$((trusted + 1)); return ;; esac
	case $seen_certificates in *"$nl$1$nl"*) return ;; esac
	seen_certificates=$seen_certificates$1$nl
	[ -f "$1" ] || return
	resolve "$1"
	case $real in '' | /proc/* | /sys/* | /dev/*) return ;; esac
	[ "$real" = "$1" ] || tell_file "$1"
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
	! is_silent /etc/letsencrypt/archive || return
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
	awk -v path="$1" -v most=$MIB '
		function value(i) { return index(ALPHABET, substr(data, i, 1)) - 1 }
		function byte(n,   i) {
			i = int(n / 3) * 4
			if (n % 3 == 0) return value(i + 1) * 4 + int(value(i + 2) / 16)
			if (n % 3 == 1) return (value(i + 2) % 16) * 16 + int(value(i + 3) / 4)
			return (value(i + 3) % 4) * 64 + value(i + 4)
		}
		function length_at(n,   first, k, v) {
			first = byte(n); head = 1
			if (first < 128) return first
			k = first - 128; head = 1 + k; v = 0
			if (k < 1 || k > 3) return -1
			for (i = 1; i <= k; i++) v = v * 256 + byte(n + i)
			return v
		}
		function note(why) { printf "@certificate-note - path:%s n:%d why:%s\n", path, count, why }
		function emit(   body, inner, whole, padding, i) {
			count++
			if (length(data) < 24 || length(data) % 4 != 0) { note("cut-short"); return }
			body = length_at(1)
			whole = 1 + head + body
			inner = 1 + head
			if (byte(0) != 48 || body < 0 || byte(inner) != 48 || length_at(inner + 1) < 0) { note("not-a-certificate"); return }
			inner += 1 + head
			if (byte(inner) != 160 && byte(inner) != 2) { note("not-a-certificate"); return }
			padding = data ~ /==$/ ? 2 : data ~ /=$/ ? 1 : 0
			have = length(data) / 4 * 3 - padding
			if (have < whole) { note("cut-short"); return }
			if (have > whole && label != "TRUSTED CERTIFICATE") note("more-behind")
			data = substr(data, 1, int((whole + 2) / 3) * 4)
			printf "@certificate b64 path:%s n:%d\n", path, count
			for (i = 1; i <= length(data); i += 64) print substr(data, i, 64)
		}
		BEGIN { ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"; code = 4; count = 0 }
		# OpenSSL passes over a byte-order mark.
		NR == 1 { sub("^\357\273\277", "") }
		{ read += length($0) + 1; gsub(/[ \t\r]/, "", $0); if (read > most) { note("too-large"); exit } }
		/-----BEGIN/ {
			if (is_open) { count++; note("cut-short") }
			is_open = 0
			if (code == 4) code = 0
			if ($0 ~ /PRIVATEKEY-----/) { code = 3; order = order ($0 ~ /BEGIN(RSA|EC|DSA)?PRIVATE/ ? "k" : "e") }
			if ($0 ~ /^-----BEGIN(TRUSTED|X509)?CERTIFICATE-----$/) {
				order = order "c"
				is_open = 1; data = ""; is_bad = 0
				label = $0 ~ /TRUSTED/ ? "TRUSTED CERTIFICATE" : "CERTIFICATE"
			}
			next
		}
		/^PuTTY-User-Key-File-/ { code = 3; exit }
		is_open && /-----END/ {
			if (is_bad) { count++; note("not-base64") } else emit()
			is_open = 0
			next
		}
		is_open {
			if ($0 !~ /^[A-Za-z0-9+\/]*=?=?$/ || data ~ /=$/) is_bad = 1
			if (!is_bad) data = data $0
			if (length(data) > 174764) { count++; note("too-long"); is_open = 0 }
		}
		END {
			if (is_open && read <= most) { count++; note("cut-short") }
			# What stands in a file with a private key, and in which order: k, or e where it is no plain one for TLS, and c.
			if (order ~ /[ke]/ && length(order) > 1 && length(order) <= 64 && read <= most) printf "@pem - path:%s order:%s\n", path, order
			exit code
		}'
}

# One DER certificate from the numbers of od: exactly as many bytes as its own length says. Of a private key nothing but
# its kind, as the status: 10 PKCS#8, 11 encrypted, 12 RSA, 13 EC, 14 DSA.
read_der() {
	awk -v path="$1" '
		function length_at(n,   k, v, i) {
			head = 1
			if (byte[n] < 128) return byte[n]
			k = byte[n] - 128; head = 1 + k; v = 0
			if (k < 1 || k > 3) return -1
			for (i = 1; i <= k; i++) v = v * 256 + byte[n + i]
			return v
		}
		# The tags of what stands in a row from n to the end; empty where the lengths do not add up.
		function tags(n, end,   row, inside) {
			while (n < end && length(row) < 64) {
				row = row byte[n] " "
				inside = length_at(n + 1)
				if (inside < 0) return ""
				n += 1 + head + inside
			}
			return n == end ? row : ""
		}
		function kind_of_key(at,   row, oid, i) {
			row = tags(at, size)
			if (byte[at] == 2 && byte[at + 1] == 1) {
				if (byte[at + 2] <= 1 && row ~ /^2 48 4 (160 )?(161 |129 )?$/) return 10
				if (byte[at + 2] == 0 && row == "2 2 2 2 2 2 2 2 2 ") return 12
				if (byte[at + 2] == 1 && row ~ /^2 4 (160 )?(161 )?$/) return 13
				if (byte[at + 2] == 0 && row == "2 2 2 2 2 2 ") return 14
			}
			if (row != "48 4 ") return 0
			length_at(at + 1)
			for (i = at + 1 + head; i < at + 12 + head; i++) oid = oid byte[i] " "
			# PKCS#5, and the passwords of PKCS#12
			return oid ~ /^6 [0-9]+ 42 134 72 134 247 13 1 (5|12) / ? 11 : 0
		}
		NR == 1 && $1 != 48 { exit }
		{ for (i = 1; i <= NF; i++) byte[size++] = $i }
		END {
			if (size < 24) exit
			body = length_at(1)
			whole = 1 + head + body
			at = 1 + head
			if (byte[0] != 48 || body < 0) exit
			if (whole == size && (key = kind_of_key(at))) exit key
			if (byte[at] != 48 || length_at(at + 1) < 0) exit
			at += 1 + head
			if (byte[at] != 160 && byte[at] != 2) exit
			if (whole > size) { printf "@certificate-note - path:%s n:1 why:%s\n", path, (size >= 65536 ? "too-large" : "cut-short"); exit }
			printf "@certificate hex path:%s n:1\n", path
			for (i = 0; i < whole; i++) printf "%02x%s", byte[i], (i % 32 == 31 || i == whole - 1) ? "\n" : ""
			if (size > whole) printf "@certificate-note - path:%s n:1 why:more-behind\n", path
		}'
}
