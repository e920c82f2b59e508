import { join } from "node:path";
import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { LoginDay, OwnBaseline } from "#shared/model/access/login.ts";
import { formatLearning } from "#shared/text/access/login.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  makeAccount,
  makeLoginDay,
  makeLogins,
  makeSpans,
  START,
  visitHost,
} from "#store/testing/make-visit.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createLogins } from "./index.ts";

const now = () => new Date("2026-06-02T00:00:00Z");

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const announced: string[] = [];
  const announce = ({ kind }: { kind: string }) => void announced.push(kind);
  const logins = createRouterClient(createLogins({ store, announce, now }));
  return { store, logins, announced };
}

const day = (account: string, at: number, more: Partial<LoginDay> = {}): LoginDay =>
  makeLoginDay(account, { day: 20_605 - at, ...more });

const window = { source: "journal", from: "2026-05-20T00:00:00Z", to: START };

function fill(store: Store): void {
  visitHost(store, "web1", {
    collected: {
      accounts: [makeAccount("ann"), makeAccount("root", { uid: 0 })],
      use: { logins: [], others: [], windows: [window] },
      logins: {
        ...makeLogins(["ann"]),
        days: [
          day("ann", 0),
          day("ann", 1, { from: "10.1.2.3", hours: 0b111, inJournal: 0 }),
          day("root", 9, { method: "password", by: "", count: 7, inJournal: 3 }),
          day("root", 20, { method: "su", by: "ann", from: "", inJournal: 0 }),
        ],
      },
    },
  });
  visitHost(store, "db1", { collected: { logins: makeLogins(["ann"], { from: "10.1.2.3" }) } });
}

test("before anything is known the lists are empty", async () => {
  const { logins } = open();
  expect(await logins.list({})).toEqual({ rows: [], total: 0, next: null });
  expect(await logins.observed({})).toEqual({ rows: [], total: 0, next: null });
});

test("logins are listed by their days, and found by host, account, address, method, day and words", async () => {
  const { store, logins } = open();
  fill(store);
  const { rows, total } = await logins.list({});
  expect(total).toBe(5);
  expect(rows.map(({ host, account, method, from, day: on }) => [host, account, method, from, on])).toEqual([
    ["db1", "ann", "publickey", "10.1.2.3", "2026-06-01"],
    ["web1", "ann", "publickey", "192.0.2.7", "2026-06-01"],
    ["web1", "ann", "publickey", "10.1.2.3", "2026-05-31"],
    ["web1", "root", "password", "192.0.2.7", "2026-05-23"],
    ["web1", "root", "su", "", "2026-05-12"],
  ]);
  const count = async (filter: object) => (await logins.list(filter)).rows.length;
  expect(await count({ host: "web1" })).toBe(4);
  expect(await count({ host: "web1", account: "ann" })).toBe(2);
  expect(await count({ from: "10.1.2.3" })).toBe(2);
  expect(await count({ method: "su" })).toBe(1);
  expect(await count({ since: "2026-05-23", until: "2026-05-31" })).toBe(2);
  expect(await count({ search: "192.0 web" })).toBe(2);
  expect(await count({ search: "a" })).toBe(4);
  expect(await count({ search: "nobody" })).toBe(0);
});

test("a list is read page by page, from either end, and each row comes once", async () => {
  const { store, logins } = open();
  fill(store);
  for (const descending of [true, false]) {
    const seen: number[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof logins.list>> = await logins.list({
        limit: 2,
        after,
        sort: { by: "day", descending },
      });
      seen.push(...page.rows.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(new Set(seen).size).toBe(5);
  }
});

test("the same reading twice changes nothing, and one that saw more of a day adds to it", async () => {
  const { store, logins } = open();
  fill(store);
  fill(store);
  const read = async () => (await logins.list({ host: "web1", account: "root", method: "password" })).rows;
  expect(await read()).toMatchObject([{ count: 7, inJournal: 3, hours: [0] }]);
  const more = day("root", 9, { method: "password", by: "", count: 2, inJournal: 5, hours: 0b100000 });
  visitHost(store, "web1", { collected: { logins: { days: [more], reading: null } } });
  expect(await read()).toMatchObject([{ count: 7, inJournal: 5, hours: [0, 5] }]);
});

test("days that are over for long go, and those of a baseline stay", async () => {
  const { store, logins } = open();
  const spans = makeSpans({ all: { from: 20_000, to: 20_030 } });
  const reading = { spans, observed: [] };
  visitHost(store, "web1", { collected: { logins: { days: [day("ann", 600)], reading } } });
  visitHost(store, "web1", { collected: { logins: { days: [day("ann", 500), day("ann", 0)], reading } } });
  expect((await logins.list({})).rows).toMatchObject([
    { day: "2026-06-01", isInBaseline: false },
    { day: "2024-10-09", isInBaseline: true },
  ]);
});

test("what stands out is shown with its lines until it is accepted, and again when that is over or withdrawn", async () => {
  const { store, logins, announced } = open();
  fill(store);
  const { rows } = await logins.observed({ host: "web1" });
  expect(rows).toMatchObject([
    { account: "ann", severity: "medium", acceptance: null, facts: { rule: "login-new-source" } },
  ]);
  const ids = rows.map(({ id }) => id);
  expect(await logins.accept({ ids, reason: "new office", until: "2026-07-01" })).toEqual({ accepted: 1 });
  expect(await logins.observed({ host: "web1" })).toMatchObject({ rows: [], total: 0 });
  expect((await logins.observed({ accepted: true })).rows).toMatchObject([
    { acceptance: { reason: "new office", until: "2026-07-01", acceptedAt: "2026-06-02T00:00:00Z" } },
  ]);
  expect(await logins.find({ id: ids[0] ?? 0 })).toMatchObject({
    lines: [expect.stringContaining("Accepted publickey for ann from 192.0.2.7")],
    baseline: null,
    acceptance: { reason: "new office" },
  });
  const later = createRouterClient(
    createLogins({ store, announce: () => undefined, now: () => new Date("2026-07-02T00:00:00Z") }),
  );
  expect((await later.observed({ host: "web1" })).rows).toHaveLength(1);
  expect(await logins.unaccept({ ids })).toEqual({ withdrawn: 1 });
  expect(await logins.unaccept({ ids })).toEqual({ withdrawn: 0 });
  expect((await logins.observed({ host: "web1" })).rows).toHaveLength(1);
  expect(new Set(announced)).toEqual(new Set(["logins-changed"]));
  const events = store.events.list({
    search: "",
    after: null,
    limit: 10,
    sort: { by: "at", descending: true },
  });
  expect(events.rows.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["logins-accepted", "logins-unaccepted"]),
  );
});

test("what stands out is found by the words of its row, also those that surer evidence has put there, accepted or not", async () => {
  const { store, logins } = open();
  const see = (more: Parameters<typeof makeLogins>[1]) =>
    visitHost(store, "web1", { collected: { logins: makeLogins(["ann"], more) } });
  const count = async (search: string, accepted = false) =>
    (await logins.observed({ search, accepted })).rows.length;
  see({ evidence: "file", from: "10.1.2.3" });
  visitHost(store, "db1", { collected: { logins: makeLogins(["zoë"]) } });
  expect(await count("10.1.2 ann")).toBe(1);
  expect(await count("WEB1")).toBe(1);
  expect(await count("nn")).toBe(1);
  expect(await count("zoë")).toBe(1);
  expect(await count("new-source")).toBe(2);
  expect(await count("nobody")).toBe(0);
  see({ from: "192.0.2.200" });
  expect(await count("10.1.2.3")).toBe(0);
  expect(await count("192.0.2.200")).toBe(1);
  const ids = (await logins.observed({ search: "ann" })).rows.map(({ id }) => id);
  await logins.accept({ ids, reason: "known", until: "2026-07-01" });
  expect(await count("192.0.2.200")).toBe(0);
  expect(await count("192.0.2.200", true)).toBe(1);
  expect(await count("an", true)).toBe(1);
  expect(await count("db1", true)).toBe(0);
});

test("an acceptance ends when what stands out weighs more, or a surer log shows it", async () => {
  const { store, logins } = open();
  const see = (more: Parameters<typeof makeLogins>[1]) =>
    visitHost(store, "web1", { collected: { logins: makeLogins(["ann"], more) } });
  const accept = async () => {
    const ids = (await logins.observed({})).rows.map(({ id }) => id);
    await logins.accept({ ids, reason: "known", until: "2026-07-01" });
    return (await logins.observed({})).rows.length;
  };
  see({ evidence: "file", severity: "low" });
  expect(await accept()).toBe(0);
  see({ evidence: "file", severity: "low", lastAt: "2026-06-05T00:00:00Z" });
  expect((await logins.observed({ accepted: true })).rows).toMatchObject([
    { lastAt: "2026-06-05T00:00:00Z" },
  ]);
  expect((await logins.observed({})).rows).toEqual([]);
  see({ evidence: "journal", severity: "low" });
  expect((await logins.observed({})).rows).toMatchObject([{ evidence: "journal" }]);
  expect(await accept()).toBe(0);
  see({ evidence: "journal", severity: "high" });
  expect((await logins.observed({})).rows).toMatchObject([{ severity: "high" }]);
});

test("what is over, what is not there and what has no reason is refused, and then none is accepted", async () => {
  const { store, logins } = open();
  fill(store);
  const ids = (await logins.observed({})).rows.map(({ id }) => id);
  const accept = (more: object) => logins.accept({ ids, reason: "a test", until: "2026-07-01", ...more });
  await expect(accept({ until: "2026-06-01" })).rejects.toMatchObject({ code: "invalid-input" });
  await expect(accept({ ids: [...ids, 99] })).rejects.toMatchObject({ code: "not-found" });
  await expect(accept({ reason: "  " })).rejects.toThrow();
  expect((await logins.observed({ accepted: true })).rows).toEqual([]);
});

test("a host whose logs do not reach far enough is named with what they cover", async () => {
  const { store, logins } = open();
  fill(store);
  expect(await logins.learning({})).toEqual({
    hosts: [
      { host: "db1", port: 22, days: 0, isCut: false },
      { host: "web1", port: 22, days: 12, isCut: false },
    ],
    total: 2,
    accounts: [],
    accountTotal: 0,
    of: 30,
  });
  const spans = makeSpans({ all: { from: 20_500, to: 20_530 } });
  visitHost(store, "web1", { collected: { logins: { days: [], reading: { spans, observed: [] } } } });
  expect(await logins.learning({})).toMatchObject({ hosts: [{ host: "db1" }], total: 1 });
  expect(await logins.learning({ host: "web1" })).toMatchObject({ hosts: [], total: 0 });
});

test("a terminal shows the days, what stands out with its lines and what is usual, and how much is not known", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  fill(store);
  const spans = makeSpans({ journal: { from: 20_560, to: 20_604 }, all: { from: 20_560, to: 20_604 } });
  const reading = { spans, observed: makeLogins(["root"], { uid: null }).reading?.observed ?? [] };
  visitHost(store, "db2", { collected: { logins: { days: [day("root", 3), day("root", 4)], reading } } });
  store.close();
  const type = openTerminal(path, { now, columns: 120 });
  expect((await type("logins", "--host", "web1")).out).toMatchInlineSnapshot(`
    "DAY         HOST  ACCOUNT  BY                                           FROM       LOGINS  HOURS         LOG
    2026-06-01  web1  ann      SHA256:SZFeDX1LQC4wF9…rGx5fWwW5mNA/jJoaTpqE  192.0.2.7  1       0:00 to 0:59  journal
    2026-05-31  web1  ann      SHA256:SZFeDX1LQC4wF9…rGx5fWwW5mNA/jJoaTpqE  10.1.2.3   1       0:00 to 2:59  plain files
    2026-05-23  web1  root     password                                     192.0.2.7  7       0:00 to 0:59  journal in part
    2026-05-12  web1  root     su by ann                                               1       0:00 to 0:59  plain files

    4 lines of logins by day"
  `);
  expect((await type("logins", "--observed")).out).toMatchInlineSnapshot(`
    "ID  SEVERITY  HOST  ACCOUNT  LAST       LOG      WHAT STANDS OUT
    3   medium    db2   root     1 day ago  journal  from 192.0.2.0/24, from where nobody entered this host in the days of…
    2   medium    db1   ann      1 day ago  journal  from 192.0.2.0/24, from where nobody entered this host in the days of…
    1   medium    web1  ann      1 day ago  journal  from 192.0.2.0/24, from where nobody entered this host in the days of…

    3 logins; latchkey logins show 3 has the lines of the log
    not enough logs yet to say what is new on 2 hosts: db1 0 of 30 days, web1 12 of 30 days"
  `);
  expect((await type("logins", "show", "3")).out).toMatchInlineSnapshot(`
    "root@db2: from a new address (medium)
      from 192.0.2.0/24, from where nobody entered this host in the days of the baseline; accounts made later do not count
      on 2026-06-01T00:00:00Z

    Lines of the log, put together of what was kept of them:
      Jun  1 00:00:00 web1 sshd[7]: Accepted publickey for root from 192.0.2.7 port 50022 ssh2

    Baseline:
      2026-04-17 to 2026-05-31: 2 logins on 2 days, by the journal alone
      from 192.0.2.7 (2 days)
      by SHA256:SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I (2 days)
      at 0:00 to 0:59"
  `);
  expect(
    (await type("logins", "accept", "3", "--until", "2026-07-01", "--reason", "the new office")).out,
  ).toMatchInlineSnapshot(`"1 login accepted until 2026-07-01"`);
  expect((await type("logins", "--accepted")).out).toMatchInlineSnapshot(`
    "ID  HOST  ACCOUNT  WHAT STANDS OUT                                                            UNTIL       REASON
    3   db2   root     from 192.0.2.0/24, from where nobody entered this host in the days of th…  2026-07-01  the new office

    1 login; latchkey logins show 3 has the lines of the log
    not enough logs yet to say what is new on 2 hosts: db1 0 of 30 days, web1 12 of 30 days"
  `);
});

test("a nightly job fails on a login that stands out as much as it names, and a list of findings says that there is one", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  const guessed = {
    rule: "login-after-failures",
    refused: 40,
    firstRefusedAt: START,
    lastRefusedAt: START,
  } as const;
  visitHost(store, "web1", {
    collected: { logins: makeLogins(["root"], { severity: "high", facts: guessed }) },
  });
  const { id } = store.logins.observed({ ...EVERY, now: START }).rows[0] ?? { id: 0 };
  store.close();
  const type = openTerminal(path, { now, columns: 120 });
  const failsOn = async (severity: string) => (await type("logins", "--fail-on", severity)).code;
  expect([await failsOn("high"), await failsOn("low"), await failsOn("critical")]).toEqual([1, 1, 0]);
  expect((await type("findings")).err).toContain(
    "latchkey: logins of severity high stand out, which are no findings: latchkey logins --observed",
  );
  await type("logins", "accept", String(id), "--until", "2026-07-01", "--reason", "a test");
  expect(await failsOn("low")).toBe(0);
  expect((await type("findings")).err).not.toContain("logins of severity");
});

const EVERY = {
  search: "",
  host: null,
  account: null,
  from: null,
  rule: null,
  accepted: false,
  sort: { by: "severity", descending: true },
  after: null,
  limit: 10,
} as const;

test("an account with days of its own is named until there are enough of them, with the reason, and has no baseline", async () => {
  const { store, logins } = open();
  const host = { from: 20_500, to: 20_530 };
  const own = (account: string, reason: OwnBaseline["reason"]): [string, OwnBaseline] => [
    account,
    { account, uid: 1_000, from: 20_595, to: null, reason },
  ];
  const spans = makeSpans({ journal: host, all: host });
  spans.journal.own = new Map([own("ann", "made-later"), own("git", "cut"), own("gone", "cut")]);
  const windows = [{ source: "journal", from: "2026-01-01T00:00:00Z", to: START }];
  visitHost(store, "web1", {
    collected: {
      accounts: [makeAccount("ann"), makeAccount("git")],
      use: { logins: [], others: [], windows },
      logins: { days: [], reading: { spans, observed: [] } },
    },
  });
  const learning = await logins.learning({});
  expect(learning).toEqual({
    hosts: [],
    total: 0,
    accounts: [
      { host: "web1", port: 22, account: "ann", reason: "made-later", days: 10 },
      { host: "web1", port: 22, account: "git", reason: "cut", days: 10 },
    ],
    accountTotal: 2,
    of: 30,
  });
  expect(formatLearning(learning)).toBe(
    "not enough logs yet of 2 accounts: ann@web1 10 of 30 days, git@web1 not enough of its logins were read",
  );
  expect(await logins.learning({ host: "web2" })).toMatchObject({ accounts: [] });
  expect(store.logins.baselineOf(1, { account: "ann", uid: 1_000 }, "journal")).toBeNull();
  expect(store.logins.baselineOf(1, { account: "root", uid: 0 }, "journal")).toMatchObject({
    evidence: "journal",
    reason: null,
  });
});
