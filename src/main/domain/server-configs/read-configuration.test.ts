import fc from "fast-check";
import { expect, test } from "vitest";
import { formatFiles, makeFiles } from "#domain/server-configs/testing/format-files.ts";
import { chooseBinding } from "./choose-binding.ts";
import type { ServerKind } from "./configuration.ts";
import { readConfiguration } from "./read-configuration.ts";

const KINDS: readonly ServerKind[] = [
  "nginx",
  "apache",
  "haproxy",
  "postfix",
  "dovecot",
  "slapd",
  "postgresql",
  "mysql",
  "sshd",
];

/** Words and marks that mean something to one of the readers, so that random texts are nearly configurations. */
const PIECES = [
  ..."\n;{}#\\\"'$=<>()[]!:*,.@~ \t",
  "http",
  "server",
  "stream",
  "mail",
  "listen",
  "443 ssl",
  "server_name",
  "ssl_certificate",
  "include",
  "a.conf",
  "<VirtualHost *:443>",
  "</VirtualHost>",
  "<IfModule",
  "<IfDefine",
  "<Macro m $a>",
  "</Macro>",
  "Use m",
  "Define",
  "SSLEngine on",
  "SSLCertificateFile",
  "frontend",
  "bind",
  ":443",
  "ssl",
  "crt",
  "crt-list",
  "crt-store",
  "load",
  "global",
  "crt-base",
  ".if defined(A) && (",
  ".else",
  "smtpd_tls_cert_file",
  "${",
  "?",
  "smtp inet n - y - - smtpd",
  "-o",
  "ssl_cert = </c",
  "local_name",
  "protocol",
  "local 10.0.0.0/8 {",
  "service imap-login {",
  "inet_listener",
  "port = 1",
  "!include",
  "TLSCertificateFile",
  "olcTLSCertificateFile::",
  "include_dir",
  "ssl = on",
  "[mysqld]",
  "ssl-cert",
  "!includedir",
  "HostCertificate",
  "constructor",
  "__proto__",
];
const text = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), { maxLength: 60 });

test("no text makes a reader throw, and each choice among what it read comes to an end", () => {
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), text, text, (server, first, second) => {
      const files = makeFiles(
        { server },
        { "/e/main.cf": first.join(" "), "/e/master.cf": second.join(" "), "/e/a.conf": second.join("") },
      );
      const configuration = readConfiguration(files);
      for (const { listens, names } of configuration.bindings)
        for (const { address, port } of listens)
          for (const name of [...names, "a.example", null])
            chooseBinding(configuration, { address, port, name }, () => null);
    }),
    { numRuns: 1_000 },
  );
});

test("files that include each other twice, or themselves, are read to a limit, and that is said", () => {
  const twice: { [kind in ServerKind]?: string } = {
    nginx: "http { include x.conf; include x.conf; }",
    apache: "Include x.conf\nInclude x.conf",
    dovecot: "!include x.conf\n!include x.conf",
    slapd: "include x.conf\ninclude x.conf",
    postgresql: "include 'x.conf'\ninclude 'x.conf'",
    mysql: "!include x.conf\n!include x.conf",
    sshd: "Include /etc/ssh/x.conf\nInclude /etc/ssh/x.conf",
  };
  for (const [server, line] of Object.entries(twice) as [ServerKind, string][]) {
    const configuration = readConfiguration(makeFiles({ server }, { "/etc/ssh/x.conf": line }));
    expect(configuration.unknown.length, server).toBeGreaterThan(0);
    expect(configuration.unknown.length, server).toBeLessThanOrEqual(500);
  }
});

test("of a server that was started with another file nothing is sure, and of one of several that was not, all is", () => {
  const text = "http { server { listen 443 ssl; ssl_certificate /a; ssl_certificate_key /b; } }";
  const unsure = (...commandLines: string[][]) =>
    readConfiguration(makeFiles({ server: "nginx", commandLines }, { "/etc/nginx/nginx.conf": text }))
      .bindings[0]?.unsure;
  const other = "nginx: master process /usr/sbin/nginx -c /srv/nginx.conf";
  const why = "what runs was started with /srv/nginx.conf instead, which is not what was read";
  expect(unsure()).toBe(null);
  expect(unsure([other], ["nginx: worker process"])).toBe(why);
  expect(unsure([other], ["nginx: master process nginx -g daemon on;"])).toBe(null);
  expect(unsure(["nginx", "-c", "/etc/nginx/nginx.conf"])).toBe(null);
});

test("of a file that came in part there may be more", () => {
  const text = "http { server { listen 1 ssl; server_name a; ssl_certificate a.pem; } }";
  const read = (unreadable: string[]) =>
    readConfiguration(makeFiles({ server: "nginx", unreadable }, { "/e/nginx.conf": text }));
  expect(read(["/e/other.conf"]).incomplete).toBe(null);
  expect(read(["/e/nginx.conf"])).toMatchObject({
    bindings: [{ names: ["a"] }],
    incomplete: { why: "a part of its configuration was not read", onlyForNames: false },
    unknown: [{ what: "/e/nginx.conf was read in part", at: null }],
  });
});

const MARKS = [
  "{",
  "}",
  '"',
  "'",
  "''",
  "\\",
  "\\\n",
  "$",
  "${",
  "${a?",
  "#",
  " #",
  "/",
  "*",
  "[",
  "[[",
  "<",
  "-o ",
  "\n ",
  " ",
  "a ",
  "a\n",
  "a='",
  "a = b\n",
  "a {\n",
  "x = $x y\n",
  "<a ",
  "<IfModule a>\n",
  "${a${a",
  "bind :1 ssl crt a\n",
  "smtp inet n - y - - smtpd -o a=b\n",
  "server { listen 1 ssl; ssl_certificate a; }",
  "--[[",
  "_by_lua_block {",
];

test("a hundred thousand characters of one mark cost no reader more than a glance at each", () => {
  for (const server of KINDS) {
    for (const mark of MARKS)
      readConfiguration(makeFiles({ server }, { "/e/main.cf": mark.repeat(100_000 / mark.length) }));
  }
});

test("the files that SSH certificates hang on are named with their lines", () => {
  const said = formatFiles(
    { server: "sshd" },
    {
      "/etc/ssh/sshd_config":
        "Include sshd_config.d/*.conf\nTrustedUserCAKeys /etc/ssh/ca.pub\nRevokedKeys none\n",
      "/etc/ssh/sshd_config.d/10.conf": "HostCertificate=/etc/ssh/host-cert.pub\n",
    },
  );
  expect(said).toMatchInlineSnapshot(`
    "ssh-host-certificate /etc/ssh/host-cert.pub (hostcertificate /etc/ssh/sshd_config.d/10.conf:1)
    ssh-ca /etc/ssh/ca.pub (trustedusercakeys /etc/ssh/sshd_config:2)"
  `);
});
