import { expect, test } from "vitest";
import type { Store } from "#store/store.ts";
import { BEGIN, daily, instant, listed, login, scanEach } from "../../features/scans/testing/login-scans.ts";

/*
 * Whoever is root of a host for a moment removes an account and makes one of its name, which is another one by its uid. Nothing
 * that was accepted of logins to the first, and nothing that is usual for it, may hold for the second (0085, 0086).
 */
const SOURCES = ["journal"];
const FIRST = { day: BEGIN + 40, days: daily(BEGIN, BEGIN + 40), sources: SOURCES };
const THEIRS = login(BEGIN + 45, { from: "6.6.6.6" });

function acceptAll(store: Store): void {
  for (const { id } of listed(store))
    store.atomically(() =>
      store.logins.accept(id, { reason: "x", until: "2099-01-01", acceptedAt: instant(BEGIN + 51) }),
    );
}

const shown = (store: Store) =>
  listed(store)
    .map(({ uid, facts, subject, severity }) => [uid, facts.rule, subject, severity])
    .sort();

/** A store that knows a login of uid 1000 from 6.6.6.6, which somebody has accepted. */
function makeAccepted(): Store {
  const store = scanEach([FIRST, { day: BEGIN + 50, days: [...FIRST.days, THEIRS], sources: SOURCES }]);
  acceptAll(store);
  expect(shown(store)).toEqual([]);
  return store;
}

const READ = [...FIRST.days, THEIRS];

test("what was accepted of an account does not hold for another one under its name", () => {
  const again = login(BEGIN + 55, { from: "6.6.6.6" });
  const store = scanEach(
    [{ day: BEGIN + 60, days: [...READ, again], sources: SOURCES, uid: 1001 }],
    makeAccepted(),
  );
  expect(shown(store)).toEqual([[1001, "login-new-source", "6.6.6.0/24", "medium"]]);
  expect(listed(store)).toMatchObject([{ firstAt: again.firstAt, acceptance: null }]);
});

test("what is usual for an account is not usual for another one under its name, which has its own first days", () => {
  const usual = daily(BEGIN + 55, BEGIN + 70);
  const store = scanEach(
    [{ day: BEGIN + 70, days: [...READ, ...usual], sources: SOURCES, uid: 1001 }],
    makeAccepted(),
  );
  // From where the host is entered is usual for the host; nothing else is compared before it has 30 days.
  expect(shown(store)).toEqual([]);
  expect(store.logins.learning(null).accounts).toMatchObject([{ account: "deploy", reason: "made-later" }]);
  expect(store.logins.baselineOf(1, { account: "deploy", uid: 1001 }, "journal")).toBeNull();
  expect(store.logins.baselineOf(1, { account: "deploy", uid: 1000 }, "journal")).toMatchObject({
    addresses: [{ from: "10.1.2.3" }],
  });
  const elsewhere = daily(BEGIN + 71, BEGIN + 100, (day) => login(day, { from: "10.9.9.9" }));
  const last = login(BEGIN + 101, { hours: 1 << 3, hoursInJournal: 1 << 3 });
  scanEach([{ day: BEGIN + 101, days: [...usual, ...elsewhere, last], sources: SOURCES, uid: 1001 }], store);
  expect(shown(store)).toEqual([[1001, "login-new-hour", "03", "low"]]);
  expect(store.logins.baselineOf(1, { account: "deploy", uid: 1001 }, "journal")).toMatchObject({
    from: instant(BEGIN + 55).slice(0, 10),
    addresses: [{ from: "10.1.2.3" }, { from: "10.9.9.9" }],
  });
});

test("an account that has its uid again has what was accepted of it, and its baseline", () => {
  const store = scanEach(
    [
      {
        day: BEGIN + 60,
        days: [...READ, login(BEGIN + 55, { from: "7.7.7.7" })],
        sources: SOURCES,
        uid: 1001,
      },
    ],
    makeAccepted(),
  );
  const days = [...READ, ...daily(BEGIN + 61, BEGIN + 65), login(BEGIN + 66, { from: "6.6.6.6" })];
  scanEach([{ day: BEGIN + 70, days, sources: SOURCES, uid: 1000 }], store);
  expect(shown(store)).toEqual([[1001, "login-new-source", "7.7.7.0/24", "medium"]]);
  expect(store.logins.learning(null).accounts).toEqual([]);
});

test("a password that an account was entered by before excuses none that enters another one under its name", () => {
  const guess = (day: number) => login(day, { method: "password", by: "" });
  const keyOnly = new Map([["deploy", "now" as const]]);
  const store = scanEach([
    { day: BEGIN + 5, days: [guess(BEGIN + 4)], sources: SOURCES },
    { day: BEGIN + 9, days: [guess(BEGIN + 4), guess(BEGIN + 8)], sources: SOURCES, uid: 1001, keyOnly },
  ]);
  expect(shown(store)).toEqual([[1001, "login-by-password", "10.1.2.3", "low"]]);
});
