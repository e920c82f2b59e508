import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { formatHandshake } from "#shared/text/certificates/deployment.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { isListening } from "#testing/servers/server.ts";

/** `make KIND FILE NAME [BEGIN]`: a certificate and its key, apart and in one file as HAProxy and Postfix want them. */
const MAKE = `
set -e; cd /srv/tls
make() {
  case $1 in rsa) key=rsa:2048 ;; ec) key='ec -pkeyopt ec_paramgen_curve:P-256' ;; esac
  openssl req -x509 -newkey $key -nodes -subj "/CN=$3" -addext "subjectAltName=DNS:$3" \\
    -not_before "\${4-20260101000000Z}" -not_after 20280101000000Z -keyout "$2.key" -out "$2.crt" 2>/dev/null
  cat "$2.key" "$2.crt" > "$2.pem"
}
`;

const PORTS = [8_443, 7_443, 9_443, 25, 993];

/**
 * Five servers, each with certificates that only one of several handshakes shows. nginx accepts only a group for which
 * our ClientHello has no key share.
 */
const CONFIGURE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2 /etc/haproxy /etc/postfix /etc/dovecot
mkdir -p /srv/tls/folder /etc/nginx /etc/apache2 /etc/haproxy /etc/postfix /etc/dovecot /var/log/apache2
${MAKE}
for name in nginx apache postfix; do make rsa $name-rsa $name.example; make ec $name-ec $name.example; done
for name in a b c d; do make ec folder/$name $name.example; rm folder/$name.key folder/$name.crt; done
make ec mail-wild mail.wild.example; make ec imap imap.example; make ec imap-wild '*.imap.example'
cat > /etc/nginx/nginx.conf <<END
user root; pid /run/nginx.pid; error_log /dev/null; events {}
http {
  access_log off; ssl_ecdh_curve secp521r1;
  server {
    listen $ADDRESS:8443 ssl; server_name nginx.example;
    ssl_certificate /srv/tls/nginx-rsa.crt; ssl_certificate_key /srv/tls/nginx-rsa.key;
    ssl_certificate /srv/tls/nginx-ec.crt; ssl_certificate_key /srv/tls/nginx-ec.key;
  }
}
END
cat > /etc/apache2/apache2.conf <<END
ServerRoot /etc/apache2
ServerName localhost
DefaultRuntimeDir /run
PidFile /run/apache2.pid
ErrorLog /var/log/apache2/error.log
StartServers 1
$(for module in mpm_event authz_core ssl; do echo "LoadModule \${module}_module /usr/lib/apache2/modules/mod_$module.so"; done)
Listen $ADDRESS:7443 https
<VirtualHost *:7443>
ServerName apache.example
SSLEngine on
SSLCertificateFile /srv/tls/apache-rsa.crt
SSLCertificateKeyFile /srv/tls/apache-rsa.key
SSLCertificateFile /srv/tls/apache-ec.crt
SSLCertificateKeyFile /srv/tls/apache-ec.key
</VirtualHost>
END
cat > /etc/haproxy/haproxy.cfg <<END
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind $ADDRESS:9443 ssl crt /srv/tls/folder/
END
cat > /etc/postfix/main.cf <<END
compatibility_level = 3.6
myhostname = postfix.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
smtpd_tls_security_level = may
smtpd_tls_cert_file = /srv/tls/postfix-rsa.crt
smtpd_tls_key_file = /srv/tls/postfix-rsa.key
smtpd_tls_eccert_file = /srv/tls/postfix-ec.crt
smtpd_tls_eckey_file = /srv/tls/postfix-ec.key
tls_server_sni_maps = inline:{ { .wild.example = /srv/tls/mail-wild.pem } }
END
touch -d @0 /etc/postfix/main.cf
cat > /etc/postfix/master.cf <<END
$ADDRESS:smtp inet n - n - 1 smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
END
for folder in pid private public incoming active deferred maildrop; do mkdir -p /var/spool/postfix/$folder; done
chown postfix:postfix /var/spool/postfix/private /var/spool/postfix/public
cat > /etc/dovecot/dovecot.conf <<END
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = imap
log_path = /var/log/dovecot.log
listen = $ADDRESS
mail_driver = maildir
mail_path = /var/mail/%{user}
passdb static {
  password = nobody-knows-this
}
ssl_server_cert_file = /srv/tls/imap.crt
ssl_server_key_file = /srv/tls/imap.key
local_name *.imap.example {
  ssl_server_cert_file = /srv/tls/imap-wild.crt
  ssl_server_key_file = /srv/tls/imap-wild.key
}
END
nginx -e /dev/null; apache2 -k start; haproxy -W -D -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid; dovecot
setsid /usr/lib/postfix/sbin/master -s >/var/log/postfix.log 2>&1 &
`;

/** File times count in whole seconds, and Postfix may have started a process in this one. */
const RENEW = `${MAKE}
for name in nginx apache postfix; do make rsa $name-rsa $name.example 20260201000000Z; done
make ec folder/b b.example 20260201000000Z; rm folder/b.key folder/b.crt
make ec mail-wild mail.wild.example 20260201000000Z; make ec imap-wild '*.imap.example' 20260201000000Z
touch -d '2 seconds' *-rsa.* *-wild.* folder/b.pem
`;

const RENEWED = [
  "nginx-rsa.crt",
  "apache-rsa.crt",
  "postfix-rsa.crt",
  "folder/b.pem",
  "mail-wild.pem",
  "imap-wild.crt",
];
const OTHERS = [
  "nginx-ec.crt",
  "apache-ec.crt",
  "postfix-ec.crt",
  "imap.crt",
  ...["a", "c", "d"].map((name) => `folder/${name}.pem`),
];

const listRows = async ({ client }: App) => (await client.served.list({ limit: 100 })).rows;

/** By file; of one that is served by several bindings the state that needs attention most. */
async function statesOf(app: App): Promise<{ [file: string]: string }> {
  const rows = (await listRows(app)).filter(({ port }) => PORTS.includes(port));
  return Object.fromEntries(
    rows.toReversed().map(({ certificate, state }) => [certificate?.path.replace("/srv/tls/", ""), state]),
  );
}

const all = (files: readonly string[], state: string) =>
  Object.fromEntries(files.map((file) => [file, state]));

test("of certificates side by side each is seen by the handshake that its row names, and those that were renewed alone are not reloaded", async () => {
  await using desk = await makeDesk();
  await using host = await startHost({ name: "several", prepare: letIn(desk.publicKey) });
  await host.run(
    `export ADDRESS=${host.address}; { ${CONFIGURE} } </dev/null >/run/said 2>&1 || { cat /run/said >&2; exit 1; }`,
  );
  await expect.poll(() => isListening(host.address, PORTS), { timeout: 60_000 }).toBe(true);
  await using app = desk.open();
  const scanHost = (to: App) => scanAll(to, { text: `root@${host.address}`, acceptNew: true });

  await scanHost(app);
  expect(await statesOf(app)).toEqual(all([...RENEWED, ...OTHERS], "not-seen"));
  const named = new Set(
    (await listRows(app)).flatMap((row) => (PORTS.includes(row.port) ? (formatHandshake(row) ?? []) : [])),
  );
  const wire = [...named].join(" ");
  await scanAll(app, { text: wire });
  expect(await statesOf(app)).toEqual(all([...RENEWED, ...OTHERS], "agrees"));

  await host.run(RENEW);
  // On a busy machine a collector may run out of time before the processes. Their age is not known then, and the scan
  // is repeated.
  await expect
    .poll(
      async () => {
        // Of Postfix, Dovecot and HAProxy only another probe shows that they still serve the old certificate.
        await scanAll(app, { text: `root@${host.address} ${wire}`, acceptNew: true });
        return statesOf(app);
      },
      { timeout: 60_000 },
    )
    .toEqual({ ...all(RENEWED, "not-reloaded"), ...all(OTHERS, "agrees") });

  // A probe of one name of HAProxy says nothing of its others, whichever file was renewed.
  const workstation = { user: "root", home: desk.home, agentSocket: null };
  await using fresh = createApp({ databasePath: ":memory:", workstation });
  await scanHost(fresh);
  await scanAll(fresh, { text: `${host.address}:9443/a.example` });
  expect(await statesOf(fresh)).toEqual({
    ...all([...RENEWED, ...OTHERS], "not-seen"),
    "folder/a.pem": "agrees",
  });
}, 180_000);
