import { expect, test } from "vitest";
import { sayHandshake, sayWhyUnseen } from "./served.ts";

const scan = (host: string, serverName: string | null = null) => ({
  kind: "scan" as const,
  host,
  serverName,
});

test("what is not seen is said with the endpoint whose scan shows it, as a target is written, or with why none does", () => {
  const row = { port: 443, protocol: "tls", shownBy: scan("web1", "shop.example") };
  expect(sayHandshake(row)).toBe("web1:443/shop.example");
  expect(sayHandshake({ ...row, port: 8_443, shownBy: scan("2001:db8::1") })).toBe("[2001:db8::1]:8443");
  expect(sayHandshake({ ...row, port: 25, protocol: "smtp", shownBy: scan("mail") })).toBe("mail:25");
  expect(sayHandshake({ ...row, protocol: "carrier-pigeon" })).toBe(null);
  const never = { kind: "never" as const, why: "another one is served in its place" };
  expect([sayHandshake({ ...row, shownBy: never }), sayWhyUnseen({ shownBy: never })]).toEqual([
    null,
    never.why,
  ]);
  expect([sayHandshake({ ...row, shownBy: null }), sayWhyUnseen({ shownBy: null })]).toEqual([null, null]);
  expect(sayWhyUnseen(row)).toBe(null);
});
