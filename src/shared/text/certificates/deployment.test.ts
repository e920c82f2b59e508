import { expect, test } from "vitest";
import { formatHandshake, formatWhyUnseen } from "./deployment.ts";

const scan = (host: string, serverName: string | null = null) => ({
  kind: "scan" as const,
  host,
  serverName,
});

test("what is not seen is said with the endpoint whose scan shows it, as a target is written, or with why none does", () => {
  const row = { port: 443, protocol: "tls", shownBy: scan("web1", "shop.example") };
  expect(formatHandshake(row)).toBe("web1:443/shop.example");
  expect(formatHandshake({ ...row, port: 8_443, shownBy: scan("2001:db8::1") })).toBe("[2001:db8::1]:8443");
  expect(formatHandshake({ ...row, port: 25, protocol: "smtp", shownBy: scan("mail") })).toBe("mail:25");
  expect(formatHandshake({ ...row, protocol: "carrier-pigeon" })).toBe(null);
  const never = { kind: "never" as const, why: "another one is served in its place" };
  expect([formatHandshake({ ...row, shownBy: never }), formatWhyUnseen({ shownBy: never })]).toEqual([
    null,
    never.why,
  ]);
  expect([formatHandshake({ ...row, shownBy: null }), formatWhyUnseen({ shownBy: null })]).toEqual([
    null,
    null,
  ]);
  expect(formatWhyUnseen(row)).toBe(null);
});
