import { expect, test } from "vitest";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { formatFiles, makeFiles } from "#domain/server-configs/testing/format-files.ts";

const say = (texts: { [path: string]: string }) => formatFiles({ server: "haproxy" }, texts);

test("files, folders and lists of certificates are served in their order, the first to whoever fits nowhere", () => {
  const said = say({
    "/etc/haproxy/haproxy.cfg": `global
  crt-base /etc/haproxy/certs
  ca-base /etc/haproxy/cas
  ssl-dh-param-file /etc/haproxy/dh.pem
frontend web
  bind :80
  bind 192.0.2.1:443,[2001:db8::1]:443 name ssl ssl crt one.pem crt all/ ca-file clients.pem verify required
  bind :::8443 v4v6 ssl crt-list /etc/haproxy/list strict-sni # a comment
  bind unix@/run/h.sock ssl crt one.pem
  bind quic4@:443 ssl crt one.pem
backend inner
  server s1 10.0.0.1:443 ssl crt me.pem ca-file inner.pem`,
    "/etc/haproxy/list": `# certificate [settings] names
one.pem [alpn h2,http/1.1] one.example *.one.example !bad.one.example

/srv/two.pem`,
    "/etc/haproxy/certs/all/b.pem": "",
    "/etc/haproxy/certs/all/b.pem.key": "",
    "/etc/haproxy/certs/all/a.pem": "",
    "/etc/haproxy/certs/all/a.pem.ocsp": "",
    "/etc/haproxy/certs/all/.hidden": "",
    "/etc/haproxy/certs/one.pem.rsa": "",
    "/etc/haproxy/certs/one.pem.ecdsa": "",
  });
  expect(said).toMatchInlineSnapshot(`
    "192.0.2.1:443! [2001:db8::1]:443! tls at /etc/haproxy/haproxy.cfg:7
      names of the certificate
      certificate /etc/haproxy/certs/one.pem.rsa (crt /etc/haproxy/haproxy.cfg:7)
      key /etc/haproxy/certs/one.pem.rsa (crt /etc/haproxy/haproxy.cfg:7)
    192.0.2.1:443! [2001:db8::1]:443! tls at /etc/haproxy/haproxy.cfg:7
      names of the certificate
      certificate /etc/haproxy/certs/one.pem.ecdsa (crt /etc/haproxy/haproxy.cfg:7)
      key /etc/haproxy/certs/one.pem.ecdsa (crt /etc/haproxy/haproxy.cfg:7)
    192.0.2.1:443 [2001:db8::1]:443 tls at /etc/haproxy/haproxy.cfg:7
      names of the certificate
      certificate /etc/haproxy/certs/all/a.pem (crt /etc/haproxy/haproxy.cfg:7)
      key /etc/haproxy/certs/all/a.pem (crt /etc/haproxy/haproxy.cfg:7)
    192.0.2.1:443 [2001:db8::1]:443 tls at /etc/haproxy/haproxy.cfg:7
      names of the certificate
      certificate /etc/haproxy/certs/all/b.pem (crt /etc/haproxy/haproxy.cfg:7)
      key /etc/haproxy/certs/all/b.pem.key (crt /etc/haproxy/haproxy.cfg:7)
    any:8443 tls at /etc/haproxy/haproxy.cfg:8
      names one.example *.one.example !bad.one.example
      certificate /etc/haproxy/certs/one.pem.rsa (crt-list /etc/haproxy/list:2)
      key /etc/haproxy/certs/one.pem.rsa (crt-list /etc/haproxy/list:2)
    any:8443 tls at /etc/haproxy/haproxy.cfg:8
      names one.example *.one.example !bad.one.example
      certificate /etc/haproxy/certs/one.pem.ecdsa (crt-list /etc/haproxy/list:2)
      key /etc/haproxy/certs/one.pem.ecdsa (crt-list /etc/haproxy/list:2)
    any:8443 tls at /etc/haproxy/haproxy.cfg:8
      names of the certificate
      certificate /srv/two.pem (crt-list /etc/haproxy/list:4)
      key /srv/two.pem (crt-list /etc/haproxy/list:4)
    dhparam /etc/haproxy/dh.pem (ssl-dh-param-file /etc/haproxy/haproxy.cfg:4)
    client-ca /etc/haproxy/cas/clients.pem (ca-file /etc/haproxy/haproxy.cfg:7)
    upstream-certificate /etc/haproxy/certs/me.pem (crt /etc/haproxy/haproxy.cfg:12)
    upstream-ca /etc/haproxy/cas/inner.pem (ca-file /etc/haproxy/haproxy.cfg:12)"
  `);
});

test("a store names certificates, variables of the service are known, and what is not is said", () => {
  const said = say({
    "/etc/haproxy/haproxy.cfg": `crt-store web
  crt-base /srv/crt
  key-base /srv/key
  load crt "shop.pem" key "shop.key" alias "shop"
frontend web
  bind *:443 ssl crt "@web/shop"
  bind *:444 ssl crt "\${CERTS}/a.pem" crt "$UNKNOWN/b.pem"
  bind *:445 ssl crt relative.pem
  bind *:446 ssl crt /srv/own.pem ca-sign-file /srv/ca.pem generate-certificates
.if feature(TEST)
  bind *:447 ssl crt /srv/own.pem
.endif
  bind \${HOST}:448 ssl crt /srv/own.pem`,
    "/etc/default/haproxy": 'CERTS="/srv/certs"\n#EXTRAOPTS="-de"\n',
  });
  expect(said).toMatchInlineSnapshot(`
    "0.0.0.0:443! tls at /etc/haproxy/haproxy.cfg:6
      names of the certificate
      certificate /srv/crt/shop.pem (load crt /etc/haproxy/haproxy.cfg:4)
      key /srv/key/shop.key (load key /etc/haproxy/haproxy.cfg:4)
    0.0.0.0:444! tls at /etc/haproxy/haproxy.cfg:7
      names of the certificate
      certificate /srv/certs/a.pem (crt /etc/haproxy/haproxy.cfg:7)
      key /srv/certs/a.pem (crt /etc/haproxy/haproxy.cfg:7)
    0.0.0.0:444 tls at /etc/haproxy/haproxy.cfg:7
      names of the certificate
      unsure: it is not known which file \${UNKNOWN}/b.pem is
    0.0.0.0:445! tls at /etc/haproxy/haproxy.cfg:8
      names of the certificate
      unsure: it is not known which file relative.pem is
    0.0.0.0:446! tls at /etc/haproxy/haproxy.cfg:9
      names of the certificate
      certificate /srv/own.pem (crt /etc/haproxy/haproxy.cfg:9)
      key /srv/own.pem (crt /etc/haproxy/haproxy.cfg:9)
      unsure: HAProxy makes a certificate for each name itself (generate-certificates)
    0.0.0.0:447! tls at /etc/haproxy/haproxy.cfg:11
      names of the certificate
      certificate /srv/own.pem (crt /etc/haproxy/haproxy.cfg:11)
      key /srv/own.pem (crt /etc/haproxy/haproxy.cfg:11)
      unsure: it stands under an .if, of which it is not known whether it holds
    unknown: which certificates \${UNKNOWN}/b.pem stands for (/etc/haproxy/haproxy.cfg:7)
    unknown: which certificates relative.pem stands for (/etc/haproxy/haproxy.cfg:8)
    unknown: where bind \${HOST}:448 listens (/etc/haproxy/haproxy.cfg:13)"
  `);
});

const TLS = "bind *:443 ssl crt";

test("conditions are decided as far as the configuration itself tells, and what cannot be is said", () => {
  const said = say({
    "/etc/haproxy/haproxy.cfg": `global
  setenv SITE new
  presetenv CERTS /etc/other
  unsetenv GONE
frontend web
.if streq("$SITE",old) || defined(GONE)
  ${TLS} /not/old.pem
  .if feature(QUIC)
    ${TLS} /not/inner.pem
  .else
    ${TLS} /not/else.pem
  .endif
.elif defined(SITE) && version_atleast(2.2)
  ${TLS} "$CERTS/new.pem"
  .if !defined(CERTS)
  .else
    ${TLS} /srv/inner.pem
  .endif
.elif defined(WHO_KNOWS)
  ${TLS} /not/elif.pem
.else
  ${TLS} /not/last.pem
.endif
.if defined(WHO_KNOWS) && 0
  ${TLS} /not/never.pem
.elif defined(WHO_KNOWS)
  ${TLS} /srv/perhaps.pem
.elif 1
  ${TLS} /srv/perhaps-too.pem
.else
  ${TLS} /not/else.pem
.endif
  ${TLS} /srv/always.pem`,
    "/etc/default/haproxy": "CERTS=/srv/certs\n",
  });
  expect([...said.matchAll(/certificate (\S+)|(unsure)/g)].map(([, path, unsure]) => path ?? unsure)).toEqual(
    [
      "/srv/certs/new.pem",
      "/srv/inner.pem",
      "/srv/perhaps.pem",
      "unsure",
      "/srv/perhaps-too.pem",
      "unsure",
      "/srv/always.pem",
    ],
  );
});

test.each([
  ["SITE=new", true],
  ["SITE='new'", true],
  ['export SITE="new" ', true],
  ["SITE=new$X", false],
  ['SITE=new"er"', false],
  ["SITE='new", false],
  ["SITE=new # or not", false],
])("whether %s of the service's file is known decides a condition: %s", (line, isKnown) => {
  const said = say({
    "/etc/haproxy/haproxy.cfg": `frontend web\n.if streq("$SITE",new)\n  ${TLS} /srv/new.pem\n.endif`,
    "/etc/default/haproxy": `${line}\n`,
  });
  expect(said).toContain("/srv/new.pem");
  expect(said.includes("unsure")).toBe(!isKnown);
});

test("ciphers are those of the bind line, or else what global says before it; a line of a list has its own", () => {
  const read = (...lines: string[]) =>
    readConfiguration(
      makeFiles(
        { server: "haproxy" },
        {
          "/etc/haproxy/haproxy.cfg": lines.join("\n"),
          "/etc/list": "/etc/b.pem\n/etc/c.pem [alpn h2 ciphers HIGH] c.example\n",
        },
      ),
    ).bindings.map(({ tls }) => tls ?? null);
  const bind = "bind :443 ssl crt /etc/a.pem";
  const rsa = "ECDHE-RSA-AES128-GCM-SHA256";
  const defaults = ["global", `ssl-default-bind-ciphers ${rsa}`];
  expect(read(...defaults, "frontend a", bind, `${bind} ciphers HIGH`)).toEqual([
    { ciphers: rsa, versions: null },
    { ciphers: "HIGH", versions: null },
  ]);
  const options = "ssl-default-bind-options prefer-client-ciphers ssl-max-ver TLSv1.2";
  expect(read(...defaults, options, "frontend a", bind, `${bind} ssl-max-ver TLSv1.3`)).toEqual([
    { ciphers: rsa, versions: ["TLSv1.2"] },
    { ciphers: rsa, versions: null },
  ]);
  expect(read(...defaults, "frontend a", "bind :443 ssl crt-list /etc/list")).toEqual([
    { ciphers: rsa, versions: null },
    null,
  ]);
  expect(read("frontend a", bind, ...defaults)).toEqual([null]);
  expect(read("global", ".if version_atleast(1)", defaults[1] ?? "", ".endif", "frontend a", bind)).toEqual([
    null,
  ]);
});
