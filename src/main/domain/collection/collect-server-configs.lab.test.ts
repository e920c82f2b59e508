import { expect, test } from "vitest";
import type { Configuration, ServerKind } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { readTree, runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const SECRET = "correct-horse-battery";
/** A secret of digits alone, as ports and addresses are. */
const PIN = "4711471147";

/**
 * The file where each server begins, what it reads outside that folder, and files with everything that may mislead a
 * reader.
 */
const SERVERS: { server: ServerKind; root: string; beside?: string; files: { [path: string]: string } }[] = [
  {
    server: "nginx",
    root: "/etc/nginx/nginx.conf",
    files: {
      "/etc/nginx/nginx.conf": `user www-data; # ${SECRET}
http {
  ssl_certificate tls/all.pem; ssl_certificate_key "tls/a b.key";
  include conf.d/*.conf; include sites-enabled/*;
}
stream { server { listen 8883 ssl; ssl_certificate
  /c.pem; ssl_certificate_key /c.key; } }`,
      "/etc/nginx/conf.d/10.conf": `upstream x { server 10.0.0.1; }
map $host $pw { default "${SECRET} }"; }
server {
  listen 443 ssl; listen [::]:443 ssl; server_name a.example
    *.a.example ~^b\\d{2}\\.example$;
  location / { proxy_set_header Authorization "Basic ${SECRET}; {"; proxy_ssl_certificate me.pem; }
}`,
      "/etc/nginx/sites-enabled/plain": "server { listen 443 ssl default_server; ssl_reject_handshake on; }",
    },
  },
  {
    server: "apache",
    root: "/etc/apache2/apache2.conf",
    files: {
      "/etc/apache2/apache2.conf": `Define certs /srv/certs
IncludeOptional mods-enabled/*.load
Include ports.conf
IncludeOptional sites-enabled/*.conf`,
      "/etc/apache2/ports.conf": "Listen 80\n<IfModule ssl_module>\n\tListen 443\n</IfModule>",
      "/etc/apache2/mods-enabled/ssl.load": "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so",
      "/etc/apache2/sites-enabled/shop.conf": `<VirtualHost *:443 [::1]:443>
  ServerName shop.example
  ServerAlias www.shop.example \\
    *.shop.example
  SSLEngine on
  SSLCertificateFile \${certs}/shop.pem
  SSLCertificateKeyFile "\${certs}/shop key.pem"
  <Location /secret>
    RequestHeader set Authorization "Basic ${SECRET}"
  </Location>
  SetEnv PASSWORD ${SECRET}
</VirtualHost>
<IfDefine Never>
<VirtualHost *:443>
  SSLEngine on
</VirtualHost>
</IfDefine>
<Macro Site $name $file $files>
  <VirtualHost *:443>
    ServerName $name
    SSLEngine on
    SSLCertificateFile $files/$name.pem
    SetEnv PASSWORD $file
  </VirtualHost>
</Macro>
Use Site a.example ${SECRET} "/srv/a b"
Use Site b.example "${SECRET}" /srv/b
Use Site c.example 'it is "${SECRET}' /srv/c
Use Site d.example it"${SECRET} '/srv/d e'
Use Site "e.example"'${SECRET}'/srv/e
Define TOKEN\\
 ${SECRET}
Define STATS_AUTH ${PIN}`,
    },
  },
  {
    server: "haproxy",
    root: "/etc/haproxy/haproxy.cfg",
    files: {
      "/etc/haproxy/haproxy.cfg": `global
  crt-base /etc/haproxy/certs
  setenv TOKEN ${SECRET}
  setenv API_KEY ${PIN}
  setenv STATS_AUTH ${PIN}
  setenv KEYCLOAK_PORT 8448
  unsetenv GONE
userlist users
  user jo insecure-password ${SECRET}
frontend web
  bind :443,:::444 name ssl ssl crt one.pem crt all/ ca-file /etc/haproxy/ca.pem
  bind 127.0.0.1:8443 ssl crt-list /etc/haproxy/list.txt
  stats auth admin:${SECRET}
.if defined(TOKEN) && !defined(GONE)
  bind 127.0.0.1:8444 ssl crt one.pem
.else
  bind 127.0.0.1:8445 ssl crt one.pem
.endif
.if streq("$MY_TOKEN","${SECRET}")
  bind 127.0.0.1:8446 ssl crt one.pem
.elif streq("$MINE",${PIN})
  bind 127.0.0.1:8447 ssl crt one.pem # not "${SECRET}"
.endif
.if streq("$KEYCLOAK_PORT",8448)
  bind 127.0.0.1:"\${KEYCLOAK_PORT}" ssl crt one.pem
.endif
backend inner
  server s1 10.0.0.1:443 ssl crt me.pem`,
      "/etc/haproxy/list.txt": "one.pem [alpn h2] one.example *.one.example !bad.one.example\n/srv/two.pem\n",
      "/etc/haproxy/certs/all/b.pem": "",
      "/etc/haproxy/certs/all/a.pem": "",
    },
  },
  {
    server: "postfix",
    root: "/etc/postfix/main.cf",
    files: {
      "/etc/postfix/main.cf": `tls = /etc/postfix/tls
smtpd_tls_cert_file = $tls/mail.pem
smtpd_tls_key_file =
    \${tls}/mail.key
smtpd_tls_security_level = may
smtp_sasl_password_maps = static:jo:${SECRET}
inet_interfaces = loopback-only
tls_server_sni_maps = hash:/etc/postfix/sni`,
      "/etc/postfix/sni": `# ${SECRET}
shop.example /etc/postfix/tls/shop.key,
    /etc/postfix/tls/shop.pem
.shop.example	/etc/postfix/tls/all.chain
`,
      "/etc/postfix/master.cf": `smtp inet n - y - - smtpd
submissions inet n - y - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_tls_cert_file=$tls/submission.pem
pickup unix n - y 60 1 pickup -o pass=${SECRET}`,
    },
  },
  {
    server: "dovecot",
    root: "/etc/dovecot/dovecot.conf",
    beside: "/usr/share/dovecot/protocols.d",
    files: {
      "/etc/dovecot/dovecot.conf": `dovecot_config_version = 2.4.0
!include_try /usr/share/dovecot/protocols.d/*.protocol
listen = 127.0.0.1
!include conf.d/*.conf`,
      "/etc/dovecot/conf.d/10-ssl.conf": `ssl_server {
  cert_file = /etc/dovecot/mail.pem
  key_file = /etc/dovecot/mail.key
}
local_name a.example {
  ssl_server_cert_file = /etc/dovecot/a.pem
}
passdb static {
  password = ${SECRET}
}
service imap-login {
  inet_listener imap {
    port = 0
  }
}`,
    },
  },
  {
    server: "slapd",
    root: "/etc/ldap/slapd.d/cn=config.ldif",
    beside: "/etc/default",
    files: {
      "/etc/ldap/slapd.d/cn=config.ldif": `dn: cn=config
olcTLSCertificateFile: /etc/ldap/a/very/lo
 ng/path.pem
olcTLSCertificateKeyFile:: L2V0Yy9sZGFwL2vDpHNlLmtleQ==
olcRootPW: ${SECRET}
`,
    },
  },
  {
    server: "postgresql",
    root: "/etc/postgresql/17/main/postgresql.conf",
    beside: "/var/lib/postgresql/17",
    files: {
      "/etc/postgresql/17/main/postgresql.conf": `data_directory = '/var/lib/postgresql/17/lab'
ssl = on
ssl_cert_file = '/etc/it''s.pem' # ${SECRET}
ssl_passphrase_command = 'echo ${SECRET}'
primary_conninfo = 'password=${SECRET}'
include_dir = 'conf.d'`,
      "/etc/postgresql/17/main/conf.d/10.conf": "listen_addresses = '*'\nport = 5433",
      "/var/lib/postgresql/17/lab/postgresql.auto.conf": "ssl_key_file = 'auto.key'",
    },
  },
  {
    server: "mysql",
    root: "/etc/mysql/my.cnf",
    files: {
      "/etc/mysql/my.cnf": `[client]
password = ${SECRET}
!includedir /etc/mysql/conf.d/`,
      "/etc/mysql/conf.d/50.cnf": `[mysqld]
bind_address = 127.0.0.1
ssl_cert = "/etc/mysql/it.pem"
loose-ssl-key=/etc/mysql/it.key
wsrep_sst_auth = jo:${SECRET}`,
    },
  },
];

test("what the collector ships of eight servers reads as the files themselves do, and no secret goes along", async () => {
  const write = SERVERS.flatMap(({ files }) =>
    Object.entries(files).map(
      ([path, text]) =>
        `mkdir -p "$(dirname '${path}')"\ncat >'${path}' <<'END OF FILE'\n${text}\nEND OF FILE`,
    ),
  );
  await using host = await startHost({
    name: "configured",
    prepare: `rm -rf /etc/nginx /etc/mysql /var/lib/postgresql\n${write.join("\n")}`,
  });
  const stream = await runCollector(host, { args: ["--nonce", "n"] });
  const lines = stream.toString("latin1").split("\n");
  expect(lines.filter((line) => line.includes(SECRET) || line.includes(PIN))).toEqual([]);
  const serverConfigs = readCollection(stream, { nonce: "n" })?.serverConfigs ?? [];
  for (const { server, root, beside } of SERVERS) {
    const shipped = serverConfigs.find((one) => one.server === server);
    expect(shipped?.root, server).toBe(root);
    if (!shipped) continue;
    // Command lines and addresses are not in the host's files.
    const theirs = readConfiguration({ ...shipped, commandLines: [], addresses: null });
    expect(theirs, server).toEqual(readOnHost(host, { server, root, beside }));
    expect(theirs.bindings.length, server).toBeGreaterThan(0);
  }
});

/** What the host's own files say when they are read directly. */
function readOnHost(
  host: LabHost,
  { server, root, beside }: { server: ServerKind; root: string; beside: string | undefined },
): Configuration {
  const [, etc, own] = root.split("/");
  const trees = [`/${etc}/${own}`, ...(beside ? [beside] : [])].map((folder) => readTree(host.root + folder));
  const bare = <Value>(entries: Iterable<[string, Value]>) =>
    [...entries].map(([path, value]): [string, Value] => [path.slice(host.root.length), value]);
  return readConfiguration({
    server,
    root,
    unreadable: [],
    commandLines: [],
    files: new Map(trees.flatMap(({ files }) => bare(files))),
    folders: new Map(trees.flatMap(({ folders }) => bare(folders))),
  });
}
