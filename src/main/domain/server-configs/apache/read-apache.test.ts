import { expect, test } from "vitest";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { formatFiles, makeFiles } from "#domain/server-configs/testing/format-files.ts";

const say = (texts: { [path: string]: string }) => formatFiles({ server: "apache" }, texts);

test("hosts at several addresses, conditions, definitions and includes are read as Apache reads them", () => {
  const said = say({
    "/etc/apache2/apache2.conf": `ServerRoot "/etc/apache2"
Define certs /srv/certs
IncludeOptional mods-enabled/*.load
Include ports.conf
IncludeOptional sites-enabled/*.conf
IncludeOptional missing/*.conf`,
    "/etc/apache2/ports.conf": `Listen 80
<IfModule ssl_module>
  Listen 443
  Listen 8443 https
</IfModule>
<IfModule mod_gnutls.c>
  Listen 444
</IfModule>`,
    "/etc/apache2/mods-enabled/ssl.load": "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so",
    "/etc/apache2/sites-enabled/shop.conf": `<VirtualHost *:443 192.0.2.1:8443 [2001:db8::1]:443>
  ServerName https://shop.example:443
  ServerAlias www.shop.example *.shop.example
  SSLEngine on
  SSLCertificateFile \${certs}/shop.pem
  SSLCertificateKeyFile \${certs}/shop.key
  SSLCertificateFile ssl/shop-ec.pem
  SSLCertificateChainFile \\
    "/srv/certs/chain \\"one\\".pem"
  SSLCACertificateFile ssl/clients.pem
</VirtualHost>
<VirtualHost _default_:443>
  SSLEngine on
  SSLCertificateFile ssl/other.pem
</VirtualHost>
<VirtualHost *:80>
  ServerName shop.example
</VirtualHost>`,
    "/etc/apache2/missing/x": "",
  });
  expect(said).toMatchInlineSnapshot(`
    "any:443! 192.0.2.1:8443! [2001:db8::1]:443! tls at /etc/apache2/sites-enabled/shop.conf:1
      names shop.example www.shop.example *.shop.example
      certificate /srv/certs/shop.pem (SSLCertificateFile /etc/apache2/sites-enabled/shop.conf:5)
      key /srv/certs/shop.key (SSLCertificateKeyFile /etc/apache2/sites-enabled/shop.conf:6)
      certificate /etc/apache2/ssl/shop-ec.pem (SSLCertificateFile /etc/apache2/sites-enabled/shop.conf:7)
      key /etc/apache2/ssl/shop-ec.pem (SSLCertificateFile /etc/apache2/sites-enabled/shop.conf:7)
      chain /srv/certs/chain "one".pem (SSLCertificateChainFile /etc/apache2/sites-enabled/shop.conf:8)
    any:443 tls at /etc/apache2/sites-enabled/shop.conf:12
      certificate /etc/apache2/ssl/other.pem (SSLCertificateFile /etc/apache2/sites-enabled/shop.conf:14)
      key /etc/apache2/ssl/other.pem (SSLCertificateFile /etc/apache2/sites-enabled/shop.conf:14)
    client-ca /etc/apache2/ssl/clients.pem (SSLCACertificateFile /etc/apache2/sites-enabled/shop.conf:10)"
  `);
});

test("the main server answers where no host does, and lends its certificates to the hosts", () => {
  const said = say({
    "/etc/httpd/conf/httpd.conf": `ServerRoot /etc/httpd
Listen 443
Listen 127.0.0.1:9443 https
SSLEngine on
SSLCertificateFile conf/main.pem
SSLCertificateKeyFile conf/main.key
<VirtualHost *:443>
  ServerName one.example
</VirtualHost>
<VirtualHost *:443>
  ServerName two.example
  SSLCertificateFile conf/two.pem
  SSLCertificateKeyFile conf/two.key
</VirtualHost>
<VirtualHost *:443>
  ServerName three.example
  SSLEngine off
</VirtualHost>`,
  });
  expect(said).toMatchInlineSnapshot(`
    "any:443! tls at /etc/httpd/conf/httpd.conf:7
      names one.example
      certificate /etc/httpd/conf/main.pem (SSLCertificateFile /etc/httpd/conf/httpd.conf:5)
      key /etc/httpd/conf/main.key (SSLCertificateKeyFile /etc/httpd/conf/httpd.conf:6)
    any:443 tls at /etc/httpd/conf/httpd.conf:10
      names two.example
      certificate /etc/httpd/conf/two.pem (SSLCertificateFile /etc/httpd/conf/httpd.conf:12)
      key /etc/httpd/conf/two.key (SSLCertificateKeyFile /etc/httpd/conf/httpd.conf:13)
    any:443 tls at /etc/httpd/conf/httpd.conf:15
      names three.example
      certificate /etc/httpd/conf/main.pem (SSLCertificateFile /etc/httpd/conf/httpd.conf:5)
      key /etc/httpd/conf/main.key (SSLCertificateKeyFile /etc/httpd/conf/httpd.conf:6)
    127.0.0.1:9443! tls at /etc/httpd/conf/httpd.conf:1
      certificate /etc/httpd/conf/main.pem (SSLCertificateFile /etc/httpd/conf/httpd.conf:5)
      key /etc/httpd/conf/main.key (SSLCertificateKeyFile /etc/httpd/conf/httpd.conf:6)"
  `);
});

test("unknown macros, variables and conditions that only the server can decide are said", () => {
  const said = say({
    "/etc/apache2/apache2.conf": `Listen 443
Use VHost a.example
<IfVersion >= 2.4>
Define two
</IfVersion>
<IfVersion >= 2.4.50>
Define fifty
</IfVersion>
<IfDefine two>
<VirtualHost *:443>
  ServerName v.example
  SSLEngine on
  SSLCertificateFile \${nowhere}/v.pem
</VirtualHost>
</IfDefine>
<VirtualHost *:443>
  ServerName w.example
  SSLEngine on
  SSLCertificateFile "pkcs11:object=w"
</VirtualHost>`,
  });
  expect(said).toMatchInlineSnapshot(`
    "any:443! tls at /etc/apache2/apache2.conf:10
      names v.example
      unsure: \${nowhere}/v.pem is no path to a file
    any:443 tls at /etc/apache2/apache2.conf:16
      names w.example
      unsure: pkcs11:object=w is no path to a file
    unknown: what the macro VHost puts here (/etc/apache2/apache2.conf:2)
    unknown: whether <IfVersion >= 2.4.50> holds (/etc/apache2/apache2.conf:6)
    may lack: a part of its configuration was not read"
  `);
});

test("a macro stands where it is used, with what it is given, as often as it is used", () => {
  const said = say({
    "/etc/apache2/apache2.conf": `Listen 443
<IfDefine Never>
<Macro VHost $none>
</Macro>
</IfDefine>
Define certs /srv/certs
<Macro Tls %file %fileOfKey>
  SSLEngine on
  SSLCertificateFile %file
  SSLCertificateKeyFile %fileOfKey
</Macro>
<Macro VHost $name $names>
  <VirtualHost *:443>
    ServerName $name
    ServerAlias $names
    Use Tls \${certs}/$name.pem "/srv/$name.key"
  </VirtualHost>
</Macro>
Use VHost a.example www.a.example
Use vhost b.example "c.example d.example"
Use VHost too.few
UndefMacro VHost
Use VHost gone.example gone
<Macro Loop>
  Use Loop
</Macro>
Use Loop`,
  });
  expect(said).toMatchInlineSnapshot(`
    "any:443! tls at /etc/apache2/apache2.conf:19
      names a.example www.a.example
      certificate /srv/certs/a.example.pem (SSLCertificateFile /etc/apache2/apache2.conf:19)
      key /srv/a.example.key (SSLCertificateKeyFile /etc/apache2/apache2.conf:19)
    any:443 tls at /etc/apache2/apache2.conf:20
      names b.example c.example d.example
      certificate /srv/certs/b.example.pem (SSLCertificateFile /etc/apache2/apache2.conf:20)
      key /srv/b.example.key (SSLCertificateKeyFile /etc/apache2/apache2.conf:20)
    unknown: what the macro VHost puts here (/etc/apache2/apache2.conf:21)
    unknown: what the macro VHost puts here (/etc/apache2/apache2.conf:23)
    unknown: macros use each other too deep (/etc/apache2/apache2.conf:27)
    may lack: a part of its configuration was not read"
  `);
});

test("macros that put each other in again and again are read to a limit, and that is said", () => {
  const macros = Array.from(
    { length: 40 },
    (_, at) => `<Macro m${at + 1} $a>\n Use m${at} $a$a\n Use m${at} $a$a\n</Macro>`,
  );
  const said = say({
    "/etc/apache2/apache2.conf": `<Macro m0 $a>\n</Macro>\n${macros.join("\n")}\nUse m30 x`,
  });
  expect(said).toContain("macros put in more than is read");
  expect(said).toContain("may lack");
});

test("a macro with more parameters, or a longer line, than is read is not put in", () => {
  const parameters = (count: number) => Array.from({ length: count }, (_, at) => `$p${at}`).join(" ");
  const use = (count: number, line: string) =>
    say({
      "/etc/apache2/apache2.conf": `<Macro m ${parameters(count)}>\n${line}\n</Macro>\nUse m ${parameters(count)}`,
    });
  expect(use(64, "Listen 443")).toBe("");
  expect(use(65, "Listen 443")).toContain("macros put in more than is read");
  expect(use(64, "$".repeat(65_536))).toContain("macros put in more than is read");
});

test("a macro that may be defined otherwise since is not put in", () => {
  const use = (between: string) =>
    say({
      "/etc/apache2/apache2.conf": `Listen 443
<Macro Tls $name>
<VirtualHost *:443>
ServerName $name
SSLEngine on
SSLCertificateFile /c/first.pem
</VirtualHost>
</Macro>
${between}
Use Tls a.example`,
    });
  const inDoubt = (lines: string) => `<IfVersion >= 2.4.50>\n${lines}\n</IfVersion>`;
  const other = "<Macro tls $name>\nSSLCertificateFile /c/second.pem\n</Macro>";
  const doubted = [
    inDoubt(other),
    inDoubt("UndefMacro TLS"),
    inDoubt(`<IfModule any>\n${other}\n</IfModule>`),
    inDoubt("Include more.conf"),
    `<Macro Redefine>\n${other}\n</Macro>\n${inDoubt("Use Redefine")}`,
    `<Directory /srv>\n${other}\n</Directory>`,
    "Include /nowhere/more.conf",
    "Include /nowhere/*.conf",
    "Include ${nowhere}/more.conf",
  ];
  for (const between of doubted) {
    expect(use(between), between).not.toContain("first.pem");
    expect(use(between), between).toContain("what the macro Tls puts here");
  }
  const harmless = [inDoubt("SSLEngine on"), `<IfDefine Never>\n${other}\n</IfDefine>`];
  for (const between of harmless) expect(use(between), between).toContain("first.pem");
});

test("ciphers and versions are those of the host, or else of the main server; what goes to OpenSSL itself is unknown", () => {
  const settingsOf = (main: string, ...hosts: string[]) =>
    readConfiguration(
      makeFiles(
        { server: "apache" },
        {
          "/etc/apache2/apache2.conf": [
            "Listen 443",
            main,
            ...hosts.map(
              (inside) =>
                `<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile /etc/a.pem\n${inside}\n</VirtualHost>`,
            ),
          ].join("\n"),
        },
      ),
    ).bindings.map(({ tls }) => tls ?? null);
  const only12 = "SSLProtocol -all +TLSv1.2";
  expect(settingsOf("SSLCipherSuite HIGH", "", "SSLCipherSuite ECDHE-RSA-AES128-GCM-SHA256")).toEqual([
    { ciphers: "HIGH", versions: null },
    { ciphers: "ECDHE-RSA-AES128-GCM-SHA256", versions: null },
  ]);
  expect(settingsOf("", "", "SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256")).toEqual([null, null]);
  expect(settingsOf(`${only12}\nSSLCipherSuite SSL "HIGH:!aRSA"`, "")).toEqual([
    { ciphers: "HIGH:!aRSA", versions: ["TLSv1.2"] },
  ]);
  expect(settingsOf("SSLProtocol all -SSLv3 -TLSv1.3\nSSLCipherSuite HIGH", "")[0]?.versions).toEqual([
    "TLSv1",
    "TLSv1.1",
    "TLSv1.2",
  ]);
  // We do not decide which of them holds for a listener that they share.
  expect(settingsOf("SSLCipherSuite HIGH", only12, "")).toMatchObject([
    { versions: null },
    { versions: null },
  ]);
  expect(settingsOf("SSLCipherSuite HIGH", "SSLOpenSSLConfCmd CipherString ECDHE-RSA-AES128-SHA")).toEqual([
    null,
  ]);
  expect(settingsOf("SSLCipherSuite HIGH", "Include missing.conf")).toEqual([null]);
});
