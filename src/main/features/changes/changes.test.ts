import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { Announcement } from "#shared/contract/events.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { toInstant } from "#shared/model/instant.ts";
import { openStore } from "#store/store.ts";
import { listAccounts, listFindings, listGrants } from "#store/testing/ask.ts";
import { beginScan, makeAccount, makeGrant, START, visitHost } from "#store/testing/make-visit.ts";
import { createChanges } from "./index.ts";

/** Changes over a store that somebody else fills. */
function openChanges() {
  const store = openStore({ path: ":memory:", access: "write" });
  const announced: Announcement["kind"][] = [];
  const clock = { now: new Date(START) };
  const changes = createChanges({
    store,
    announce: ({ kind }) => announced.push(kind),
    now: () => clock.now,
  });
  return {
    store,
    announced,
    clock,
    client: createRouterClient(changes),
    /** A scan that probes web and ends. */
    scan(...keys: string[]): void {
      const scanId = beginScan(store, toInstant(clock.now));
      const grants = keys.map((key, index) => makeGrant(key, { line: index + 1 }));
      visitHost(store, "web", { scanId, collected: { grants } });
      store.scans.finish(scanId, "finished", START);
    },
    idOf: (key: string) => listGrants(store).rows.find(({ comment }) => comment === key)?.id ?? 0,
  };
}

const APPROVAL = { owner: "Ann Moore", purpose: "deploys", reviewOn: "2027-01-31" };

test("without a word the last two scans that have ended are compared", async () => {
  const { client, scan, store } = openChanges();
  expect(await client.summary({})).toEqual({ from: null, to: null, counts: [] });
  scan("ann");
  expect(await client.summary({})).toMatchObject({ from: null, to: { scan: 1 }, counts: [{ appeared: 1 }] });
  scan("ann", "bob");
  beginScan(store);
  expect(await client.summary({})).toEqual({
    from: { scan: 1, at: START },
    to: { scan: 2, at: START },
    counts: [{ kind: "grant", appeared: 1, changed: 0, gone: 0 }],
  });
  expect((await client.list({})).rows).toMatchObject([{ what: "appeared", title: "root: bob", scan: 2 }]);
  expect((await client.list({ from: 2, to: 0 })).rows.map(({ what }) => what)).toEqual(["gone", "gone"]);
  await expect(client.list({ from: 9 })).rejects.toThrow("there is no scan 9; the last one is 3");
});

test("the last scan is compared with how it was so many days ago, or with nothing where nothing was scanned then", async () => {
  const { client, scan, clock } = openChanges();
  scan("ann");
  clock.now = new Date("2026-06-05T00:00:00Z");
  scan("ann", "bob");
  clock.now = new Date("2026-06-09T00:00:00Z");
  scan("bob");
  const since = async (days: number) => (await client.summary({ days })).from?.scan ?? 0;
  expect([await since(1), await since(7), await since(30)]).toEqual([2, 1, 0]);
  expect(
    (await client.list({ days: 7 })).rows.map(({ what, title }) => `${what} ${title}`).toSorted(),
  ).toEqual(["appeared root: bob", "gone root: ann"]);
});

test("the baseline is set to the last scan or to another one, counts what is new since, and is on the record", async () => {
  const { client, scan, store, announced } = openChanges();
  await expect(client.setBaseline({})).rejects.toThrow("nothing was scanned yet");
  scan("ann");
  scan("ann", "bob");
  expect(await client.setBaseline({})).toEqual({ scan: 2, scannedAt: START, setAt: START });
  expect(await client.baseline()).toMatchObject({ scan: 2, unapproved: 0 });
  await client.setBaseline({ scan: ScanId.parse(1) });
  expect(await client.baseline()).toMatchObject({ scan: 1, unapproved: 1 });
  expect(await client.clearBaseline()).toEqual({ wasSet: true });
  expect(await client.clearBaseline()).toEqual({ wasSet: false });
  expect(await client.baseline()).toBeNull();
  const running = beginScan(store);
  await expect(client.setBaseline({ scan: running })).rejects.toThrow("scan 3 is not over");
  expect(store.events.count()).toBe(3);
  expect(new Set(announced)).toEqual(new Set(["approvals-changed"]));
});

test("grants are approved together or not at all, and each time is on the record", async () => {
  const { client, scan, idOf, store } = openChanges();
  scan("ann", "bob", "carol");
  const [ann, bob] = [idOf("ann"), idOf("bob")];
  scan("ann", "carol");
  await expect(client.approve({ grants: [ann, bob], ...APPROVAL })).rejects.toThrow(
    "the line of root on web in /root/.ssh/authorized_keys has changed or gone since it was listed; list the changes again",
  );
  expect([listGrants(store, { owner: "known" }).total, store.events.count()]).toEqual([0, 0]);

  expect(await client.approve({ grants: [ann, idOf("carol"), ann], ...APPROVAL })).toEqual({ approved: 2 });
  await client.approve({ grants: [ann], ...APPROVAL, owner: "Dan Ruiz" });
  expect(listGrants(store, { owner: "known" }).rows.map(({ approval }) => approval?.owner)).toEqual([
    "Dan Ruiz",
    "Ann Moore",
  ]);
  expect(await client.unapprove({ grants: [ann, idOf("carol")] })).toEqual({ withdrawn: 2 });
  expect(await client.unapprove({ grants: [ann] })).toEqual({ withdrawn: 0 });
  expect(store.events.count()).toBe(3);
  expect((await client.history({ grant: ann })).map(({ what }) => what).toSorted()).toEqual([
    "approved",
    "approved",
    "first-seen",
    "withdrawn",
    "withdrawn",
  ]);
  await expect(client.unapprove({ grants: [99] })).rejects.toThrow("there is no grant 99");
  await expect(client.approve({ grants: [ann], ...APPROVAL, reviewOn: "tomorrow" })).rejects.toThrow();
});

test("a line that stands in its file twice is approved once, and both rows say so", async () => {
  const { client, scan, store } = openChanges();
  scan("ann", "ann");
  const grants = listGrants(store).rows.map(({ id }) => id);
  for (const purpose of ["deploys", "builds"]) {
    expect(await client.approve({ grants, ...APPROVAL, purpose })).toEqual({ approved: 2 });
    expect(listGrants(store).rows.map(({ approval }) => approval?.purpose)).toEqual([purpose, purpose]);
  }
  expect(await client.unapprove({ grants })).toEqual({ withdrawn: 2 });
  expect(listGrants(store).rows.map(({ approval }) => approval)).toEqual([null, null]);
});

test("a read-only Latchkey shows changes, and neither approves nor sets a baseline", async () => {
  await using app = createApp({ databasePath: ":memory:", isReadOnly: true });
  const { changes } = app.client;
  expect(await changes.summary({})).toEqual({ from: null, to: null, counts: [] });
  await expect(changes.setBaseline({})).rejects.toThrow("Latchkey is read-only");
  await expect(changes.clearBaseline()).rejects.toThrow("Latchkey is read-only");
  await expect(changes.approve({ grants: [1], ...APPROVAL })).rejects.toThrow("Latchkey is read-only");
  await expect(changes.unapprove({ grants: [1] })).rejects.toThrow("Latchkey is read-only");
});

test("a new account is a request until somebody approves it, who then answers for it, and each time is on the record", async () => {
  const { client, store } = openChanges();
  const NEW = "account-since-baseline" as const;
  const ANN = makeAccount("ann", { kind: "person" });
  const bob = makeAccount("bob", { uid: 1_002, kind: "person" });
  const accounts = [
    ANN,
    bob,
    makeAccount("mysql", { uid: 110, kind: "service", passwordState: "locked" }),
    makeAccount("sync", { uid: 4, kind: "system" }),
  ];
  const visit = (day: number, seen: typeof accounts) => {
    const at = `2026-06-0${day}T00:00:00Z`;
    const scanId = beginScan(store, at);
    visitHost(store, "web", { scanId, at, collected: { accounts: seen } });
    store.scans.finish(scanId, "finished", at);
  };
  const found = () =>
    listFindings(store, { rule: NEW }).rows.map(({ severity, label }) => `${severity} ${label}`);
  const idOf = (name: string) => listAccounts(store).rows.find((row) => row.name === name)?.id ?? 0;
  visit(1, [ANN]);
  visit(2, accounts);
  expect(found()).toEqual([]);
  await client.setBaseline({ scan: ScanId.parse(1) });
  expect(found()).toEqual(["medium bob", "low mysql"]);
  expect(listAccounts(store, { unapproved: true }).rows.map(({ name }) => name)).toEqual(["mysql", "bob"]);
  const [finding] = listFindings(store, { rule: NEW }).rows;
  expect(store.findings.find(finding?.id ?? "", new Date(START))).toEqual(finding);
  expect(listAccounts(store).rows.find(({ name }) => name === "bob")).toMatchObject({
    isUnapproved: true,
    findings: [{ rule: NEW, severity: "medium" }],
  });

  expect(await client.approve({ accounts: [idOf("bob")], ...APPROVAL })).toEqual({ approved: 1 });
  expect(found()).toEqual(["low mysql"]);
  expect(store.findings.counts(new Date(START)).filter(({ rule }) => rule === NEW)).toEqual([
    { rule: NEW, severity: "low", count: 1 },
  ]);
  expect(store.accounts.find(idOf("bob"))).toMatchObject({
    owner: "Ann Moore",
    approval: { ...APPROVAL, approvedAt: START },
  });
  // Another number is somebody else, and who had it comes back as approved.
  visit(3, [ANN, { ...bob, uid: 1_003 }]);
  expect(store.accounts.find(idOf("bob"))).toMatchObject({ owner: "", approval: null });
  visit(4, [ANN, bob]);
  expect(store.accounts.find(idOf("bob"))?.approval).toMatchObject({ purpose: "deploys" });
  expect(await client.unapprove({ accounts: [idOf("bob"), idOf("ann")] })).toEqual({ withdrawn: 1 });
  expect(found()).toEqual(["medium bob"]);

  await expect(client.approve({ accounts: [idOf("bob"), 99], ...APPROVAL })).rejects.toThrow("no account 99");
  const gone = idOf("bob");
  visit(5, [ANN]);
  await expect(client.approve({ accounts: [gone], ...APPROVAL })).rejects.toThrow("bob on web has gone");
  await expect(client.approve({ ...APPROVAL })).rejects.toThrow();
  expect(found()).toEqual([]);
  // The baseline, an approval, and its withdrawal.
  expect(store.events.count()).toBe(3);
});

test("an account that has returned is settled by whoever approves it since", async () => {
  const { client, store, clock } = openChanges();
  const visit = (day: number, names: string[]) =>
    visitHost(store, "web", {
      at: `2026-06-0${day}T00:00:00Z`,
      collected: { accounts: names.map((name) => makeAccount(name)) },
    });
  for (const [day, names] of [
    [1, ["bob"]],
    [2, []],
    [3, ["bob"]],
  ] as const)
    visit(day, [...names]);
  const returned = () => listFindings(store, { rule: "account-returned" }).total;
  const [row] = listAccounts(store).rows;
  expect(returned()).toBe(1);
  clock.now = new Date("2026-06-04T00:00:00Z");
  await client.approve({ accounts: [row?.id ?? 0], ...APPROVAL });
  expect(returned()).toBe(0);
});
