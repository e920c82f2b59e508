import { expect, test } from "vitest";
import type { Account } from "#domain/collection/collection.ts";
import { makeAccount } from "#domain/ssh/testdata/make-collection.ts";
import type { PasswordAge } from "#shared/model/access/password-age.ts";
import { formatAccountExpiry, formatPassword, formatShut } from "#shared/text/access/password-age.ts";
import { describePasswordAge } from "./evaluate-accounts.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const TODAY = Date.parse("2026-06-01T00:00:00Z") / 86_400_000;

type Days = Partial<NonNullable<Account["passwordAge"]>>;

const ageOf = (days: Days, more: Partial<Account> = {}): PasswordAge | null =>
  describePasswordAge(
    makeAccount("ann", {
      passwordAge: {
        changedDay: TODAY - 412,
        leastDays: 0,
        mostDays: 99_999,
        warningDays: 7,
        graceDays: null,
        ...days,
      },
      ...more,
    }),
  );

const say = (...shadow: Parameters<typeof ageOf>) => {
  const row = { passwordState: "set", passwordAge: ageOf(...shadow) } as const;
  return [formatPassword(row, NOW), formatAccountExpiry(row, NOW), formatShut(row, NOW)];
};

test.each<[string, Parameters<typeof ageOf>, (string | null)[]]>([
  ["one that may be used for ever", [{}], ["set 412 days ago, expires never", "never", null]],
  [
    "one that is soon too old",
    [{ changedDay: TODAY - 80, mostDays: 90 }],
    ["set 80 days ago, expires in 9 days", "never", null],
  ],
  [
    "one that is too old",
    [{ changedDay: TODAY - 100, mostDays: 90 }],
    ["set 100 days ago, expired 10 days ago: to be changed at the next login", "never", null],
  ],
  [
    "one that is too old for PAM",
    [{ changedDay: TODAY - 100, mostDays: 90, graceDays: 3 }, { agedOnDay: TODAY - 7 }],
    ["set 100 days ago, expired 10 days ago: too old for any login, by key too", "never", "password too old"],
  ],
  [
    "one that has to be changed",
    [{ changedDay: 0 }],
    ["set, to be changed at the next login, expires never", "never", null],
  ],
  [
    "one of which nothing says when it was set",
    [{ changedDay: null }],
    ["set, nothing says when, expires never", "never", null],
  ],
  [
    "one of an account that has expired",
    [{}, { expiresOnDay: TODAY - 1 }],
    [
      "set 412 days ago, expires never",
      "on 2026-05-31: it has expired, and lets nobody in",
      "account expired",
    ],
  ],
  [
    "one of an account that will",
    [{}, { expiresOnDay: TODAY + 30 }],
    ["set 412 days ago, expires never", "on 2026-07-01", null],
  ],
  [
    "one that was set by a clock that is ahead",
    [{ changedDay: TODAY + 3 }],
    ["set on 2026-06-04 by the host's clock, which is to come, expires never", "never", null],
  ],
])("the age of %s is said", (_, shadow, words) => {
  expect(say(...shadow)).toEqual(words);
});

test("without root nothing of it is known, and days that no calendar has are none", () => {
  expect(describePasswordAge(makeAccount("ann"))).toBe(null);
  const row = { passwordState: "unknown", passwordAge: null } as const;
  expect(formatPassword(row, NOW)).toBe("not read");
  expect(formatPassword({ ...row, passwordState: "set" }, NOW)).toBe("set; its age was not read");
  expect(formatAccountExpiry(row, NOW)).toBe("not read");
  expect(ageOf({ changedDay: 9_999_999 }, { expiresOnDay: 9_999_999 })).toMatchObject({
    changedAt: null,
    accountExpiresAt: null,
  });
});
