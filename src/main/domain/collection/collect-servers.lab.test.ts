import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

const STORES = join(import.meta.dirname, "../keystores/testdata");

/** Shells beside sh, which all other tests use: the one that differs most from it, and in the long form all. */
const SHELLS = process.env.LATCHKEY_TEST_SHELLS === "all" ? ["busybox sh", "bash", "ksh"] : ["busybox sh"];

/** What must never leave the host, wherever a configuration keeps it. */
const SECRET = "c2VjcmV0OmNhbmFyeQ";

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx
mkdir -p /etc/nginx/sites-enabled /etc/nginx/sites-available /etc/apache2/sites-enabled /etc/haproxy/certs /etc/postfix \\
  /etc/dovecot/conf.d /etc/ldap/slapd.d /etc/postgresql/17/main/conf.d /etc/mysql/conf.d /srv/tls /srv/vhosts /etc/tomcat10
cd /srv/tls
make() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" 2>/dev/null; }
for name in nginx vhost apache haproxy smtp smtp-ec smtp-dsa sni imap ldap pg my; do make $name; done
openssl genpkey -algorithm ed448 -out odd.key 2>/dev/null
openssl req -x509 -key odd.key -subj /CN=odd -out odd.pem 2>/dev/null
cat haproxy.pem haproxy.key > /etc/haproxy/certs/site.pem
mkdir -p /etc/kubernetes/pki/etcd; cp my.pem /etc/kubernetes/pki/etcd/server.crt

cat > /etc/nginx/nginx.conf <<'END'
http { include sites-enabled/*; include /srv/vhosts/*.conf; }
END
cat > /etc/nginx/sites-available/shop <<'END'
server { listen 443 ssl; server_name shop.example # a comment; with { signs
    www.shop.example;
  proxy_set_header Authorization "Basic ${SECRET}";
  location /api { auth_basic "${SECRET}"; return 200 "}{"; }
  ssl_certificate
    "/srv/tls/nginx.pem"; ssl_certificate_key /srv/tls/nginx.key;
}
END
ln -s ../sites-available/shop /etc/nginx/sites-enabled/shop
echo 'server { listen 444 ssl; ssl_certificate /srv/tls/vhost.pem; ssl_certificate_key /srv/tls/odd.key; }' > /srv/vhosts/v.conf
echo 'server { listen 445 ssl; ssl_certificate_key "engine:pkcs11:token=T;pin-value=${SECRET}"; }' >> /srv/vhosts/v.conf
cat > /etc/apache2/apache2.conf <<'END'
Define TOKEN ${SECRET}
SetEnv TOKEN ${SECRET}
<Proxy "balancer://a>${SECRET}">
</Proxy>
<If "%{HTTP:X-Token} == '${SECRET}'">
</If>
Use Shop shop.example ${SECRET}
Define PASSWORD /${SECRET}
MDHttpProxy http://ann:${SECRET}@proxy:3128
GnuTLSPIN ${SECRET}
SSLRequire %{HTTP:X-Token} eq "${SECRET}"
SSLProxyMachineCertificateFile "pkcs11:token=T?pin-value=${SECRET}"
IncludeOptional sites-enabled/*.conf
END
printf '<VirtualHost *:443>\\n  ServerName \\\\\\n    a.example\\n  SSLCertificateFile \\\\\\r\\n    /srv/tls/apache.pem\\n</VirtualHost>\\n' > /etc/apache2/sites-enabled/a.conf
# Keys under names that say nothing of it: some of their lines begin like what is shipped.
for old in /etc/haproxy/site.rsa /etc/apache2/site.rsa; do
  printf -- '-----BEGIN RSA PRIVATE KEY-----\\n/${SECRET}\\nMD${SECRET}\\n-----END RSA PRIVATE KEY-----\\n' > $old
done
cat > /etc/haproxy/haproxy.cfg <<'END'
global
  setenv API_TOKEN /${SECRET}
  crt-base /etc/haproxy/certs
userlist people
  user ann insecure-password ${SECRET}
frontend web
  bind :443 ssl crt /etc/haproxy/certs/ alpn h2
  stats auth ann:${SECRET}
END
cat > /etc/postfix/main.cf <<'END'
smtpd_tls_cert_file = /srv/tls/smtp.pem
smtpd_tls_key_file =
  /srv/tls/smtp.key
smtpd_tls_eccert_file = /srv/tls/smtp-ec.pem
smtpd_tls_eckey_file = /srv/tls/smtp-ec.key
smtpd_tls_dcert_file = /srv/tls/smtp-dsa.pem
smtpd_tls_dkey_file = /srv/tls/smtp-dsa.key
smtp_sasl_password_maps = static:ann:${SECRET}
relayhost = ${SECRET}
people_bind_pw = /${SECRET}
END
printf 'smtp inet n - y - - smtpd\\n  -o smtpd_tls_security_level=may\\npipe unix - n n - - pipe\\n  argv=/bin/x ${SECRET}\\n' > /etc/postfix/master.cf
echo 'mail ann:${SECRET}' > /etc/postfix/sasl_passwd
printf 'a.example /srv/tls/sni.key,\\n  /srv/tls/sni.pem\\nb.example /srv/tls/${SECRET}\\n' > /etc/postfix/sni
cat > /etc/dovecot/dovecot.conf <<'END'
protocols = imap
ssl_cert = </srv/tls/imap.pem
ssl_key = </srv/tls/imap.key
ssl_key_password = ${SECRET}
passdb sql {
  connect = host=db password=${SECRET}
}
END
cat > "/etc/ldap/slapd.d/cn=config.ldif" <<'END'
dn: cn=config
olcTLSCertificateFile: /srv/tls/
 ldap.pem
olcRootPW: ${SECRET}
olcTLSCertificateKey;binary:: ${SECRET}
 ${SECRET}
END
mkdir -p /var/lib/pgsql/data/base/1; echo 'port = 5433' > /var/lib/pgsql/data/postgresql.conf
echo 'port ${SECRET}' > /var/lib/pgsql/data/base/1/1259
printf "ssl = on\\nssl_cert_file = '/srv/tls/pg.pem'\\nssl_passphrase_command = 'echo ${SECRET}'\\n" > /etc/postgresql/17/main/postgresql.conf
printf '[client]\\npassword = ${SECRET}\\n[mysqld]\\nssl-cert = /srv/tls/my.pem\\n' > /etc/mysql/my.cnf

openssl pkcs12 -export -in nginx.pem -inkey nginx.key -passout pass:changeit -out /etc/tomcat10/known.p12
openssl pkcs12 -export -legacy -in apache.pem -inkey apache.key -passout pass:changeit -out /etc/tomcat10/old.p12
openssl pkcs12 -export -in nginx.pem -inkey nginx.key -passout pass:${SECRET} -out /etc/tomcat10/locked.p12
`;

let host: LabHost;
let told: Collection;
let stream: Buffer;
beforeAll(async () => {
  host = await startHost({ name: "servers", prepare: PREPARE });
  for (const name of ["java.jks", "java.jceks"])
    await lay(`/etc/tomcat10/${name}`, readFileSync(join(STORES, name)));
  await lay("/etc/tomcat10/own.jks", signAnew(readFileSync(join(STORES, "java.jks")), "nobody knows"));
  stream = await runCollector(host, { args: ["--nonce", "n"] });
  told = readCollection(stream, { nonce: "n" }) ?? (await collect());
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

const lay = (path: string, bytes: Uint8Array) =>
  host.run(`echo ${Buffer.from(bytes).toString("base64")} | base64 -d > ${path}`);

/** The same Java keystore with the hash of another password; its keys are still locked with the old one. */
function signAnew(store: Buffer, password: string): Buffer {
  const wide = Buffer.from(password, "utf16le").swap16();
  const rest = store.subarray(0, -20);
  const digest = createHash("sha1").update(wide).update("Mighty Aphrodite").update(rest).digest();
  return Buffer.concat([rest, digest]);
}

async function collect(shell = "sh"): Promise<Collection> {
  const collection = readCollection(await runCollector(host, { shell, args: ["--nonce", "n"] }), {
    nonce: "n",
  });
  if (!collection) throw new Error("nothing was collected");
  return collection;
}

const textOf = (path: string) =>
  told.serverConfigs.flatMap(({ files }) => files.get(path) ?? [])[0]?.split("\n");

test("of a file that holds a private key and a certificate it is told which stands first", () => {
  const [files] = told.serverConfigs;
  const orderOf = (path: string) => files?.pemOrders?.get(path);
  expect(orderOf("/etc/haproxy/certs/site.pem")).toBe("ck");
  expect(orderOf("/srv/tls/smtp.pem")).toBe("c");
  expect(orderOf("/srv/tls/smtp.key")).toBe("k");
});

test("of each server's configuration the lines that tell what is served come along, at their place, and no secret", async () => {
  expect(told.serverConfigs.map(({ server, root }) => [server, root])).toEqual([
    ["nginx", "/etc/nginx/nginx.conf"],
    ["apache", "/etc/apache2/apache2.conf"],
    ["haproxy", "/etc/haproxy/haproxy.cfg"],
    ["postfix", "/etc/postfix/main.cf"],
    ["dovecot", "/etc/dovecot/dovecot.conf"],
    ["slapd", "/etc/ldap/slapd.d/cn=config.ldif"],
    ["postgresql", "/etc/postgresql/17/main/postgresql.conf"],
    ["postgresql", "/var/lib/pgsql/data/postgresql.conf"],
    ["mysql", "/etc/mysql/my.cnf"],
  ]);
  expect(textOf("/etc/nginx/sites-enabled/shop")).toEqual([
    "server { listen 443 ssl; server_name shop.example ",
    "    www.shop.example;",
    ";",
    "location {;;}",
    "  ssl_certificate",
    '    "/srv/tls/nginx.pem"; ssl_certificate_key /srv/tls/nginx.key;',
    "}",
  ]);
  expect(textOf("/etc/apache2/sites-enabled/a.conf")?.slice(1, 5)).toEqual([
    "  ServerName \\",
    "    a.example",
    "  SSLCertificateFile \\",
    "    /srv/tls/apache.pem",
  ]);
  expect(textOf("/etc/haproxy/haproxy.cfg")).toEqual([
    "global",
    "  setenv API_TOKEN ",
    "  crt-base /etc/haproxy/certs",
    "userlist people",
    "",
    "frontend web",
    "  bind :443 ssl crt /etc/haproxy/certs/ alpn h2",
    "",
  ]);
  expect(textOf("/etc/postfix/main.cf")?.slice(0, 3)).toEqual([
    "smtpd_tls_cert_file = /srv/tls/smtp.pem",
    "smtpd_tls_key_file =",
    "  /srv/tls/smtp.key",
  ]);
  expect(textOf("/etc/postfix/sni")).toEqual(["a.example /srv/tls/sni.key,", "  /srv/tls/sni.pem", "?"]);
  expect(textOf("/etc/postfix/sasl_passwd")).toEqual(["?"]);
  expect(textOf("/etc/ldap/slapd.d/cn=config.ldif")).toEqual([
    "dn: cn=config",
    "olcTLSCertificateFile: /srv/tls/",
    " ldap.pem",
    "",
    "",
    "",
  ]);
  expect(stream.toString("latin1")).not.toContain(SECRET);
});

test("what these name is read wherever it lies, and includes outside of their folders as well", () => {
  const paths = told.certificateFiles.map(({ path }) => path).sort();
  expect(paths).toEqual([
    "/etc/haproxy/certs/site.pem",
    "/etc/kubernetes/pki/etcd/server.crt",
    ...["java.jks", "known.p12", "old.p12", "own.jks"].map((name) => `/etc/tomcat10/${name}`),
    ...["apache", "imap", "ldap", "my", "nginx", "pg", "smtp-dsa", "smtp-ec", "smtp", "sni", "vhost"].map(
      (name) => `/srv/tls/${name}.pem`,
    ),
  ]);
  expect(told.diskFiles.get("/srv/tls/nginx.pem")).toMatchObject({
    realPath: "/srv/tls/nginx.pem",
    writtenAt: expect.any(Number),
    entry: { mode: 0o644 },
  });
});

test("a key tells which certificates it is for, also where OpenSSH has no such keys", async () => {
  for (const [path, certificate] of [
    ["/srv/tls/nginx.key", "/srv/tls/nginx.pem"],
    ["/srv/tls/odd.key", "/srv/tls/odd.pem"],
  ]) {
    const pem = await host.run(`openssl x509 -in ${certificate} -noout -pubkey`);
    const expected = createPublicKey(pem).export({ type: "spki", format: "der" });
    const key = told.keyFiles.find((file) => file.path === path);
    expect(Buffer.from(key?.spki ?? [])).toEqual(expected);
  }
});

test("of Postfix the keys of each kind are read, whichever parameter names them", () => {
  const paths = told.keyFiles.map(({ path }) => path).filter((path) => path.startsWith("/srv/tls/smtp"));
  expect(paths.toSorted()).toEqual(["/srv/tls/smtp-dsa.key", "/srv/tls/smtp-ec.key", "/srv/tls/smtp.key"]);
});

test("keystores stay where they are: those with a known password are told of with their certificates, others as locked", () => {
  expect(told.keystores.map(({ path, kind, state, password }) => [path, kind, state, password])).toEqual([
    ["/etc/tomcat10/known.p12", "pkcs12", "default", "changeit"],
    ["/etc/tomcat10/locked.p12", "pkcs12", "locked", null],
    ["/etc/tomcat10/old.p12", "pkcs12", "default", "changeit"],
    ["/etc/tomcat10/java.jks", "jks", "default", "changeit"],
    ["/etc/tomcat10/own.jks", "jks", "certificates", null],
    // A secret key stands before its certificates, and only Java knows how long that is.
    ["/etc/tomcat10/java.jceks", "jceks", "locked", null],
  ]);
  const held = (name: string) =>
    told.certificateFiles.find(({ path }) => path === `/etc/tomcat10/${name}`)?.ders ?? [];
  const { raw } = new X509Certificate(readFileSync(join(STORES, "leaf.pem")));
  for (const name of ["java.jks", "own.jks"]) expect(held(name).some((der) => raw.equals(der))).toBe(true);
});

test("every shell tells the same of servers", async () => {
  const steady = ({ serverConfigs, diskFiles, keystores, certificateFiles, keyFiles }: Collection) => ({
    serverConfigs,
    diskFiles,
    keystores,
    certificateFiles,
    keyFiles,
  });
  for (const shell of SHELLS)
    expect({ shell, told: steady(await collect(shell)) }).toEqual({ shell, told: steady(told) });
});
