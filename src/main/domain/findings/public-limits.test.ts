import { expect, test } from "vitest";
import { addDays, type Instant, toInstant } from "#shared/model/instant.ts";
import { isForClients, isOverPublicLimit } from "./certificate-findings.ts";

/** Valid for this many whole days, to their last second. */
const lasting = (notBefore: Instant, days: number, more = 0) => ({
  isCa: false,
  extensions: [],
  notBefore,
  notAfter: toInstant(new Date(addDays(new Date(notBefore), days).getTime() - 1_000 + more * 1_000)),
});

test.each([
  ["2020-09-01T00:00:00Z", 398],
  ["2026-03-14T23:59:59Z", 398],
  ["2026-03-15T00:00:00Z", 200],
  ["2027-03-14T23:59:59Z", 200],
  ["2027-03-15T00:00:00Z", 100],
  ["2029-03-14T23:59:59Z", 100],
  ["2029-03-15T00:00:00Z", 47],
])("one that is valid from %s may live %i days, and not a second longer", (notBefore, days) => {
  expect(isOverPublicLimit(lasting(notBefore, days))).toBe(false);
  expect(isOverPublicLimit(lasting(notBefore, days, 1))).toBe(true);
});

test("the end belongs to the validity: exactly 200 days from end to end are a second too long", () => {
  const exactly = {
    isCa: false,
    extensions: [],
    notBefore: "2026-06-01T00:00:00Z",
    notAfter: "2026-12-18T00:00:00Z",
  };
  expect(isOverPublicLimit(exactly)).toBe(true);
  expect(isOverPublicLimit({ ...exactly, notAfter: "2026-12-17T23:59:59Z" })).toBe(false);
});

test("nothing is said of an authority, of one from before the limits, and of dates that are not known", () => {
  const long = lasting("2026-06-01T00:00:00Z", 3_650);
  expect(isOverPublicLimit(long)).toBe(true);
  expect(isOverPublicLimit({ ...long, isCa: true })).toBe(false);
  expect(isOverPublicLimit(lasting("2020-08-31T23:59:59Z", 825))).toBe(false);
  expect(isOverPublicLimit({ ...long, notAfter: null })).toBe(false);
  expect(isOverPublicLimit({ ...long, notAfter: "2020-01-01T00:00:00Z" })).toBe(false);
});

const usage = (value: string | null) => ({
  isCa: false,
  extensions: [{ oid: "2.5.29.37", name: "", isCritical: false, value, malformed: null }],
});

test.each([
  ["TLS Web Client Authentication, TLS Web Server Authentication", true],
  ["Any Extended Key Usage", true],
  ["TLS Web Client Authentication", false],
  ["E-mail Protection", false],
  [null, false],
])("of what is for %s the limit is one of servers: %s", (value, isOver) => {
  expect(isOverPublicLimit({ ...lasting("2026-06-01T00:00:00Z", 825), ...usage(value) })).toBe(isOver);
});

test("a certificate is for clients when it says so, and not when it says nothing", () => {
  expect(isForClients(usage("TLS Web Server Authentication, TLS Web Client Authentication"))).toBe(true);
  expect(isForClients(usage("TLS Web Server Authentication"))).toBe(false);
  expect(isForClients(usage(null))).toBe(false);
  expect(isForClients({ isCa: false, extensions: [] })).toBe(false);
  expect(isForClients({ ...usage("TLS Web Client Authentication"), isCa: true })).toBe(false);
});
