import fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { readProxy, writeProxy } from "./proxies.ts";

test.each([
  ["", { kind: "direct" }, ""],
  [
    "socks5://proxy.example",
    { kind: "socks5", host: "proxy.example", port: 1080, user: null },
    "socks5://proxy.example:1080",
  ],
  [
    "SOCKS5H://jo@Proxy:9050/",
    { kind: "socks5", host: "proxy", port: 9050, user: "jo" },
    "socks5://jo@proxy:9050",
  ],
  [
    "http://[2001:db8::7]:3128",
    { kind: "http", host: "2001:db8::7", port: 3128, user: null },
    "http://[2001:db8::7]:3128",
  ],
  [
    "http://a@b@proxy:3128",
    { kind: "http", host: "proxy", port: 3128, user: "a@b" },
    "http://a@b@proxy:3128",
  ],
  ["ssh://Bastion", { kind: "jump", host: "Bastion", port: null, user: null }, "ssh://Bastion"],
  [
    "ssh://root@10.0.0.1:2222",
    { kind: "jump", host: "10.0.0.1", port: 2222, user: "root" },
    "ssh://root@10.0.0.1:2222",
  ],
])("%j is read, and written as it is remembered", (text, way, written) => {
  expect(readProxy(text)).toEqual(way);
  expect(writeProxy(readProxy(text))).toBe(written);
  expect(readProxy(written)).toEqual(way);
});

test.each([
  ["proxy:1080", "cannot be read; write it as socks5://"],
  ["https://proxy:443", "is of a kind that is not gone"],
  ["socks4://proxy:1080", "is of a kind that is not gone"],
  ["http://proxy", "names no port"],
  ["socks5://proxy:0", "has no port from 1 to 65535"],
  ["socks5://proxy:70000", "has no port from 1 to 65535"],
  ["socks5://web[1-3]:1080", "cannot be read"],
  ["socks5://10.0.0.1-9:1080", "names no host"],
  ["ssh://-oProxyCommand=x@host", "has a user name that cannot be one"],
  ["ssh://host -x", "names no host"],
  ["http://jo\u0007@proxy:3128", "has a user name that cannot be one"],
])("%j is refused, saying why", (text, why) => {
  expect(() => readProxy(text)).toThrow(Refusal);
  expect(() => readProxy(text)).toThrow(`the way to the endpoints ${why}`);
});

test("a password is refused, and is not in the refusal", () => {
  for (const text of ["socks5://jo:canary@proxy:1080", "http://:canary@proxy:1", "ssh://jo:canary@host"]) {
    expect(() => readProxy(text)).toThrow("has a password in it, which would be kept");
    expect(() => readProxy(text)).not.toThrow(/canary/);
  }
});

test("nothing but a refusal comes of any text, and what is read is written in one line", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc
      .tuple(fc.constantFrom("socks5://", "http://", "ssh://"), fc.string({ unit: "binary", maxLength: 60 }))
      .map(([scheme, rest]) => scheme + rest),
  );
  fc.assert(
    fc.property(text, (said) => {
      try {
        expect(writeProxy(readProxy(said))).toMatch(/^[!-~]*$/);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
