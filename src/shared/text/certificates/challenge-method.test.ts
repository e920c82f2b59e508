import { expect, test } from "vitest";
import { formatChallengeMethod, parseChallengeMethod } from "./challenge-method.ts";

const KEY = { zone: "corp.example", keyName: "latchkey." };

test.each([
  ["webroot:/var/www/html", { kind: "webroot", path: "/var/www/html", of: "site" }],
  ["challenges:/var/lib/acme", { kind: "webroot", path: "/var/lib/acme", of: "challenges" }],
  ["served", { kind: "served-on-host", port: 80 }],
  ["tls-alpn:8443", { kind: "tls-alpn", port: 8443 }],
  ["hook:/usr/local/bin/dns-hook", { kind: "dns-hook", program: "/usr/local/bin/dns-hook" }],
  [
    "rfc2136:ns1.corp.example/corp.example/latchkey.",
    { kind: "rfc2136", server: "ns1.corp.example", port: 53, ...KEY, algorithm: "hmac-sha256" },
  ],
  [
    "rfc2136:[fd00::1]:5353/corp.example/latchkey./hmac-sha512",
    { kind: "rfc2136", server: "fd00::1", port: 5353, ...KEY, algorithm: "hmac-sha512" },
  ],
])("%s is a way", (text, way) => {
  expect(parseChallengeMethod(text)).toEqual(way);
});

test.each([
  "",
  "webroot",
  "webroot:www",
  "served:0",
  "served:x",
  "tls-alpn:70000",
  "hook:dns-hook",
  "dns",
  "served:80:1",
  "rfc2136:ns1",
  "rfc2136:ns1/zone/key/md5",
  "rfc2136:ns1/zone/key/hmac-sha256/more",
  "rfc2136:ns1:x/zone/key",
])("%s is none", (text) => {
  expect(parseChallengeMethod(text)).toBeNull();
});

test("a way is said in words", () => {
  const said = ["webroot:/var/www", "served", "rfc2136:ns1:53/corp.example/k"].map(parseChallengeMethod);
  expect(said.map((way) => way && formatChallengeMethod(way))).toEqual([
    "a file below /var/www",
    "served on the host at port 80",
    "DNS, by updates of corp.example at ns1:53 with the key k",
  ]);
});
