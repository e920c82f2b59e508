/** Servers of a lab host that present their certificate at two endpoints: two names, ports, addresses or processes. */
import type { Protocol } from "#shared/model/hosts/target.ts";
import type { HostedServer, ServersHost } from "#testing/lab/start-servers-host.ts";

type Place = { protocol: Protocol; port: number; serverName?: string; isOtherAddress?: true };

type TwoPlaces = {
  /** Shell text that adds the second endpoint, which reads the same files. */
  add: string;
  /** What the second endpoint is. */
  words: string;
  /** From now on the second one serves copies of them in /srv, which nobody renews. */
  fromCopies: string;
  places: readonly [first: Place, second: Place];
};

const STOP_SLAPD = `kill "$(cat /run/slapd/slapd.pid)"; while [ -e /run/slapd/slapd.pid ]; do sleep 0.05; done`;
/** One MariaDB has to release the data folder before another one takes it. */
const RESTART_MYSQL = `kill "$(cat /var/lib/mysql-lab/mariadb.pid)"; while [ -e /var/lib/mysql-lab/mariadb.pid ]; do sleep 0.05; done
  setsid mariadbd >/var/log/mariadb.log 2>&1 &`;

/** $ADDRESS is the host's address, $OTHER a second one. */
export const TWO_ADDRESSES: { readonly [Server in HostedServer]: TwoPlaces } = {
  nginx: {
    words: "two names",
    add: `sed 's/nginx.lab/second.lab/' /etc/nginx/sites-available/shop >/etc/nginx/sites-enabled/second; nginx -s reload`,
    fromCopies: "sed -i s,/etc/tls/nginx,/srv/nginx, /etc/nginx/sites-enabled/second",
    places: [
      { protocol: "tls", port: 443, serverName: "nginx.lab" },
      { protocol: "tls", port: 443, serverName: "second.lab" },
    ],
  },
  apache: {
    words: "two names",
    add: `sed 's/apache.lab/second.lab/' /etc/apache2/sites-enabled/wiki.conf >/etc/apache2/sites-enabled/zwei.conf
      apache2 -k graceful -f /etc/apache2/apache2.conf`,
    fromCopies: "sed -i s,/etc/tls/apache,/srv/apache, /etc/apache2/sites-enabled/zwei.conf",
    places: [
      { protocol: "tls", port: 8443, serverName: "apache.lab" },
      { protocol: "tls", port: 8443, serverName: "second.lab" },
    ],
  },
  haproxy: {
    words: "two ports",
    // A master process that has just started may miss the first signal.
    add: `printf 'frontend second\\n    bind %s:9444 ssl crt certs\\n' "$ADDRESS" >>/etc/haproxy/haproxy.cfg
      listening=$(echo "$ADDRESS" | { IFS=. read -r a b c d; printf '%02X%02X%02X%02X:${(9444).toString(16).toUpperCase()} 00000000:0000 0A' "$d" "$c" "$b" "$a"; })
      until grep -q "$listening" /proc/net/tcp; do kill -USR2 "$(cat /run/haproxy.pid)"; sleep 1; done`,
    fromCopies: "sed -i '/:9444/s,crt certs,crt /srv/haproxy.pem,' /etc/haproxy/haproxy.cfg",
    places: [
      { protocol: "tls", port: 9443 },
      { protocol: "tls", port: 9444 },
    ],
  },
  postfix: {
    words: "two ports",
    add: ":",
    fromCopies: `printf '  -o smtpd_tls_cert_file=/srv/postfix.pem\\n  -o smtpd_tls_key_file=/srv/postfix.key\\n' >/run/more
      sed -i '/syslog_name=submission/r /run/more' /etc/postfix/master.cf; postfix reload`,
    places: [
      { protocol: "smtp", port: 25 },
      { protocol: "smtp", port: 587 },
    ],
  },
  dovecot: {
    words: "two ports",
    add: ":",
    fromCopies: `printf 'protocol pop3 {\\n ssl_server {\\n cert_file = /srv/dovecot.pem\\n key_file = /srv/dovecot.key\\n }\\n}\\n' >/etc/dovecot/conf.d/90-pop3.conf`,
    places: [
      { protocol: "imap", port: 143 },
      { protocol: "pop3", port: 110 },
    ],
  },
  // One process has one certificate for all its ports.
  slapd: {
    words: "two ports, of which another slapd takes one over",
    add: ":",
    fromCopies: `cp -a /etc/ldap/slapd.d /etc/ldap/second.d
      sed -i -e 's,/run/slapd/slapd\\.,/run/slapd/second.,' -e 's,/etc/tls/slapd,/srv/slapd,' '/etc/ldap/second.d/cn=config.ldif'
      ${STOP_SLAPD}
      slapd -h "ldap://$ADDRESS ldapi:///" -F /etc/ldap/slapd.d
      slapd -h "ldaps://$ADDRESS ldapi://%2Frun%2Fslapd%2Fsecond" -F /etc/ldap/second.d`,
    places: [
      { protocol: "ldap", port: 389 },
      { protocol: "tls", port: 636 },
    ],
  },
  postgresql: {
    words: "two clusters",
    add: `mkdir -p /etc/postgresql/17/second
      one=/var/lib/postgresql/17/lab two=/var/lib/postgresql/17/second
      cp -a $one $two; rm $two/postmaster.pid
      sed -e 's,17/lab,17/second,' -e '$a port = 5433' /etc/postgresql/17/main/postgresql.conf >/etc/postgresql/17/second/postgresql.conf
      setpriv --reuid postgres --regid postgres --clear-groups setsid /usr/lib/postgresql/17/bin/postgres -D $two \\
        -c config_file=/etc/postgresql/17/second/postgresql.conf -c hba_file=$two/pg_hba.conf -c ident_file=$two/pg_ident.conf >$two/log 2>&1 &
      until grep 'ready to accept' $two/log; do sleep 0.05; done`,
    fromCopies: "sed -i s,/etc/tls/postgresql,/srv/postgresql, /etc/postgresql/17/second/postgresql.conf",
    places: [
      { protocol: "postgres", port: 5432 },
      { protocol: "postgres", port: 5433 },
    ],
  },
  // One process has one certificate for all its addresses.
  mysql: {
    words: "two addresses, of which another MariaDB takes one over",
    add: `sed -i "s/^bind-address.*/bind-address = $ADDRESS,$OTHER/" /etc/mysql/conf.d/50-server.cnf
      ${RESTART_MYSQL}`,
    fromCopies: `mkdir /var/lib/mysql-second; chown mysql:mysql /var/lib/mysql-second
      sed -e "s/^bind-address.*/bind-address = $OTHER/" -e s,mysql-lab,mysql-second, -e s,/etc/tls/mysql,/srv/mysql, \\
        /etc/mysql/conf.d/50-server.cnf >/etc/second.cnf
      sed -i "s/^bind-address.*/bind-address = $ADDRESS/" /etc/mysql/conf.d/50-server.cnf
      ${RESTART_MYSQL}
      setsid mariadbd --defaults-file=/etc/second.cnf >/var/log/mariadb-second.log 2>&1 &`,
    places: [
      { protocol: "mysql", port: 3306 },
      { protocol: "mysql", port: 3306, isOtherAddress: true },
    ],
  },
};

const otherAddress = (host: ServersHost): string => host.address.replace(/^127\.0\./, "127.1.");

/** Does something to the host that may leave programs running. */
export const actOn = (host: ServersHost, text: string): Promise<string> =>
  host.run(`export ADDRESS=${host.address} OTHER=${otherAddress(host)}
    ( ${text}
    ) </dev/null >/run/said 2>&1 || { cat /run/said >&2; exit 1; }`);

/** The first and the second endpoint of a server, as clients reach them. */
export const addressesOf = (host: ServersHost, server: HostedServer) =>
  TWO_ADDRESSES[server].places.map(({ isOtherAddress, ...place }) => ({
    host: isOtherAddress ? otherAddress(host) : host.address,
    ...place,
  }));
