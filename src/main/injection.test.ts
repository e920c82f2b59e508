import { createHash } from "node:crypto";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { toGrantEvidence } from "#domain/reviews/evidence.ts";
import { contract } from "#shared/contract/index.ts";
import { Plan } from "#shared/model/runs/plan.ts";
import { openStore, type Store } from "#store/store.ts";
import {
  beginScan,
  fingerprintOf,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeLogins,
  makeServing,
  START,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";
import { CANARY, PAYLOADS } from "#testing/sql-payloads.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type App, createApp } from "./app.ts";

/** The filters of each list that take text, and the columns that it can be ordered by. */
const LISTS = {
  "access.list": {
    texts: ["search", "host", "account", "fingerprint"],
    columns: columnsOf(contract.access.list),
  },
  "accounts.list": { texts: ["search", "host", "owner"], columns: columnsOf(contract.accounts.list) },
  "auditLog.list": { texts: ["search"], columns: columnsOf(contract.auditLog.list) },
  "certificates.list": { texts: ["search", "host", "owner"], columns: columnsOf(contract.certificates.list) },
  "changes.list": { texts: ["search", "host"], columns: [] },
  "findings.list": { texts: ["search", "host"], columns: columnsOf(contract.findings.list) },
  "hostKeys.list": { texts: ["search", "host"], columns: columnsOf(contract.hostKeys.list) },
  "logins.list": {
    texts: ["search", "host", "account", "from"],
    columns: columnsOf(contract.logins.list),
  },
  "logins.observed": {
    texts: ["search", "host", "account", "from"],
    columns: columnsOf(contract.logins.observed),
  },
  "people.list": { texts: ["search"], columns: columnsOf(contract.people.list) },
  "reviews.answers": { texts: [], columns: [] },
  "reviews.decisions": { texts: [], columns: [] },
  "reviews.items": { texts: ["search", "reviewer"], columns: [] },
  "reviews.list": { texts: [], columns: columnsOf(contract.reviews.list) },
  "hosts.list": { texts: ["search"], columns: columnsOf(contract.hosts.list) },
  "runs.list": { texts: ["search"], columns: columnsOf(contract.runs.list) },
  "served.list": { texts: ["search", "host"], columns: columnsOf(contract.served.list) },
  "scans.list": { texts: ["search"], columns: columnsOf(contract.scans.list) },
  "scans.probes": { texts: ["search"], columns: [] },
} as const;

/** Further input that a list needs, or answers better with. */
const MORE: { [procedure: string]: object } = {
  "scans.probes": { scanId: 1 },
  "changes.list": { from: 0 },
  "reviews.answers": { review: "q1" },
  "reviews.decisions": { review: "q1" },
  "reviews.items": { review: "q1" },
};

type Procedure = keyof typeof LISTS;

const PROCEDURES = Object.keys(LISTS) as Procedure[];

let world: Awaited<ReturnType<typeof openWorld>>;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test("every list of the contract is on trial here", () => {
  const paths = Object.entries(contract).flatMap(([group, names]) =>
    Object.keys(names).map((name) => `${group}.${name}`),
  );
  const lists = paths.filter(
    (path) =>
      /\.list$|\.probes$|\.observed$|\.items$|^reviews\.(answers|decisions)$/.test(path) &&
      path !== "targets.list",
  );
  expect(PROCEDURES.toSorted()).toEqual(lists.toSorted());
  expect(LISTS["access.list"].columns).toContain("comment");
});

test.each(PROCEDURES)(
  "whatever is typed into a filter of %s stays out of the SQL, and finds nothing that it should not",
  async (procedure) => {
    const { texts, columns } = LISTS[procedure];
    const whole = await world.ask(procedure, {});
    expect(whole).toMatchObject({ rows: expect.arrayContaining([expect.anything()]) });
    for (const text of texts) {
      for (const payload of PAYLOADS) {
        expect(await world.ask(procedure, { [text]: payload }), `${text}: ${payload}`).toMatchObject({
          rows: [],
          total: 0,
        });
        for (const by of columns)
          await world.ask(procedure, { [text]: payload, sort: { by, descending: true } });
      }
    }
    world.expectUntouched();
  },
);

test.each(PROCEDURES)("%s is ordered by the columns on its list alone", async (procedure) => {
  for (const by of [...PAYLOADS, "id", "rowid", "1", "severity; --", "__proto__", "constructor", "sort_0"]) {
    const sort = { by, descending: false };
    if ((LISTS[procedure].columns as readonly string[]).includes(by)) continue;
    expect(await world.ask(procedure, { sort })).toMatchObject(
      LISTS[procedure].columns.length === 0
        ? { total: expect.any(Number) }
        : { refused: expect.stringContaining("input.sort.by") },
    );
  }
  for (const descending of ["DESC; --", 1, null, {}])
    if (LISTS[procedure].columns.length > 0)
      expect(
        await world.ask(procedure, { sort: { by: LISTS[procedure].columns[0], descending } }),
      ).toHaveProperty("refused");
  world.expectUntouched();
});

test.each(PROCEDURES)(
  "a cursor of %s of which any byte is another is refused, or finds a page",
  async (procedure) => {
    for (const by of LISTS[procedure].columns.length > 0 ? LISTS[procedure].columns : [null]) {
      const sort = by === null ? {} : { sort: { by, descending: false } };
      const { next } = (await world.ask(procedure, { ...sort, limit: 1 })) as { next: string };
      expect(next).toEqual(expect.any(String));
      for (const after of tamperWith(next)) {
        const reply = await world.ask(procedure, { ...sort, after });
        const isFair =
          "refused" in reply ? reply.refused.includes("after is not the next") : Array.isArray(reply.rows);
        expect(isFair, `${after}: ${JSON.stringify(reply).slice(0, 200)}`).toBe(true);
      }
    }
    world.expectUntouched();
  },
);

test.each(PROCEDURES)(
  "a cursor of %s with other values in it is refused, or finds a page",
  async (procedure) => {
    for (const by of LISTS[procedure].columns.length > 0 ? LISTS[procedure].columns : [null]) {
      const sort = by === null ? {} : { sort: { by, descending: false } };
      const { next } = (await world.ask(procedure, { ...sort, limit: 1 })) as { next: string };
      const [name, ...values] = JSON.parse(Buffer.from(next, "base64url").toString()) as unknown[];
      for (const [index] of values.entries())
        for (const value of [
          ...PAYLOADS,
          null,
          true,
          {},
          [],
          1e308,
          -1e308,
          0.5,
          -0,
          2 ** 53,
          "",
          "\0",
          "9".repeat(400),
        ]) {
          const after = Buffer.from(JSON.stringify([name, ...values.with(index, value)])).toString(
            "base64url",
          );
          const reply = await world.ask(procedure, { ...sort, after: after.slice(0, 2_000) });
          expect(Object.keys(reply)).toEqual("refused" in reply ? ["refused"] : ["rows", "total", "next"]);
        }
    }
    world.expectUntouched();
  },
);

/** The allow-list of a list's order, as its contract has it. */
function columnsOf(procedure: { "~orpc": { inputSchema?: unknown } }): readonly string[] {
  const { shape } = procedure["~orpc"].inputSchema as {
    shape: { sort: { unwrap(): { shape: { by: { options: string[] } } } } };
  };
  return shape.sort.unwrap().shape.by.options;
}

/** Each byte of a cursor replaced by its neighbours, left out and doubled. */
function tamperWith(cursor: string): string[] {
  const bytes = Buffer.from(cursor, "base64url");
  const flipped = Array.from(bytes.keys()).flatMap((index) =>
    [0x01, 0x20, 0x80, 0xff].map((mask) => {
      const copy = Buffer.from(bytes);
      copy[index] = (copy[index] ?? 0) ^ mask;
      return copy.toString("base64url");
    }),
  );
  const cut = Array.from(cursor, (_, index) => cursor.slice(0, index) + cursor.slice(index + 1));
  return [...flipped, ...cut, `${cursor}${cursor}`, `${cursor}=`, cursor.toUpperCase()].filter(
    (other) => other !== cursor,
  );
}

type Reply = { rows: unknown[]; total: number; next: string | null } | { refused: string };

async function openWorld() {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTemporaryFolder());
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  fill(store);
  store.close();
  const prepare = vi.spyOn(Sqlite.prototype, "prepare");
  stack.defer(() => prepare.mockRestore());
  const faults: unknown[] = [];
  const app = stack.use(
    createApp({
      databasePath: path,
      workstation: { user: "ann", home: folder.path, agentSocket: null },
      now: () => new Date(START),
      log: (fault) => faults.push(fault),
    }),
  );
  const hands = stack.adopt(new Sqlite(path, { readonly: true }), (db) => void db.close());
  const before = digest(hands);
  return {
    ask: (procedure: Procedure, input: object): Promise<Reply> => ask(app, procedure, input),
    /** No fault was logged, no text of a caller was ever part of a statement, and every row is what it was. */
    expectUntouched(): void {
      expect(faults).toEqual([]);
      const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
      expect([...statements].filter((sql) => sql.includes(CANARY))).toEqual([]);
      expect(digest(hands)).toBe(before);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Calls a procedure by name, as strangers do: nothing but the contract checks what they send. */
async function ask(app: App, procedure: Procedure, input: object): Promise<Reply> {
  const [group = "", name = ""] = procedure.split(".");
  const byName = app.client as unknown as Record<string, Record<string, (input: object) => Promise<Reply>>>;
  const more = MORE[procedure] ?? {};
  try {
    return (await byName[group]?.[name]?.({ ...more, ...input })) ?? { refused: "" };
  } catch (error) {
    return { refused: (error as Error).message };
  }
}

/** Rows of every kind, so that there is more than one page of each list. */
function fill(store: Store): void {
  const person = { name: "Ann", email: null, said: "active", leftOn: null, keys: [] } as const;
  const people = ["ann", "bob"].map((login) => ({ ...person, handle: login, logins: [login] }));
  store.atomically(() =>
    store.people.replaceSource({ name: "people.csv", kind: "csv", isWhole: false, people, at: START }),
  );
  for (const rule of ["one", "another"])
    store.atomically(() => store.events.append({ at: START, kind: "rule-turned-on", detail: { rule } }));
  const chain = ["shop", "mail"].map((name) => makeCertificate(name, { warnFrom: "2026-05-01T00:00:00Z" }));
  const findings = ["certificate-weak-key", "certificate-self-signed"].map((rule) => ({
    rule: rule as "certificate-weak-key",
    severity: "high" as const,
    sentence: "it is weak",
    evidence: ["1024 bits"],
    remedy: "replace it",
    label: "shop",
    about: { kind: "certificate" as const, sha256: chain[0]?.certificate.sha256 ?? "" },
  }));
  const scanId = beginScan(store);
  visitEndpoint(store, "edge1", { scanId, presented: { chain, findings } });
  visitEndpoint(store, "edge2", { scanId });
  for (const host of ["web1", "web2"])
    visitHost(store, host, {
      scanId,
      collected: {
        accounts: [makeAccount("ann"), makeAccount("root", { uid: 0 })],
        grants: [makeGrant("ann"), makeGrant("bob", { line: 2 })],
        disk: { addresses: null, map: null, bindings: [makeServing("shop")] },
        logins: makeLogins(["ann", "bob"]),
      },
    });
  visitHost(store, "web3", { collected: null });
  const pin = { port: 22, keyType: "ssh-ed25519", source: "accepted", pinnedAt: START } as const;
  store.atomically(() => {
    for (const host of ["web1", "web2"])
      store.pins.put({ ...pin, host, fingerprint: fingerprintOf(host), blob: Buffer.from(host) });
  });
  store.atomically(() => {
    for (const name of ["q1", "q2"]) review(store, name);
  });
  store.atomically(() => {
    for (const title of ["Remove 1 grant", "Remove 2 grants"]) carryOut(store, title);
  });
}

/** A review of two grants, which somebody decides on. */
function review({ access, reviews }: Store, name: string): void {
  const deciders = { kind: "named" as const, names: ["ann"] };
  const selection = { kind: "no-owner" as const };
  const id = reviews.begin({ name, token: name, selection, deciders, createdAt: START, dueAt: START });
  const of = {
    id: 1,
    uid: 0,
    root: "no" as const,
    kind: "unknown" as const,
    person: null,
    owner: "",
    readAt: null,
  };
  for (const [index, about] of [1, 2].entries()) {
    const row = access.findRow(about);
    if (!row) throw new Error("there is no such grant");
    const evidence = JSON.stringify(toGrantEvidence(row, of));
    reviews.items.add({ review: id, ordinal: index + 1, kind: "grant", about, reviewer: "ann", evidence });
  }
  reviews.open(id, { snapshot: "", items: 2, leftOut: 0 });
  const typed = { reviewer: "ann", source: "typed" as const, madeBy: "jo", fingerprint: null, digest: "" };
  for (const item of [1, 2])
    reviews.answers.add({ ...typed, review: id, at: START, isLate: false, body: null, signature: null }, [
      { item, choice: "keep", to: null, reason: "on call" },
    ]);
}

/** A run that has ended. */
function carryOut({ runbooks }: Store, title: string): void {
  const plan = Plan.parse({
    format: "latchkey-plan-1",
    kind: "remove-grants",
    title,
    madeAt: START,
    oldKey: null,
    options: {},
    hosts: [],
    asOf: null,
    remaining: [],
    checks: [],
    leftOut: [],
    confirm: null,
  });
  const planId = runbooks.plans.take({ plan, hash: "ab".repeat(32), at: START });
  const counts = { hosts: 0, adds: 0, changes: 0, removes: 0 };
  const kind = "remove-grants" as const;
  const id = runbooks.runs.begin({
    planId,
    token: title,
    origin: "live",
    kind,
    title,
    at: START,
    acknowledgements: [],
    counts,
  });
  runbooks.runs.setState({ id, state: "committed", reasons: [], byHand: [], endedAt: START });
}

/** Over all rows of all tables. */
function digest(db: Sqlite.Database): string {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  const hash = createHash("sha256");
  for (const table of tables)
    hash.update(JSON.stringify([table, db.prepare(`SELECT * FROM "${table}"`).raw().all()]));
  return hash.digest("hex");
}
