import { expect, test } from "vitest";
import { type Asked, chooseServing } from "./choose-serving.ts";
import type { ConfigurationFiles } from "./configuration.ts";
import { readConfiguration } from "./read-configuration.ts";
import { makeFiles } from "./testing/say-files.ts";

/** The certificates that are chosen and why, or why none is. */
function choose(
  server: ConfigurationFiles["server"],
  texts: { [path: string]: string },
  names: { [path: string]: string[] } = {},
): (asked: Partial<Asked>) => string {
  const configuration = readConfiguration(makeFiles({ server }, texts));
  return (asked) => {
    const whole = { address: "192.0.2.1", port: 443, name: null, ...asked };
    const choice = chooseServing(configuration, whole, (path) => names[path] ?? null);
    if (choice.kind === "none") return "none";
    if (choice.kind === "unsure") return `unsure: ${choice.why}`;
    return `${choice.pairs.map(({ certificate }) => certificate.path).join(" ")} by ${choice.by}`;
  };
}

const certificate = (name: string): string => `ssl_certificate /${name}; ssl_certificate_key /${name}.key;`;

test("nginx takes the name, then the longest pattern in front, then behind, and else the default of the address", () => {
  const ask = choose("nginx", {
    "/n.conf": `http {
      server { listen 443 ssl; server_name a.example; ${certificate("a")} }
      server { listen 443 ssl default_server; server_name _; ${certificate("default")} }
      server { listen 443 ssl; server_name *.example; ${certificate("wide")} }
      server { listen 443 ssl; server_name .b.example; ${certificate("b")} }
      server { listen 443 ssl; server_name c.*; ${certificate("c")} }
      server { listen 192.0.2.9:443 ssl; server_name nine.example; ${certificate("nine")} }
      server { listen 443; server_name bare.test; }
    }`,
  });
  expect(ask({ name: "A.example." })).toBe("/a by name");
  expect(ask({ name: "x.y.b.example" })).toBe("/b by wildcard");
  expect(ask({ name: "b.example" })).toBe("/b by name");
  expect(ask({ name: "z.example" })).toBe("/wide by wildcard");
  expect(ask({ name: "c.test" })).toBe("/c by wildcard");
  expect(ask({ name: "other.test" })).toBe("/default by default");
  expect(ask({})).toBe("/default by default");
  expect(ask({ address: "192.0.2.9", name: "a.example" })).toBe("/nine by default");
  expect(ask({ address: "::1" })).toBe("unsure: at which of its addresses port 443 was reached is not known");
  expect(ask({ port: 8443 })).toBe("none");
});

test("a regular expression is never run: what it might fit is unsure", () => {
  const ask = choose("nginx", {
    "/n.conf": `http {
      server { listen 443 ssl; server_name ~^(a+)+$; ${certificate("regex")} }
      server { listen 443 ssl; server_name a.example; ${certificate("a")} }
    }`,
  });
  expect(ask({ name: "a.example" })).toBe("/a by name");
  expect(ask({ name: "b.example" })).toBe(
    "unsure: a pattern or a certificate that was not read may fit the name",
  );
  expect(ask({})).toBe("/regex by default");
});

test("Apache takes the first host whose name fits in any way", () => {
  const host = (names: string, file: string) =>
    `<VirtualHost *:443>\n${names}\nSSLEngine on\nSSLCertificateFile /${file}\n</VirtualHost>`;
  const ask = choose("apache", {
    "/a.conf": [
      "Listen 443",
      host("ServerName one.example", "one"),
      host("ServerAlias *.example", "wide"),
      host("ServerName two.example", "two"),
    ].join("\n"),
  });
  expect(ask({ name: "one.example" })).toBe("/one by name");
  expect(ask({ name: "two.example" })).toBe("/wide by wildcard");
  expect(ask({ name: "test" })).toBe("/one by default");
});

test("HAProxy goes by the names in the certificates, all that fit, and by filters where there are some", () => {
  const names = {
    "/c/rsa": ["shop.example", "*.shop.example"],
    "/c/ec": ["shop.example"],
    "/c/own": ["own.example"],
    "/c/odd": ["odd.example"],
  };
  const texts = {
    "/h.cfg":
      "frontend a\n bind :443 ssl crt /c/own crt /c/rsa crt /c/ec\n bind :444 ssl strict-sni crt-list /list",
    "/list": "/c/odd *.filter.example !no.filter.example\n",
  };
  const ask = choose("haproxy", texts, names);
  expect(ask({ name: "shop.example" })).toBe("/c/rsa /c/ec by certificate");
  expect(ask({ name: "www.shop.example" })).toBe("/c/rsa by wildcard");
  expect(ask({ name: "a.www.shop.example" })).toBe("/c/own by default");
  expect(ask({ port: 444, name: "yes.filter.example" })).toBe("/c/odd by wildcard");
  expect(ask({ port: 444, name: "no.filter.example" })).toBe("none");
  const open = "unsure: a pattern or a certificate that was not read may fit the name";
  expect(choose("haproxy", texts)({ name: "shop.example" })).toBe(open);
  expect(choose("haproxy", texts, { ...names, "/c/ec": [] })({ name: "none.example" })).toBe(open);
});

test("Postfix's maps of names leave open what a name gets, and not what is served without one", () => {
  const ask = choose("postfix", {
    "/p/main.cf": "smtpd_tls_cert_file=/c\nsmtpd_tls_security_level=may\ntls_server_sni_maps=hash:/m",
    "/p/master.cf": "smtp inet n - y - - smtpd",
  });
  expect(ask({ port: 25 })).toBe("/c by default");
  expect(ask({ port: 25, name: "mail.example" })).toBe(
    "unsure: tls_server_sni_maps may choose another certificate, and is not followed",
  );
});

test("a file that was not read leaves all open but what a name alone decides", () => {
  const ask = choose("nginx", {
    "/n.conf": `http { include /srv/*.conf; server { listen 443 ssl; server_name a.example; ${certificate("a")} } }`,
  });
  expect(ask({ name: "a.example" })).toBe("/a by name");
  expect(ask({ name: "b.example" })).toBe("unsure: a file that http { includes was not read");
});
