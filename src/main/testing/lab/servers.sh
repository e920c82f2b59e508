# Eight servers on one lab host, with their configuration in its usual places. Read by `sh -eu` inside the host.
#
#   ADDRESS   in the environment: the host's, which each of them listens on
#   /etc/tls  holds NAME.pem (certificate) and NAME.key for each of them
#
# Each goes into the background; the host's end is theirs. Nothing here waits: whoever starts them asks for their ports.

chmod 755 /etc/tls
MODULES=/usr/lib/apache2/modules

configure_nginx() {
	mkdir -p /etc/nginx/conf.d /etc/nginx/sites-available /etc/nginx/sites-enabled
	cat >/etc/nginx/nginx.conf <<-END
		user root;
		pid /run/nginx.pid;
		error_log /var/log/nginx.log crit;
		events {}
		http {
		    access_log off;
		    include /etc/nginx/conf.d/*.conf;
		    include /etc/nginx/sites-enabled/*;
		}
	END
	cat >/etc/nginx/sites-available/shop <<-END
		server {
		    listen $ADDRESS:443 ssl;
		    server_name nginx.lab;
		    ssl_certificate /etc/tls/nginx.pem;
		    ssl_certificate_key /etc/tls/nginx.key;
		}
	END
	ln -sf ../sites-available/shop /etc/nginx/sites-enabled/shop
	# What Debian lays there listens at every address, which all hosts share.
	rm -f /etc/nginx/sites-enabled/default
	echo "server { listen $ADDRESS:80; root /var/www/html; }" >/etc/nginx/sites-enabled/default
	nginx
}

configure_apache() {
	mkdir -p /etc/apache2/mods-enabled /etc/apache2/sites-enabled /var/log/apache2
	cat >/etc/apache2/apache2.conf <<-END
		ServerRoot /etc/apache2
		ServerName localhost
		DefaultRuntimeDir /run
		PidFile /run/apache2.pid
		ErrorLog /var/log/apache2/error.log
		IncludeOptional mods-enabled/*.load
		User www-data
		Group www-data
		StartServers 1
		<IfModule ssl_module>
		    Listen $ADDRESS:8443 https
		</IfModule>
		IncludeOptional sites-enabled/*.conf
	END
	for module in mpm_event authz_core ssl; do
		echo "LoadModule ${module}_module $MODULES/mod_$module.so" >/etc/apache2/mods-enabled/$module.load
	done
	cat >/etc/apache2/sites-enabled/wiki.conf <<-END
		<VirtualHost *:8443>
		    ServerName apache.lab
		    SSLEngine on
		    SSLCertificateFile /etc/tls/apache.pem
		    SSLCertificateKeyFile /etc/tls/apache.key
		</VirtualHost>
	END
	apache2 -k start -f /etc/apache2/apache2.conf
}

configure_haproxy() {
	mkdir -p /etc/haproxy/certs
	join_files haproxy
	cat >/etc/haproxy/haproxy.cfg <<-END
		global
		    maxconn 32
		    crt-base /etc/haproxy
		defaults
		    mode tcp
		    timeout connect 5s
		    timeout client 5s
		    timeout server 5s
		frontend web
		    bind $ADDRESS:9443 ssl crt certs
	END
	haproxy -W -D -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid
}

configure_postfix() {
	mkdir -p /etc/postfix
	cat >/etc/postfix/main.cf <<-END
		compatibility_level = 3.6
		tls = /etc/tls
		myhostname = postfix.lab
		mydestination =
		inet_interfaces = loopback-only
		inet_protocols = ipv4
		maillog_file = /dev/stdout
		maillog_file_prefixes = /dev
		smtpd_tls_security_level = may
		smtpd_tls_cert_file = \$tls/postfix.pem
		smtpd_tls_key_file = \$tls/postfix.key
	END
	touch -d @0 /etc/postfix/main.cf # Postfix waits until what it reads there is some seconds old.
	cat >/etc/postfix/master.cf <<-END
		$ADDRESS:smtp inet n - n - - smtpd
		$ADDRESS:submission inet n - n - - smtpd
		  -o syslog_name=submission
		  -o smtpd_tls_security_level=encrypt
		tlsmgr unix - - n 1000? 1 tlsmgr
		rewrite unix - - n - - trivial-rewrite
		anvil unix - - n - 1 anvil
		proxymap unix - - n - - proxymap
		postlog unix-dgram n - n - 1 postlogd
	END
	for folder in pid private public incoming active deferred maildrop; do mkdir -p /var/spool/postfix/$folder; done
	chown postfix:postfix /var/spool/postfix/private /var/spool/postfix/public
	setsid /usr/lib/postfix/sbin/master -s >/var/log/postfix.log 2>&1 &
}

configure_dovecot() {
	mkdir -p /etc/dovecot/conf.d
	cat >/etc/dovecot/dovecot.conf <<-END
		dovecot_config_version = 2.4.0
		dovecot_storage_version = 2.4.0
		!include_try /usr/share/dovecot/protocols.d/*.protocol
		log_path = /var/log/dovecot.log
		listen = $ADDRESS
		mail_driver = maildir
		mail_path = /var/mail/%{user}
		passdb static {
		  password = nobody-knows-this
		}
		!include conf.d/*.conf
	END
	cat >/etc/dovecot/conf.d/10-ssl.conf <<-END
		ssl_server {
		  cert_file = /etc/tls/dovecot.pem
		  key_file = /etc/tls/dovecot.key
		}
	END
	dovecot
}

configure_slapd() {
	mkdir -p /etc/ldap/slapd.d /run/slapd
	cat >/run/slapd.conf <<-END
		pidfile /run/slapd/slapd.pid
		argsfile /run/slapd/slapd.args
		TLSCertificateFile /etc/tls/slapd.pem
		TLSCertificateKeyFile /etc/tls/slapd.key
	END
	slaptest -Q -f /run/slapd.conf -F /etc/ldap/slapd.d
	slapd -h "ldap://$ADDRESS ldaps://$ADDRESS" -F /etc/ldap/slapd.d
}

configure_postgresql() {
	programs=/usr/lib/postgresql/17/bin data=/var/lib/postgresql/17/lab
	chmod 1777 /dev/shm
	mkdir -p /etc/postgresql/17/main "$data"
	chown postgres:postgres "$data" /etc/tls/postgresql.key
	chmod 700 "$data"
	as='setpriv --reuid postgres --regid postgres --clear-groups'
	$as $programs/initdb --no-sync --no-instructions --auth=reject --locale=C -D "$data" >/dev/null
	cat >/etc/postgresql/17/main/postgresql.conf <<-END
		data_directory = '$data'
		listen_addresses = '$ADDRESS'
		unix_socket_directories = ''
		fsync = off
		shared_buffers = 1MB
		max_connections = 20
		ssl = on
		ssl_cert_file = '/etc/tls/postgresql.pem'
		ssl_key_file = '/etc/tls/postgresql.key'
	END
	$as setsid $programs/postgres -D "$data" -c config_file=/etc/postgresql/17/main/postgresql.conf \
		-c "hba_file=$data/pg_hba.conf" -c "ident_file=$data/pg_ident.conf" </dev/null >"$data/log" 2>&1 &
}

configure_mysql() {
	data=/var/lib/mysql-lab
	mkdir -p /etc/mysql/conf.d "$data"
	chown mysql:mysql "$data" /etc/tls/mysql.key
	echo '!includedir /etc/mysql/conf.d/' >/etc/mysql/my.cnf
	cat >/etc/mysql/conf.d/50-server.cnf <<-END
		[mariadbd]
		user = mysql
		datadir = $data
		socket = $data/mariadb.sock
		pid-file = $data/mariadb.pid
		bind-address = $ADDRESS
		skip-grant-tables
		skip-networking = 0
		skip-innodb
		default-storage-engine = Aria
		ssl_cert = /etc/tls/mysql.pem
		ssl_key = /etc/tls/mysql.key
	END
	setsid mariadbd </dev/null >/var/log/mariadb.log 2>&1 &
}

# HAProxy wants certificate and key in one file: it is made anew by whoever renews.
join_files() {
	if [ $1 != haproxy ] || [ ! -d /etc/haproxy/certs ]; then return; fi
	cat /etc/tls/haproxy.pem /etc/tls/haproxy.key >/etc/haproxy/certs/haproxy.pem
}

# Has it read its files anew, as whoever runs it would.
reload() {
	case $1 in
		nginx) nginx -s reload ;;
		apache) apache2 -k graceful -f /etc/apache2/apache2.conf ;;
		haproxy) kill -USR2 "$(cat /run/haproxy.pid)" ;;
		postfix) kill -HUP "$(cat /var/spool/postfix/pid/master.pid)" ;;
		dovecot) doveadm reload ;;
		slapd)
			kill "$(cat /run/slapd/slapd.pid)"
			while [ -e /run/slapd/slapd.pid ]; do sleep 0.05; done
			slapd -h "ldap://$ADDRESS ldaps://$ADDRESS" -F /etc/ldap/slapd.d
			;;
		postgresql) kill -HUP "$(head -n 1 /var/lib/postgresql/17/lab/postmaster.pid)" ;;
		mysql)
			kill "$(cat /var/lib/mysql-lab/mariadb.pid)"
			while [ -e /var/lib/mysql-lab/mariadb.pid ]; do sleep 0.05; done
			setsid mariadbd </dev/null >/var/log/mariadb.log 2>&1 &
			;;
	esac
}
