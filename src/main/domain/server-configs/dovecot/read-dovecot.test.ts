import { expect, test } from "vitest";
import { chooseBinding } from "#domain/server-configs/choose-binding.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { formatFiles, makeFiles } from "#domain/server-configs/testing/format-files.ts";

const say = (texts: { [path: string]: string }) => formatFiles({ server: "dovecot" }, texts);

test("a configuration of 2.4 serves what its protocols, listeners and names say", () => {
  const said = say({
    "/etc/dovecot/dovecot.conf": `dovecot_config_version = 2.4.0
listen = 127.0.0.1, ::1
!include_try protocols.d/*.protocol
!include conf.d/*.conf
!include_try local.conf`,
    "/etc/dovecot/protocols.d/imapd.protocol": "protocols {\n  imap = yes\n  pop3 = no\n}",
    "/etc/dovecot/protocols.d/lmtpd.protocol": "protocols {\n  lmtp = yes\n}",
    "/etc/dovecot/conf.d/10-ssl.conf": `ssl = required # of everybody
ssl_server_cert_file = /etc/dovecot/tls/mail.pem
ssl_server_key_file = /etc/dovecot/tls/mail.key
ssl_server_dh_file = /etc/dovecot/dh.pem
local_name imap.example {
  ssl_server {
    cert_file = /etc/dovecot/tls/imap.pem
    key_file = /etc/dovecot/tls/imap.key
  }
}
protocol lmtp {
  ssl_server_cert_file = "/etc/dovecot/tls/lmtp.pem"
}`,
    "/etc/dovecot/conf.d/10-master.conf": `service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps2 {
    port = 9993
    ssl = yes
    listen = 192.0.2.1
  }
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}`,
  });
  expect(said).toMatchInlineSnapshot(
    `
    "127.0.0.1:993! [::1]:993! tls at /etc/dovecot/conf.d/10-ssl.conf:2
      certificate /etc/dovecot/tls/mail.pem (ssl_server_cert_file /etc/dovecot/conf.d/10-ssl.conf:2)
      key /etc/dovecot/tls/mail.key (ssl_server_key_file /etc/dovecot/conf.d/10-ssl.conf:3)
    127.0.0.1:993 [::1]:993 tls at /etc/dovecot/conf.d/10-ssl.conf:7
      names imap.example
      certificate /etc/dovecot/tls/imap.pem (ssl_server_cert_file /etc/dovecot/conf.d/10-ssl.conf:7)
      key /etc/dovecot/tls/imap.key (ssl_server_key_file /etc/dovecot/conf.d/10-ssl.conf:8)
    192.0.2.1:9993! tls at /etc/dovecot/conf.d/10-master.conf:5
      certificate /etc/dovecot/tls/mail.pem (ssl_server_cert_file /etc/dovecot/conf.d/10-ssl.conf:2)
      key /etc/dovecot/tls/mail.key (ssl_server_key_file /etc/dovecot/conf.d/10-ssl.conf:3)
    192.0.2.1:9993 tls at /etc/dovecot/conf.d/10-master.conf:5
      names imap.example
      certificate /etc/dovecot/tls/imap.pem (ssl_server_cert_file /etc/dovecot/conf.d/10-ssl.conf:7)
      key /etc/dovecot/tls/imap.key (ssl_server_key_file /etc/dovecot/conf.d/10-ssl.conf:8)
    127.0.0.1:24! [::1]:24! lmtp at /etc/dovecot/conf.d/10-master.conf:12
      certificate /etc/dovecot/tls/lmtp.pem (ssl_server_cert_file /etc/dovecot/conf.d/10-ssl.conf:12)
      key /etc/dovecot/tls/mail.key (ssl_server_key_file /etc/dovecot/conf.d/10-ssl.conf:3)
    127.0.0.1:24 [::1]:24 lmtp at /etc/dovecot/conf.d/10-master.conf:12
      names imap.example
      certificate /etc/dovecot/tls/lmtp.pem (ssl_server_cert_file /etc/dovecot/conf.d/10-ssl.conf:12)
      key /etc/dovecot/tls/imap.key (ssl_server_key_file /etc/dovecot/conf.d/10-ssl.conf:8)
    dhparam /etc/dovecot/dh.pem (ssl_server_dh_file /etc/dovecot/conf.d/10-ssl.conf:4)"
  `,
  );
});

test("one of 2.3 reads its certificates from files, for addresses and names each their own", () => {
  const said = say({
    "/etc/dovecot/dovecot.conf": `protocols = imap
protocols = $protocols submission
service imap-login {
  inet_listener imap {
    port = 0
  }
}
service submission-login {
  inet_listener submission {
    port = 0
  }
}
ssl_cert = </etc/ssl/mail.pem
ssl_key = </etc/ssl/mail.key
ssl_alt_cert = </etc/ssl/mail-ec.pem
ssl_alt_key = </etc/ssl/mail-ec.key
ssl_ca = </etc/ssl/clients.pem
local 192.0.2.7 {
  protocol imap {
    ssl_cert = </etc/ssl/seven.pem
    ssl_alt_cert =
  }
}
local_name "a.example *.b.example" {
  ssl_cert = <a.pem
  ssl_key = <a.key
}`,
  });
  expect(said).toMatchInlineSnapshot(`
    "0.0.0.0:993! [::]:993! tls at /etc/dovecot/dovecot.conf:13
      certificate /etc/ssl/mail.pem (ssl_cert /etc/dovecot/dovecot.conf:13)
      key /etc/ssl/mail.key (ssl_key /etc/dovecot/dovecot.conf:14)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    0.0.0.0:993 [::]:993 tls at /etc/dovecot/dovecot.conf:25
      names a.example
      certificate /etc/dovecot/a.pem (ssl_cert /etc/dovecot/dovecot.conf:25)
      key /etc/dovecot/a.key (ssl_key /etc/dovecot/dovecot.conf:26)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    0.0.0.0:993 [::]:993 tls at /etc/dovecot/dovecot.conf:25
      names *.b.example
      certificate /etc/dovecot/a.pem (ssl_cert /etc/dovecot/dovecot.conf:25)
      key /etc/dovecot/a.key (ssl_key /etc/dovecot/dovecot.conf:26)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    192.0.2.7:993! tls at /etc/dovecot/dovecot.conf:20
      certificate /etc/ssl/seven.pem (ssl_cert /etc/dovecot/dovecot.conf:20)
      key /etc/ssl/mail.key (ssl_key /etc/dovecot/dovecot.conf:14)
    192.0.2.7:993 tls at /etc/dovecot/dovecot.conf:1
      names a.example
      unsure: more than one of its blocks fits, and which of them counts is not known
    192.0.2.7:993 tls at /etc/dovecot/dovecot.conf:1
      names *.b.example
      unsure: more than one of its blocks fits, and which of them counts is not known
    0.0.0.0:465! [::]:465! tls at /etc/dovecot/dovecot.conf:13
      certificate /etc/ssl/mail.pem (ssl_cert /etc/dovecot/dovecot.conf:13)
      key /etc/ssl/mail.key (ssl_key /etc/dovecot/dovecot.conf:14)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    0.0.0.0:465 [::]:465 tls at /etc/dovecot/dovecot.conf:25
      names a.example
      certificate /etc/dovecot/a.pem (ssl_cert /etc/dovecot/dovecot.conf:25)
      key /etc/dovecot/a.key (ssl_key /etc/dovecot/dovecot.conf:26)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    0.0.0.0:465 [::]:465 tls at /etc/dovecot/dovecot.conf:25
      names *.b.example
      certificate /etc/dovecot/a.pem (ssl_cert /etc/dovecot/dovecot.conf:25)
      key /etc/dovecot/a.key (ssl_key /etc/dovecot/dovecot.conf:26)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    192.0.2.7:465! tls at /etc/dovecot/dovecot.conf:13
      certificate /etc/ssl/mail.pem (ssl_cert /etc/dovecot/dovecot.conf:13)
      key /etc/ssl/mail.key (ssl_key /etc/dovecot/dovecot.conf:14)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    192.0.2.7:465 tls at /etc/dovecot/dovecot.conf:25
      names a.example
      certificate /etc/dovecot/a.pem (ssl_cert /etc/dovecot/dovecot.conf:25)
      key /etc/dovecot/a.key (ssl_key /etc/dovecot/dovecot.conf:26)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    192.0.2.7:465 tls at /etc/dovecot/dovecot.conf:25
      names *.b.example
      certificate /etc/dovecot/a.pem (ssl_cert /etc/dovecot/dovecot.conf:25)
      key /etc/dovecot/a.key (ssl_key /etc/dovecot/dovecot.conf:26)
      certificate /etc/ssl/mail-ec.pem (ssl_alt_cert /etc/dovecot/dovecot.conf:15)
      key /etc/ssl/mail-ec.key (ssl_alt_key /etc/dovecot/dovecot.conf:16)
    client-ca /etc/ssl/clients.pem (ssl_ca /etc/dovecot/dovecot.conf:17)"
  `);
});

test("without TLS nothing is served, and a certificate in the configuration itself is said", () => {
  expect(say({ "/etc/dovecot/dovecot.conf": "ssl = no\nssl_cert = </a.pem" })).toBe("");
  expect(
    say({ "/etc/dovecot/dovecot.conf": "protocols = pop3\nssl_cert = -----BEGIN\n!include gone.conf" }),
  ).toMatchInlineSnapshot(`
    "0.0.0.0:110! [::]:110! pop3 at /etc/dovecot/dovecot.conf:1
      unsure: a file that it includes was not read
    0.0.0.0:995! [::]:995! tls at /etc/dovecot/dovecot.conf:1
      unsure: a file that it includes was not read
    unknown: /etc/dovecot/gone.conf is included and does not exist (/etc/dovecot/dovecot.conf:3)
    may lack: a file that it includes was not read"
  `);
});

test("blocks for networks are for those addresses of the host that are in them, and the last that fits holds", () => {
  const text = `dovecot_config_version = 2.4.0
protocols = imap
ssl_server_cert_file = /c/first.pem
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener more {
    port = 994
    ssl = yes
    listen = 10.1.2.4
  }
}
local 10.1.2.0/24 {
  ssl_server_cert_file = /c/near.pem
}
local 10.0.0.0/8 {
  ssl_server_cert_file = /c/wide.pem
}
local 2001:DB8::/32 {
  ssl_server_cert_file = /c/six.pem
}
local 10.1.2.4 {
  ssl_server_cert_file = /c/four.pem
}
local 10.1.2.3/99 {
}`;
  const files = makeFiles(
    { server: "dovecot", addresses: ["10.1.2.3", "192.0.2.1", "2001:db8::7"] },
    { "/etc/dovecot/dovecot.conf": text },
  );
  const configuration = readConfiguration(files);
  const served = (address: string, port = 993) => {
    const choice = chooseBinding(configuration, { address, port, name: "a.example" }, () => null);
    return choice.kind === "chosen" ? choice.deployments[0]?.certificate.path : choice.kind;
  };
  expect(
    ["10.1.2.3", "192.0.2.1", "2001:db8::7", "10.1.2.4", "127.0.0.1", "::1"].map((at) => served(at)),
  ).toEqual(["/c/wide.pem", "/c/first.pem", "/c/six.pem", "unsure", "/c/first.pem", "/c/first.pem"]);
  // None of the host's own addresses: a NAT translates it to an unknown one, except where only one has a listener.
  expect([served("10.9.9.9"), served("2001:db8::8"), served("10.1.2.4", 994)]).toEqual([
    "unsure",
    "unsure",
    "/c/four.pem",
  ]);
});

test("what stands in blocks for names of this host, or for those who ask, is not claimed", () => {
  for (const block of ["local mail.example", "local 10.1.2.3/99", "remote 10.0.0.0/8"])
    expect(
      say({
        "/etc/dovecot/dovecot.conf": `dovecot_config_version = 2.4.0\nprotocols = lmtp\nlocal 10.1.2.3/8 {\n}
ssl_server_cert_file = /c/first.pem\nservice lmtp {\n inet_listener x {\n port = 24\n }\n}
${block} {\n ssl_server_cert_file = /c/other.pem\n}`,
      }),
    ).toContain("unsure: ");
});

test("a block that is opened again goes on where it was opened first, and a later one of another kind comes after it", () => {
  const pair = (name: string) => `ssl_server_cert_file = /${name}.pem\n  ssl_server_key_file = /${name}.key`;
  const said = formatFiles(
    { server: "dovecot" },
    {
      "/etc/dovecot/dovecot.conf": `dovecot_config_version = 2.4.0
protocols = imap
listen = 192.0.2.1
${pair("usual")}
local 192.0.2.1 {
  ${pair("first")}
}
local_name a.example {
  ${pair("a")}
}
local 192.0.2.1/32 {
  ${pair("again")}
}
service imap-login {
  inet_listener imap {
    port = 0
  }
}`,
    },
  );
  expect([...said.matchAll(/certificate (\S+)/g)].map(([, path]) => path)).toEqual(["/again.pem", "/a.pem"]);
});
