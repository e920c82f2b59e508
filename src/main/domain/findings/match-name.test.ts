import { expect, test } from "vitest";
import { isNamed } from "./address-findings.ts";

test.for([
  ["a.example", "DNS:a.example"],
  ["A.Example.", "DNS:a.exAMPLE"],
  ["b.a.example", "DNS:*.a.example"],
  ["localhost", "DNS:localhost"],
  ["bücher.example", "DNS:xn--bcher-kva.example"],
  ["192.0.2.1", "IP:192.0.2.1"],
  ["2001:db8::1", "IP:2001:DB8:0:0:0:0:0:1"],
  ["fe80::1%eth0", "IP:FE80:0:0:0:0:0:0:1"],
] as const)("%s is named by %s", ([wanted, name]) => {
  expect(isNamed(wanted, ["DNS:other.example", name])).toBe(true);
});

test.for([
  ["a.example", "DNS:b.example"],
  ["a.example", "DNS:*.a.example"],
  ["c.b.a.example", "DNS:*.a.example"],
  ["b.a.example", "DNS:b*.a.example"],
  ["b.a.example", "DNS:b.*.example"],
  ["example", "DNS:*"],
  ["a.example", "email:a.example"],
  ["a.example", "DNS:a.example\0.evil.example"],
  ["192.0.2.1", "DNS:192.0.2.1"],
  ["192.0.2.1", "DNS:*.0.2.1"],
  ["192.0.2.1", "IP:192.0.2.2"],
  ["a.example", "DNS:a.example/é"],
  ["1", "IP:0.0.0.1"],
] as const)("%s is not named by %s", ([wanted, name]) => {
  expect(isNamed(wanted, [name])).toBe(false);
});
