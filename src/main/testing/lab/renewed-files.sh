# What nginx, HAProxy and Postfix of a lab host serve where one certificate stands beside another one. Read by `sh -eu`
# inside the host, after servers.sh has started them.
#
#   ADDRESS      in the environment: the host's, which each of them listens on
#   /srv/issued  holds NAME.old.* and NAME.new.*: what was issued for each file, .crt with its issuer, .key, .pem with both

ISSUED=/srv/issued

day() { date -u -d "$1 days" +%Y%m%d%H%M%SZ; }

# authority NAME ISSUER: ISSUER signs it, or itself where it has the same name.
authority() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/O=Lab/CN=$1" -out "$1.csr"
	printf '%s\n' 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign' \
		'subjectKeyIdentifier=hash' >"$1.ext"
	signer="-CA $2.crt -CAkey $2.key"
	if [ "$1" = "$2" ]; then signer="-signkey $1.key"; else echo 'authorityKeyIdentifier=keyid' >>"$1.ext"; fi
	openssl x509 -req -in "$1.csr" $signer -extfile "$1.ext" -not_before "$(day -400)" -not_after "$(day 1400)" -out "$1.crt"
}

# issue FILE DNS_NAME rsa|ec: an old one that lives 50 days more, and its renewal of yesterday.
issue() {
	kind="ec -pkeyopt ec_paramgen_curve:P-256"
	if [ "$3" = rsa ]; then kind="rsa:2048"; fi
	printf '%s\n' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' \
		'extendedKeyUsage=serverAuth' "subjectAltName=DNS:$2" 'subjectKeyIdentifier=hash' \
		'authorityKeyIdentifier=keyid' >"$1.ext"
	for made in old:-40 new:-1; do
		base=$1.${made%:*} from=${made#*:}
		openssl req -new -newkey $kind -nodes -keyout "$base.key" -subj "/O=Lab/CN=$2" -out "$base.csr"
		openssl x509 -req -in "$base.csr" -CA issuing.crt -CAkey issuing.key -extfile "$1.ext" \
			-not_before "$(day "$from")" -not_after "$(day $((from + 90)))" -out "$base.crt"
		cat issuing.crt >>"$base.crt"
		cat "$base.key" "$base.crt" >"$base.pem"
	done
}

issue_all() {
	umask 077
	mkdir -p $ISSUED
	cd $ISSUED
	authority root root
	authority issuing root
	issue shop-rsa shop.lab rsa
	issue shop-ec shop.lab ec
	issue api api.lab ec
	issue pay pay.lab ec
	issue mail-rsa mail.lab rsa
	issue mail-ec mail.lab ec
	issue relay-rsa relay.lab rsa
	issue relay-ec relay.lab ec
}

# put FILE old|new: lays it where its server reads it, and leaves the server alone. Written two seconds from now, for clocks of
# processes go by seconds.
put() {
	umask 077
	case $1 in
		shop-*) lay_pair "$1" "$2" /etc/nginx/tls ;;
		mail-*) lay_pair "$1" "$2" /etc/postfix/tls ;;
		relay-*) cat "$ISSUED/$1.$2.pem" >"/etc/postfix/tls/$1.pem" ;;
		*) cat "$ISSUED/$1.$2.pem" >"/etc/haproxy/certs/$1.pem" ;;
	esac
	touch -c -d '2 seconds' /etc/*/tls/"$1".* /etc/haproxy/certs/"$1".*
}

lay_pair() {
	cat "$ISSUED/$1.$2.crt" >"$3/$1.crt"
	cat "$ISSUED/$1.$2.key" >"$3/$1.key"
}

# lose FILE gone|unreadable|other-key: as whoever renews by hand may leave it.
lose() {
	umask 077
	for file in /etc/*/tls/"$1".[cp]* /etc/haproxy/certs/"$1".pem; do
		[ -e "$file" ] || continue
		case $2 in
			gone) rm "$file" ;;
			unreadable) echo 'renewal failed: 429 Too Many Requests' >"$file" ;;
			other-key) cat "$ISSUED/api.old.key" >"${file%.crt}.key" ;;
		esac
	done
}

# They serve something else already, and take this up by a reload.
configure_all() {
	mkdir -p /etc/nginx/tls /etc/postfix/tls
	rm /etc/haproxy/certs/*
	for file in shop-rsa shop-ec api pay mail-rsa mail-ec relay-rsa relay-ec; do put $file old; done
	cat >/etc/nginx/sites-available/shop <<-END
		server {
		    listen $ADDRESS:443 ssl;
		    server_name shop.lab;
		    ssl_certificate tls/shop-rsa.crt;
		    ssl_certificate_key tls/shop-rsa.key;
		    ssl_certificate tls/shop-ec.crt;
		    ssl_certificate_key tls/shop-ec.key;
		}
	END
	sed -i 's|ssl crt certs|ssl crt /etc/haproxy/certs/|' /etc/haproxy/haproxy.cfg
	sed -i '/^smtpd_tls_.*_file/d; /^tls = /d' /etc/postfix/main.cf
	# A process of Postfix ends by itself when it is idle, and the next one reads the files anew.
	cat >>/etc/postfix/main.cf <<-END
		max_idle = 1h
		smtpd_tls_cert_file = /etc/postfix/tls/mail-rsa.crt
		smtpd_tls_key_file = /etc/postfix/tls/mail-rsa.key
		smtpd_tls_eccert_file = /etc/postfix/tls/mail-ec.crt
		smtpd_tls_eckey_file = /etc/postfix/tls/mail-ec.key
	END
	sed -i 's|^  -o smtpd_tls_security_level=encrypt|&\n  -o smtpd_tls_chain_files=/etc/postfix/tls/relay-rsa.pem,/etc/postfix/tls/relay-ec.pem|
		s|n - - smtpd|n - 1 smtpd|' /etc/postfix/master.cf
}
