import { expect, test } from "vitest";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings, listGrants } from "#store/testing/ask.ts";
import { makeGrant, makeVerdict, START, visitHost } from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

type Collected = NonNullable<NonNullable<Parameters<typeof visitHost>[2]>["collected"]>;

/** Probes web, once a scan. */
function visits(store: Store, ...readings: (Collected | null)[]): void {
  for (const collected of readings) visitHost(store, "web", { collected });
}

const setBaseline = (store: Store, scan: number): void =>
  store.atomically(() => store.changes.setBaseline(ScanId.parse(scan), START));

test("grants whose line was not there at the baseline are unapproved until they are approved", () => {
  const store = openMemory();
  const no = makeVerdict("no");
  visits(
    store,
    { grants: [makeGrant("ann"), makeGrant("eve", { line: 5 })] },
    {},
    {
      grants: [
        makeGrant("ann"),
        makeGrant("bob", { line: 2 }),
        makeGrant("refused", { line: 3, verdict: no }),
        makeGrant("eve", { line: 5, options: "no-pty", text: "no-pty eve" }),
      ],
    },
  );
  expect(store.changes.countUnapproved()).toBe(0);
  setBaseline(store, 3);
  expect(store.changes.countUnapproved()).toBe(0);
  setBaseline(store, 1);
  expect(listUnapproved(store)).toEqual(["bob", "eve"]);

  approve(store, "bob");
  expect(listUnapproved(store)).toEqual(["eve"]);
  expect(listGrants(store).rows.find(({ comment }) => comment === "bob")).toMatchObject({
    isUnapproved: false,
    approval: { owner: "Bob Stone", purpose: "backups", reviewOn: "2027-01-31", approvedAt: START },
    verdict: { owner: { state: "known", who: "Bob Stone" } },
  });
  const line = store.changes.findLine(idOf(store, "bob"));
  if (line) store.atomically(() => store.changes.withdraw(line, START));
  expect(listUnapproved(store)).toEqual(["bob", "eve"]);
  store.atomically(() => store.changes.clearBaseline());
  expect(listUnapproved(store)).toEqual([]);
});

test("an approval is for one exact line: it holds when the line moves or comes back, and not when it is changed", () => {
  const store = openMemory();
  visits(store, { grants: [] }, { grants: [makeGrant("bob")] });
  setBaseline(store, 1);
  approve(store, "bob");
  visits(store, { grants: [makeGrant("bob", { line: 7 })] });
  expect(listUnapproved(store)).toEqual([]);
  visits(store, {}, { grants: [makeGrant("bob", { line: 3 })] });
  expect(listUnapproved(store)).toEqual([]);
  expect(listGrants(store, { owner: "known" }).total).toBe(1);
  visits(store, { grants: [makeGrant("bob", { line: 3, options: "no-pty", text: "no-pty bob" })] });
  expect(listUnapproved(store)).toEqual(["bob"]);
  expect(listGrants(store, { owner: "known" }).total).toBe(0);

  const events = store.changes.history(idOf(store, "bob"));
  expect(events.map(({ what }) => what).toSorted()).toEqual([
    "approved",
    "back",
    "changed",
    "first-seen",
    "gone",
    "moved",
  ]);
  expect(events.find(({ what }) => what === "moved")?.details).toEqual(["line: 1 → 7"]);
  expect(events.find(({ what }) => what === "changed")?.details).toEqual(["options: none → no-pty"]);
});

const idOf = (store: Store, comment: string): number =>
  listGrants(store).rows.find((grant) => grant.comment === comment)?.id ?? 0;

const listUnapproved = (store: Store): string[] => {
  const { rows, total } = listGrants(store, { unapproved: true });
  expect([total, store.changes.countUnapproved()]).toEqual([rows.length, rows.length]);
  return rows.map(({ comment }) => comment);
};

function approve(store: Store, comment: string): void {
  const line = store.changes.findLine(idOf(store, comment));
  if (!line) throw new Error(`there is no grant of ${comment}`);
  const approval = { owner: "Bob Stone", purpose: "backups", reviewOn: "2027-01-31", approvedAt: START };
  store.atomically(() => store.changes.approve(line, approval));
}

test("what is new since the baseline is a finding with its evidence, until it is approved", () => {
  const store = openMemory();
  visits(
    store,
    { grants: [makeGrant("eve")] },
    { grants: [makeGrant("eve", { options: "no-pty", text: "no-pty eve" })] },
  );
  setBaseline(store, 1);
  visitHost(store, "db", { collected: { grants: [makeGrant("bob")] } });
  const found = listFindings(store, { rule: "grant-since-baseline" });
  expect(found.rows.map(({ host, evidence }) => [host, ...evidence])).toEqual([
    [
      "web",
      "/root/.ssh/authorized_keys:1",
      `first seen by the scan of ${START}, the baseline is that of ${START}`,
      "the line of this key was before: ssh-ed25519 eve",
    ],
    [
      "db",
      "/root/.ssh/authorized_keys:1",
      `first seen by the scan of ${START}, the baseline is that of ${START}`,
      "the host was first read after the baseline: the line may be older than that",
    ],
  ]);
  const [first] = found.rows;
  expect(first).toMatchObject({
    severity: "medium",
    sentence: "this line was not there at the baseline, nobody has approved it, and it logs in as root",
    firstSeen: START,
  });
  expect(store.findings.find(first?.id ?? "", new Date(START))).toEqual(first);
  expect(store.findings.counts(new Date(START))).toContainEqual({
    rule: "grant-since-baseline",
    severity: "medium",
    count: 2,
  });
  approve(store, "eve");
  expect(listFindings(store, { rule: "grant-since-baseline" }).total).toBe(1);
});

test("an approval whose day to review has come is a finding", () => {
  const store = openMemory();
  visits(store, { grants: [makeGrant("bob")] });
  approve(store, "bob");
  const due = (now: string) => listFindings(store, { rule: "approval-due", now: new Date(now) }).rows;
  expect(due("2027-01-30T23:59:59Z")).toEqual([]);
  expect(due("2027-01-31T00:00:00Z")).toMatchObject([
    {
      severity: "low",
      sentence: "the approval of this login as root was to be reviewed on 2027-01-31",
      evidence: ["/root/.ssh/authorized_keys:1", `approved at ${START} for Bob Stone: backups`],
      firstSeen: "2027-01-31T00:00:00Z",
    },
  ]);
});
