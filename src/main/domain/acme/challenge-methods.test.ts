import { expect, test } from "vitest";
import type { ChallengeMethod } from "#shared/model/issuers/issuer.ts";
import { type ChallengeFacts, chooseChallengeMethod } from "./challenge-methods.ts";

const FREE: ChallengeFacts = {
  listeners: [],
  sites: new Map(),
  unreadable: [],
  servers: ["perl", "socat"],
  hasOpenssl: true,
  isRoot: true,
};
const HOOK: ChallengeMethod = { kind: "dns-hook", program: "/opt/hook" };
const ZONE: ChallengeMethod = {
  kind: "rfc2136",
  server: "192.0.2.53",
  port: 53,
  zone: "Example.com.",
  keyName: "latchkey",
  algorithm: "hmac-sha256",
  secretId: "s1",
};

const say = (name: string, facts: ChallengeFacts | null, configured: ChallengeMethod[] = []) => {
  const { methods, not } = chooseChallengeMethod({ name, facts, configured });
  return [
    ...methods.map(({ method, why }) => `${method.kind}: ${why}`),
    ...not.map(({ kind, why }) => `not ${kind}: ${why}`),
  ];
};

test("a folder that is served comes first, then what was set up, then a port that is free", () => {
  const sites = new Map([
    [
      "www.example.com",
      { kind: "folder", path: "/srv/www", of: "site", where: "/etc/nginx/nginx.conf:7" } as const,
    ],
  ]);
  const listeners = [{ port: 80, address: "0.0.0.0", program: "nginx" }];
  expect(say("www.example.com", { ...FREE, sites, listeners }, [HOOK, ZONE])).toEqual([
    "webroot: its web server serves /srv/www (/etc/nginx/nginx.conf:7)",
    "rfc2136: www.example.com is in the zone Example.com., which 192.0.2.53 lets us change",
    "dns-hook: /opt/hook was set up for it",
    "tls-alpn: nothing listens at port 443, and openssl is there to show the certificate",
    "not served-on-host: port 80 is taken by nginx",
  ]);
  expect(say("WWW.example.com.", FREE, [ZONE])).toEqual([
    "rfc2136: www.example.com is in the zone Example.com., which 192.0.2.53 lets us change",
    "served-on-host: nothing listens at port 80, and perl is there to serve the file",
    "tls-alpn: nothing listens at port 443, and openssl is there to show the certificate",
    "not webroot: nothing listens at port 80 there",
    "not dns-hook: no hook was set up",
  ]);
});

test("a name with a star is proved by DNS alone, and an address never", () => {
  expect(say("*.example.com", FREE, [ZONE])).toEqual([
    "rfc2136: example.com is in the zone Example.com., which 192.0.2.53 lets us change",
    "not webroot: a name with * is verified by DNS alone",
    "not dns-hook: no hook was set up",
    "not served-on-host: a name with * is verified by DNS alone",
    "not tls-alpn: a name with * is verified by DNS alone",
  ]);
  for (const address of ["192.0.2.1", "2001:db8::1"])
    expect(say(address, FREE, [HOOK, ZONE])).toEqual([
      "served-on-host: nothing listens at port 80, and perl is there to serve the file",
      "tls-alpn: nothing listens at port 443, and openssl is there to show the certificate",
      "not webroot: nothing listens at port 80 there",
      "not rfc2136: an address is in no zone of DNS",
      "not dns-hook: an address is in no zone of DNS",
    ]);
});

test("each way that is not possible says why", () => {
  const taken = [
    { port: 80, address: "0.0.0.0", program: "caddy" },
    { port: 80, address: "::", program: "caddy" },
    { port: 443, address: "::", program: null },
  ];
  expect(say("a.test", { ...FREE, listeners: taken }, [ZONE])).toEqual([
    "not webroot: port 80 is taken by caddy, of which no folder of a.test was read",
    "not rfc2136: a.test is not in the zone Example.com.",
    "not dns-hook: no hook was set up",
    "not served-on-host: port 80 is taken by caddy",
    "not tls-alpn: port 443 is taken",
  ]);
  expect(say("a.test", { ...FREE, servers: [], hasOpenssl: false })).toContain(
    "not served-on-host: the host has no python3, perl, busybox or socat to serve a file by",
  );
  expect(say("a.test", { ...FREE, hasOpenssl: false })).toContain(
    "not tls-alpn: the host has no openssl to show the certificate by",
  );
  expect(say("a.test", { ...FREE, isRoot: false })).toContain(
    "not served-on-host: only root may listen at port 80: log in as root, or let us use sudo",
  );
  expect(say("a.test", { ...FREE, listeners: null })).toContain(
    "not tls-alpn: what listens at port 443 there is not known",
  );
  expect(say("a.test", { ...FREE, unreadable: ["nginx runs in a container"] })).toContain(
    "not webroot: nginx runs in a container",
  );
  expect(say("a.test", null)).toContain("not webroot: its host was not asked");
  const sites = new Map([
    [
      "a.test",
      { kind: "elsewhere", why: "is passed on (proxy_pass)", where: "/etc/nginx/nginx.conf:9" } as const,
    ],
    ["b.test", { kind: "unsure", why: "the path may be rewritten" } as const],
  ]);
  expect(say("a.test", { ...FREE, sites })).toContain(
    "not webroot: what is asked of a.test is passed on (proxy_pass) (/etc/nginx/nginx.conf:9)",
  );
  expect(say("b.test", { ...FREE, sites })).toContain(
    "not webroot: what its web server serves for b.test is not known: the path may be rewritten",
  );
});
