import { expect, test } from "vitest";
import { makeFiles } from "#domain/server-configs/testing/format-files.ts";
import { type BindingQuery, chooseBinding } from "./choose-binding.ts";
import type { ConfigurationFiles } from "./configuration.ts";
import { deploymentsForClient } from "./deployments-for-client.ts";
import { readConfiguration } from "./read-configuration.ts";

/** The chosen certificates and why, or why none is chosen. */
function choose(
  server: ConfigurationFiles["server"],
  texts: { [path: string]: string },
  names: { [path: string]: string[] } = {},
): (asked: Partial<BindingQuery>) => string {
  const configuration = readConfiguration(makeFiles({ server }, texts));
  return (asked) => {
    const whole = { address: "192.0.2.1", port: 443, name: null, ...asked };
    const choice = chooseBinding(configuration, whole, (path) => names[path] ?? null);
    if (choice.kind === "none") return "none";
    if (choice.kind === "unsure") return `unsure: ${choice.why}`;
    return `${choice.deployments.map(({ certificate }) => certificate.path).join(" ")} by ${choice.by}`;
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
  expect(ask({ address: "2001:db8::1" })).toBe(
    "unsure: at which of its addresses port 443 was reached is not known",
  );
  expect(ask({ address: "::1" })).toBe("none");
  expect(ask({ port: 8443 })).toBe("none");
});

test("an address where no TLS is spoken gets none, though every other one of its port does", () => {
  const nginx = choose("nginx", {
    "/n.conf": `http { server { listen 443 ssl; ${certificate("a")} } server { listen 192.0.2.9:443; } }`,
  });
  const haproxy = choose("haproxy", { "/h.cfg": "frontend a\n bind :443 ssl crt /a\n bind 192.0.2.9:443" });
  const apache = choose("apache", {
    "/a.conf": `Listen 443\n<VirtualHost *:443>\nSSLEngine on\nSSLCertificateFile /a\n</VirtualHost>
<VirtualHost 192.0.2.9:443>\nServerName b.example\n</VirtualHost>`,
  });
  for (const ask of [nginx, haproxy, apache]) {
    expect(ask({ address: "192.0.2.9" })).toBe("none");
    expect(ask({ address: "192.0.2.8" })).toBe("/a by default");
  }
});

test("an address of the host itself that nothing listens at is nobody's; any other may be translated to the one that is", () => {
  const text = `http { server { listen 192.0.2.1:443 ssl; ${certificate("a")} } }`;
  const files = makeFiles({ server: "nginx", addresses: ["192.0.2.1", "192.0.2.2"] }, { "/n.conf": text });
  const ask = (address: string) =>
    chooseBinding(readConfiguration(files), { address, port: 443, name: null }, () => null).kind;
  expect(["192.0.2.1", "192.0.2.2", "127.0.0.1", "198.51.100.1"].map(ask)).toEqual([
    "chosen",
    "none",
    "none",
    "chosen",
  ]);
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
      host("ServerName zero.example\nServerAlias *.example", "wide"),
      host("ServerName two.example", "two"),
    ].join("\n"),
  });
  expect(ask({ name: "one.example" })).toBe("/one by name");
  expect(ask({ name: "two.example" })).toBe("/wide by wildcard");
  expect(ask({ name: "test" })).toBe("/one by default");
});

test("a name of an nginx server without a certificate gets that of the default of its listener, whatever pattern fits", () => {
  const ask = choose("nginx", {
    "/n.conf": `http {
      server { listen 443 ssl; ${certificate("default")} }
      server { listen 443 ssl; listen 192.0.2.9:443 ssl; server_name bare.example; }
      server { listen 443 ssl; server_name *.example; ${certificate("wide")} }
      server { listen 192.0.2.9:443 ssl default_server; ${certificate("nine")} }
    }`,
  });
  expect(ask({ name: "bare.example" })).toBe("/default by name");
  expect(ask({ address: "192.0.2.9", name: "bare.example" })).toBe("/nine by name");
  expect(ask({ name: "x.example" })).toBe("/wide by wildcard");
});

test("what one nginx server says of a listener's families holds for all that share it", () => {
  const ask = choose("nginx", {
    "/n.conf": `http {
      server { listen [::]:443 ssl; server_name a.example; ${certificate("a")} }
      server { listen [::]:443 ssl ipv6only=off; server_name b.example; ${certificate("b")} }
    }`,
  });
  expect(["a.example", "b.example", "c.example"].map((name) => ask({ address: "::1", name }))).toEqual([
    "/a by name",
    "/b by name",
    "/a by default",
  ]);
  expect(ask({ address: "192.0.2.1", name: "a.example" })).toBe("/a by name");
});

test("an Apache host with TLS off gives its names the certificate of the first, which decides whether TLS is spoken", () => {
  const host = (where: string, name: string, more: string) =>
    `<VirtualHost ${where}>\nServerName ${name}\n${more}\n</VirtualHost>`;
  const on = (file: string) => `SSLEngine on\nSSLCertificateFile /${file}`;
  const ask = choose("apache", {
    "/a.conf": [
      "Listen 443",
      "Listen 8443 https",
      "Listen 9443 https",
      "SSLCertificateFile /main",
      host("*:443", "first.example", on("first")),
      host("*:443", "off.example", "SSLEngine off"),
      host("*:443", "wide.example", `ServerAlias *.example\n${on("wide")}`),
      host("*:8443", "off.example", "SSLEngine off"),
      host("*:8443", "on.example", on("second")),
    ].join("\n"),
  });
  expect(ask({ name: "off.example" })).toBe("/first by name");
  expect(ask({ name: "x.example" })).toBe("/wide by wildcard");
  expect(ask({ port: 8443, name: "on.example" })).toBe("none");
  // The main server speaks TLS only where it has SSLEngine on itself.
  expect(ask({ port: 9443 })).toBe("none");
});

test("where an Apache host is for an address, the main server is asked for nothing there, whatever its name", () => {
  const host = "<VirtualHost 192.0.2.1:443>\nServerName a.example\nSSLCertificateFile /a\n";
  const main = "Listen 192.0.2.1:443\nServerName main.example\nSSLEngine on\nSSLCertificateFile /main\n";
  const ask = choose("apache", { "/a.conf": `${main}${host}</VirtualHost>` });
  expect(ask({ name: "main.example" })).toBe("/a by default");
  const off = choose("apache", { "/a.conf": `${main}${host}SSLEngine off\n</VirtualHost>` });
  expect(off({ name: "main.example" })).toBe("none");
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

test("HAProxy prefers a kind of key to an exact name, and has several defaults: all that may be served are told", () => {
  const names = {
    "/c/first": ["first.example"],
    "/c/exact": ["www.shop.example"],
    "/c/wild": ["*.shop.example"],
    "/c/other": ["other.example"],
  };
  const texts = {
    "/h.cfg": `frontend a
 bind :443 ssl crt /c/first crt /c/exact crt /c/wild default-crt /c/other
 bind :444 ssl crt-list /list
 bind :445 ssl strict-sni crt /c/first default-crt /c/other`,
    "/list": "/c/first *\n/c/exact www.shop.example\n/c/wild * !no.shop.example\n",
  };
  const ask = choose("haproxy", texts, names);
  expect(ask({ name: "www.shop.example" })).toBe("/c/exact /c/wild by certificate");
  expect(ask({ name: "none.example" })).toBe("/c/first /c/other by default");
  expect(ask({})).toBe("/c/first /c/other by default");
  // A star is a filter, so the names in the certificate itself do not count.
  expect(ask({ port: 444, name: "first.example" })).toBe("/c/first /c/wild by default");
  expect(ask({ port: 444, name: "www.shop.example" })).toBe("/c/exact by name");
  expect(ask({ port: 445, name: "none.example" })).toBe("none");
  // `!name` excludes the name from the patterns of its line alone.
  const twice = choose("haproxy", {
    "/h.cfg": "frontend a\n bind :443 ssl strict-sni crt-list /list",
    "/list": "/c/wild *.example www.example !www.example !x.example\n",
  });
  expect(["www.example", "x.example", "y.example"].map((name) => twice({ name }))).toEqual([
    "/c/wild by name",
    "none",
    "/c/wild by wildcard",
  ]);
  const some = choose("haproxy", texts, { ...names, "/c/wild": [] });
  expect(some({ name: "www.shop.example" })).toBe(
    "unsure: a pattern or a certificate that was not read may fit the name",
  );
});

test("each file of a bundle of HAProxy's is for its own names alone, and all of them for whoever fits nowhere", () => {
  const names = { "/c/own": ["own.example"], "/c/b.rsa": ["old.example"], "/c/b.ecdsa": ["new.example"] };
  const configuration = readConfiguration(
    makeFiles(
      { server: "haproxy" },
      {
        "/h.cfg": "frontend a\n bind :443 ssl crt /c/b crt /c/own",
        "/c/b.rsa": "",
        "/c/b.ecdsa": "",
      },
    ),
  );
  const ask = (name: string) => {
    const choice = chooseBinding(
      configuration,
      { address: "192.0.2.1", port: 443, name },
      (path) => new Map(Object.entries(names)).get(path) ?? null,
    );
    return choice.kind === "chosen"
      ? choice.deployments.map(({ certificate }) => certificate.path)
      : choice.kind;
  };
  expect(["new.example", "old.example", "own.example", "none.example"].map(ask)).toEqual([
    ["/c/b.ecdsa"],
    ["/c/b.rsa"],
    ["/c/own"],
    ["/c/b.rsa", "/c/b.ecdsa"],
  ]);
});

test("a client is shown what it takes the signatures of: the last file of a kind, and of HAProxy the first and ECDSA", () => {
  const deployments = ["ec1", "rsa1", "rsa2", "ec2"].map((path) => ({
    certificate: { path, directive: "crt", at: { file: "/h.cfg", line: 1 } },
    key: null,
  }));
  const familyOf = (path: string) => (path.startsWith("rsa") ? "RSA" : "ECDSA");
  const show = (server: "nginx" | "haproxy" | "postfix", ...takes: ("RSA" | "ECDSA")[]) =>
    deploymentsForClient({ server }, deployments, takes, familyOf)?.map(
      ({ certificate }) => certificate.path,
    );
  expect(show("nginx", "RSA")).toEqual(["rsa2"]);
  expect(show("nginx", "ECDSA", "RSA")).toEqual(["ec2", "rsa2"]);
  expect(show("haproxy", "RSA")).toEqual(["rsa1"]);
  expect(show("haproxy", "ECDSA", "RSA")).toEqual(["ec1"]);
  // OpenSSL says "not replacing certificate" then, and Postfix "disabling TLS support".
  expect(show("postfix", "ECDSA", "RSA")).toEqual([]);
  const onlyRsa = deployments.slice(1, 3);
  expect(deploymentsForClient({ server: "apache" }, onlyRsa, ["ECDSA"], familyOf)).toEqual([]);
  expect(deploymentsForClient({ server: "apache" }, onlyRsa, ["RSA"], () => null)).toBe(null);
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
