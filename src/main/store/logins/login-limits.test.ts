import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import type { LoginDay, ObservedLogin } from "#shared/model/access/login.ts";
import { openStore } from "#store/store.ts";
import { makeAccount, makeLoginDay, makeLogins, makeSpans, visitHost } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { loginDayTable, mergeDay } from "./login-day-table.ts";

/*
 * A user of a host has as many lines written into a plain log as they like, of any account, any day and any address. What is
 * kept of a host has a limit, and nothing of another account, or of the journal, may go for the sake of theirs.
 */
const HOME = { id: 1, host: "web1", port: 22 };

type Kept = { account: string; count: number };

/** Stores readings with small limits; answers what of each account is kept then. */
async function keepAll(
  readings: readonly { days?: LoginDay[]; observed?: ObservedLogin[] }[],
  accept: (db: Database.Database) => void = () => {},
): Promise<Record<"days" | "sureDays" | "observed" | "sure", Kept[]>> {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  visitHost(store, "web1", { collected: { accounts: ["x", "y"].map((name) => makeAccount(name)) } });
  store.close();
  const db = new Database(path);
  const table = loginDayTable(db, { mostOfHost: 20, mostObserved: 20 });
  for (const { days = [], observed = [] } of readings) {
    table.keep(HOME, { days, reading: { spans: makeSpans(), observed } });
    accept(db);
  }
  const read = (sql: string) => db.prepare<[], Kept>(`${sql} GROUP BY account ORDER BY account`).all();
  const days =
    "SELECT account, count(*) AS count FROM login_source JOIN login_day ON source = login_source.id";
  const observed = "SELECT account, count(*) AS count FROM login_observation";
  const kept = {
    days: read(days),
    sureDays: read(`${days} WHERE in_journal > 0`),
    observed: read(observed),
    sure: read(`${observed} WHERE evidence = 'journal'`),
  };
  db.close();
  return kept;
}

const daysOf = (account: string, count: number, more: Partial<LoginDay> = {}): LoginDay[] =>
  Array.from({ length: count }, (_, at) => makeLoginDay(account, { day: 20_605 - at, ...more }));
const forged = { inJournal: 0, hoursInJournal: 0 };

test("forged days of one account push out none of another, and none that the journal has", async () => {
  const flood = (address: string) => ({ days: daysOf("x", 30, { ...forged, from: address }) });
  const { days, sureDays } = await keepAll([
    {
      days: [...daysOf("y", 6, { ...forged, day: 20_300 }).map((day, at) => ({ ...day, day: 20_300 + at }))],
    },
    { days: daysOf("x", 5) },
    flood("6.6.6.6"),
    flood("6.6.6.7"),
  ]);
  expect(days).toEqual([
    { account: "x", count: 14 },
    { account: "y", count: 6 },
  ]);
  expect(sureDays).toEqual([{ account: "x", count: 5 }]);
});

const observedOf = (account: string, count: number, more: Partial<ObservedLogin> = {}): ObservedLogin[] =>
  Array.from({ length: count }, (_, at) => ({ ...one(account), subject: `10.0.${at}.0/24`, ...more }));

function one(account: string): ObservedLogin {
  const [made] = makeLogins([account]).reading?.observed ?? [];
  if (!made) throw new Error("one was made");
  return made;
}

test("what stands out has a limit, which one account cannot use up, and what the journal has or somebody accepted stays", async () => {
  const sure = observedOf("x", 3, { severity: "low", lastAt: "2026-01-01T00:00:00Z" });
  const flood = (at: number) => ({
    observed: observedOf("x", 100, { evidence: "file" }).map((made, index) => ({
      ...made,
      subject: `10.${at}.${index}.0/24`,
    })),
  });
  const { observed, sure: kept } = await keepAll([
    { observed: [...observedOf("y", 6), ...sure] },
    flood(1),
    flood(2),
  ]);
  expect(observed).toEqual([
    { account: "x", count: 14 },
    { account: "y", count: 6 },
  ]);
  expect(kept).toEqual([
    { account: "x", count: 3 },
    { account: "y", count: 6 },
  ]);
  let isAccepted = false;
  const acceptAll = (db: Database.Database) => {
    if (!isAccepted)
      db.exec(`INSERT INTO login_acceptance (observation, evidence, weight, reason, until, accepted_at)
        SELECT id, evidence, weight, 'x', '2099-01-01', '2026-06-01' FROM login_observation`);
    isAccepted = true;
  };
  const accepted = await keepAll(
    [{ observed: observedOf("x", 15, { evidence: "file" }) }, flood(1)],
    acceptAll,
  );
  expect(accepted.observed).toEqual([{ account: "x", count: 35 }]);
});

test("two readings of one day have the same logins, unless no hour is in both: a log that was emptied between", () => {
  const read = (count: number, from: number, to: number): LoginDay =>
    makeLoginDay("x", {
      count,
      inJournal: count,
      hours: (1 << from) | (1 << to),
      hoursInJournal: (1 << from) | (1 << to),
      firstAt: `2026-06-01T${String(from).padStart(2, "0")}:00:00Z`,
      lastAt: `2026-06-01T${String(to).padStart(2, "0")}:30:00Z`,
    });
  const [noon, night, both] = [read(3, 8, 11), read(2, 13, 20), read(5, 8, 20)];
  expect(mergeDay(noon, night)).toMatchObject({ count: 5, inJournal: 5 });
  expect(mergeDay(night, noon)).toMatchObject({ count: 5, inJournal: 5 });
  expect(mergeDay(mergeDay(noon, night), night).count).toBe(5);
  expect(mergeDay(noon, both).count).toBe(5);
  // The clock of the host was changed, and the same lines have other hours.
  expect(mergeDay(noon, { ...noon, hours: 1 << 14 }).count).toBe(3);
});
