import { expect, test } from "vitest";
import { describeDates, describeKeyOnSeveralAccounts } from "./certificate-finding.ts";

const now = new Date("2026-06-10T00:00:00Z");
const dates = { notBefore: "2026-03-01T00:00:00Z", notAfter: "2026-06-20T12:00:00Z" };

test("a certificate's dates are said from the day on which they are asked for", () => {
  expect(describeDates("certificate-expiring", dates, now).sentence).toBe(
    "the certificate expires in 10 days",
  );
  expect(describeDates("certificate-expired", dates, new Date("2026-06-25T00:00:00Z")).sentence).toBe(
    "the certificate expired 4 days ago",
  );
  expect(describeDates("certificate-not-yet-valid", dates, now).evidence).toEqual([
    "not before 2026-03-01T00:00:00Z",
  ]);
});

test("a key on many accounts names the first of them and counts the rest", () => {
  const accounts = Array.from({ length: 12 }, (_, index) => `root on web${index}`);
  expect(describeKeyOnSeveralAccounts(2, accounts.slice(0, 2))).toMatchObject({
    sentence: "one key opens 2 accounts: whoever has it can log in to all of them",
    evidence: ["root on web0", "root on web1"],
  });
  expect(describeKeyOnSeveralAccounts(30, accounts).evidence.slice(9)).toEqual([
    "root on web9",
    "and 20 more accounts",
  ]);
});
