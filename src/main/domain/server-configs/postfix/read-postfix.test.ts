import { expect, test } from "vitest";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { formatFiles, makeFiles } from "#domain/server-configs/testing/format-files.ts";

const say = (texts: { [path: string]: string }) => formatFiles({ server: "postfix" }, texts);

test("services take main.cf with what they override, and variables are put in", () => {
  const said = say({
    "/etc/postfix/main.cf": `# a comment
tls = /etc/postfix/tls
smtpd_tls_cert_file = $tls/mail.pem
smtpd_tls_key_file =
    \${tls}/mail.key
smtpd_tls_security_level = may
smtpd_tls_CAfile = $tls/clients.pem
smtp_tls_cert_file = $tls/me.pem
smtp_tls_key_file = $tls/me.key
inet_protocols = ipv4
with_ec = yes
smtpd_tls_eccert_file = \${with_ec?{$tls/ec.pem}:{/other}}`,
    "/etc/postfix/master.cf": `smtp      inet  n  -  y  -  -  smtpd
#smtps    inet  n  -  y  -  -  smtpd
submission inet n - y - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_cert_file=$tls/submission.pem
  -o { smtpd_tls_key_file = $smtpd_tls_cert_file }
127.0.0.1:submissions inet n - y - - smtpd -o smtpd_tls_wrappermode=yes
[::1]:10025 inet n - n - - smtpd -o smtpd_tls_security_level=none
cleanup   unix  n  -  y  -  0  cleanup`,
  });
  expect(said).toMatchInlineSnapshot(`
    "0.0.0.0:25! smtp at /etc/postfix/master.cf:1
      certificate /etc/postfix/tls/mail.pem (smtpd_tls_cert_file /etc/postfix/main.cf:3)
      key /etc/postfix/tls/mail.key (smtpd_tls_key_file /etc/postfix/main.cf:4)
      certificate /etc/postfix/tls/ec.pem (smtpd_tls_eccert_file /etc/postfix/main.cf:12)
      key /etc/postfix/tls/ec.pem (smtpd_tls_eccert_file /etc/postfix/main.cf:12)
    0.0.0.0:587! smtp at /etc/postfix/master.cf:3
      certificate /etc/postfix/tls/submission.pem (smtpd_tls_cert_file /etc/postfix/master.cf:3)
      key /etc/postfix/tls/submission.pem (smtpd_tls_key_file /etc/postfix/master.cf:3)
      certificate /etc/postfix/tls/ec.pem (smtpd_tls_eccert_file /etc/postfix/main.cf:12)
      key /etc/postfix/tls/ec.pem (smtpd_tls_eccert_file /etc/postfix/main.cf:12)
    127.0.0.1:465! tls at /etc/postfix/master.cf:7
      certificate /etc/postfix/tls/mail.pem (smtpd_tls_cert_file /etc/postfix/main.cf:3)
      key /etc/postfix/tls/mail.key (smtpd_tls_key_file /etc/postfix/main.cf:4)
      certificate /etc/postfix/tls/ec.pem (smtpd_tls_eccert_file /etc/postfix/main.cf:12)
      key /etc/postfix/tls/ec.pem (smtpd_tls_eccert_file /etc/postfix/main.cf:12)
    client-ca /etc/postfix/tls/clients.pem (smtpd_tls_CAfile /etc/postfix/main.cf:7)
    upstream-certificate /etc/postfix/tls/me.pem (smtp_tls_cert_file /etc/postfix/main.cf:8)
    upstream-key /etc/postfix/tls/me.key (smtp_tls_key_file /etc/postfix/main.cf:9)"
  `);
});

test("chain files take the place of the others, postscreen hands TLS to tlsproxy, and maps that are programs are not followed", () => {
  const said = say({
    "/etc/postfix/main.cf": `smtpd_tls_chain_files = /k.pem, /c.pem
smtpd_tls_cert_file = /old.pem
smtpd_use_tls = yes
smtpd_tls_security_level =
inet_interfaces = loopback-only
tls_server_sni_maps = ldap:/etc/postfix/sni`,
    "/etc/postfix/master.cf": `smtp inet n - y - 1 postscreen
smtpd pass - - y - - smtpd
465 inet n - y - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_chain_files=$other`,
  });
  expect(said).toMatchInlineSnapshot(`
    "127.0.0.1:25! [::1]:25! smtp at /etc/postfix/master.cf:1
      certificate /k.pem (smtpd_tls_chain_files /etc/postfix/main.cf:1)
      key /k.pem (smtpd_tls_chain_files /etc/postfix/main.cf:1)
      certificate /c.pem (smtpd_tls_chain_files /etc/postfix/main.cf:1)
      key /c.pem (smtpd_tls_chain_files /etc/postfix/main.cf:1)
    127.0.0.1:465! [::1]:465! tls at /etc/postfix/master.cf:3
      unsure: what smtpd_tls_chain_files stands for is not known
    unknown: which names have certificates of their own by tls_server_sni_maps = ldap:/etc/postfix/sni (/etc/postfix/main.cf:6)
    may lack names: tls_server_sni_maps may choose another certificate, and is not followed"
  `);
});

test("parameters that stand for each other in a circle are unknown, and no more", () => {
  const said = say({
    "/etc/postfix/main.cf": "a = $b$b\nb = $a$a\nsmtpd_tls_cert_file = $a\nsmtpd_tls_security_level = may",
    "/etc/postfix/master.cf": "smtp inet n - y - - smtpd",
  });
  expect(said).toMatchInlineSnapshot(`
    "any:25! smtp at /etc/postfix/master.cf:1
      unsure: it is not known which file smtpd_tls_cert_file is"
  `);
});

test("maps of names are followed where they are texts, over all services, with what each service overrides", () => {
  const said = say({
    "/etc/postfix/main.cf": `smtpd_tls_security_level = may
smtpd_tls_cert_file = /usual.pem
default_database_type = lmdb
indexed = \${default_database_type}:\${config_directory}/
config_directory = /etc/postfix
tls_server_sni_maps = \${indexed}sni, inline:{ { One.example = /one.pem, /one-ec.pem }, two.example=/two.pem }`,
    "/etc/postfix/master.cf": `smtp inet n - y - - smtpd
submission inet n - y - - smtpd -o tls_server_sni_maps=`,
    "/etc/postfix/sni": `# a comment
shop.example /etc/postfix/shop.key,
  /etc/postfix/shop.pem
.shop.example /etc/postfix/all.pem`,
  });
  expect(said).toMatchInlineSnapshot(`
    "any:25 smtp at /etc/postfix/master.cf:1
      names shop.example
      certificate /etc/postfix/shop.key (tls_server_sni_maps /etc/postfix/sni:2)
      key /etc/postfix/shop.key (tls_server_sni_maps /etc/postfix/sni:2)
      certificate /etc/postfix/shop.pem (tls_server_sni_maps /etc/postfix/sni:2)
      key /etc/postfix/shop.pem (tls_server_sni_maps /etc/postfix/sni:2)
    any:25 smtp at /etc/postfix/master.cf:1
      names .shop.example
      certificate /etc/postfix/all.pem (tls_server_sni_maps /etc/postfix/sni:4)
      key /etc/postfix/all.pem (tls_server_sni_maps /etc/postfix/sni:4)
    any:25 smtp at /etc/postfix/master.cf:1
      names one.example
      certificate /one.pem (tls_server_sni_maps /etc/postfix/main.cf:6)
      key /one.pem (tls_server_sni_maps /etc/postfix/main.cf:6)
      certificate /one-ec.pem (tls_server_sni_maps /etc/postfix/main.cf:6)
      key /one-ec.pem (tls_server_sni_maps /etc/postfix/main.cf:6)
    any:25 smtp at /etc/postfix/master.cf:1
      names two.example
      certificate /two.pem (tls_server_sni_maps /etc/postfix/main.cf:6)
      key /two.pem (tls_server_sni_maps /etc/postfix/main.cf:6)
    any:25! smtp at /etc/postfix/master.cf:1
      certificate /usual.pem (smtpd_tls_cert_file /etc/postfix/main.cf:2)
      key /usual.pem (smtpd_tls_cert_file /etc/postfix/main.cf:2)
    any:587! smtp at /etc/postfix/master.cf:2
      certificate /usual.pem (smtpd_tls_cert_file /etc/postfix/main.cf:2)
      key /usual.pem (smtpd_tls_cert_file /etc/postfix/main.cf:2)"
  `);
});

test("a line of a map that was left out, or a map that is not there, may hold any name", () => {
  const main = (map: string) => `smtpd_tls_security_level = may
smtpd_tls_cert_file = /usual.pem
tls_server_sni_maps = texthash:${map}`;
  const master = { "/etc/postfix/master.cf": "smtp inet n - y - - smtpd" };
  const whole = { "/etc/postfix/main.cf": main("/etc/postfix/sni"), ...master };
  for (const line of ["?", "shop.example secret", "shop.example"])
    expect(say({ ...whole, "/etc/postfix/sni": `mail.example /mail.pem\n${line}` })).toContain(
      "may lack names: tls_server_sni_maps may choose another certificate",
    );
  expect(say({ "/etc/postfix/main.cf": main("/elsewhere/sni"), ...master })).toContain("may lack names");
});

/** The result for chain files by the content of each: k a private key, e one that Postfix ignores, c a certificate. */
function readChain(value: string, orders: { [path: string]: string }, parameter = "smtpd_tls_chain_files") {
  const isMap = parameter === "tls_server_sni_maps";
  const main = isMap
    ? "smtpd_tls_chain_files = /usual.pem\ntls_server_sni_maps = texthash:/etc/postfix/sni\n"
    : `smtpd_tls_chain_files = ${value}\n`;
  const files = makeFiles(
    { server: "postfix", pemOrders: new Map([["/usual.pem", "kc"], ...Object.entries(orders)]) },
    {
      "/etc/postfix/main.cf": `smtpd_tls_security_level = may\n${main}`,
      "/etc/postfix/master.cf": "smtp inet n - y - - smtpd",
      ...(isMap && { "/etc/postfix/sni": `shop.example ${value}` }),
    },
  );
  const [serving] = readConfiguration(files).bindings;
  return {
    deployments: serving?.deployments.map(({ certificate, key, problem }) =>
      [certificate.path, key?.path ?? null, ...(problem ? [problem] : [])].join(" "),
    ),
    unsure: serving?.unsure ?? null,
  };
}

test("a chain file is served where each key comes before its certificate, be they in one file or in two", () => {
  const orders = { "/kc.pem": "kcc", "/rsa.pem": "kc", "/k.pem": "k", "/c.pem": "cc", "/two.pem": "kckc" };
  expect(readChain("/kc.pem, /rsa.pem", orders)).toEqual({
    deployments: ["/kc.pem /kc.pem", "/rsa.pem /rsa.pem"],
    unsure: null,
  });
  expect(readChain("/k.pem, /c.pem /rsa.pem", orders)).toEqual({
    deployments: ["/c.pem /k.pem", "/rsa.pem /rsa.pem"],
    unsure: null,
  });
  expect(readChain("/two.pem", orders)).toEqual({
    deployments: ["/two.pem /two.pem"],
    unsure: "/two.pem holds several keys with their certificates, of which only the first is read here",
  });
  expect(readChain("/unread.pem", orders)).toEqual({
    deployments: ["/unread.pem /unread.pem"],
    unsure: null,
  });
});

test("with a certificate before its key, or a key without one behind it, Postfix speaks no TLS, and nothing is said to be served", () => {
  const orders = { "/ck.pem": "ck", "/c.pem": "c", "/kk.pem": "kkc", "/k.pem": "k", "/ekc.pem": "ec" };
  for (const [value, flawed, why] of [
    ["/ck.pem", "/ck.pem /ck.pem key-not-first", "/ck.pem does not begin with its private key"],
    ["/c.pem /k.pem", "/c.pem /c.pem key-not-first", "/c.pem does not begin with its private key"],
    ["/ekc.pem", "/ekc.pem /ekc.pem key-not-first", "/ekc.pem does not begin with its private key"],
    ["/kk.pem", "/kk.pem /kk.pem key-alone", "a private key in /kk.pem has no certificate behind it"],
  ] as const) {
    const { deployments, unsure } = readChain(value, orders);
    expect({ value, first: deployments?.[0], unsure }).toEqual({
      value,
      first: flawed,
      unsure: `Postfix speaks no TLS with these files: ${why}`,
    });
  }
  expect(readChain("/usual.pem /k.pem", orders)).toEqual({
    deployments: ["/usual.pem /usual.pem", "/k.pem /k.pem key-alone"],
    unsure: "Postfix speaks no TLS with these files: a private key in /k.pem has no certificate behind it",
  });
  expect(readChain("/ck.pem", orders, "tls_server_sni_maps")).toEqual({
    deployments: ["/ck.pem /ck.pem key-not-first"],
    unsure: "Postfix speaks no TLS with these files: /ck.pem does not begin with its private key",
  });
});
