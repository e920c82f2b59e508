import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { openStore, type Store } from "#store/store.ts";
import { listFindings, listGrants } from "#store/testing/ask.ts";
import {
  fingerprintOf,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  START,
  visitHost,
} from "#store/testing/make-visit.ts";
import type { ListedPerson } from "./people-source-table.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

const person = (login: string, rest: Partial<ListedPerson> = {}): ListedPerson => ({
  handle: login,
  name: login[0]?.toUpperCase() + login.slice(1),
  email: null,
  logins: [login],
  said: "nothing",
  leftOn: null,
  keys: [{ fingerprint: fingerprintOf(login), keyType: null }],
  ...rest,
});

type Given = { name?: string; isWhole?: boolean; at?: string };

function importPeopleSource(
  store: Store,
  people: readonly ListedPerson[],
  { name = "people.csv", isWhole = false, at = START }: Given = {},
): void {
  store.atomically(() => {
    store.people.replaceSource({ name, kind: "csv", isWhole, people, at });
    store.people.settle(settleStandings(store.people.entries(), at.slice(0, 10), []), at);
  });
}

/** Each grant by its key's name: owner, orphan and the first reason. */
const judged = (store: Store) =>
  Object.fromEntries(
    listGrants(store).rows.map(({ comment, verdict: { owner }, orphan }) => [
      comment,
      [owner.state, orphan, owner.reasons[0]],
    ]),
  );

const grants = (...keys: string[]) => keys.map((key, index) => makeGrant(key, { line: index + 1 }));

test("a private key anywhere in the fleet makes the owner known, and its going makes them unknown again", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("ann", "bob") } });
  expect(judged(store).ann?.[0]).toBe("unknown");

  visitHost(store, "nas", { collected: { keyFiles: [makeKeyFile("ann")] } });
  expect(judged(store)).toEqual({
    ann: ["known", null, "its private key is on nas: /root/.ssh/ann (verified)"],
    bob: ["unknown", null, expect.stringContaining("it may be on a machine that was not scanned")],
  });

  visitHost(store, "nas", { collected: { keyFiles: [] } });
  expect(judged(store).ann?.[0]).toBe("unknown");
});

test("a claim of a private key makes nobody its owner, and says by whose file it is claimed", () => {
  const store = openMemory();
  const locked = { ...makeKeyFile("ann"), fingerprint: null, likelyFingerprint: fingerprintOf("ann") };
  const claimed = (why: "locked" | "not-signed") => ({
    ...makeKeyFile("ann"),
    possession: { kind: "claimed" as const, why },
  });
  visitHost(store, "web", { collected: { grants: grants("ann") } });
  const formatWith = (file: ReturnType<typeof makeKeyFile>) => {
    visitHost(store, "nas", { collected: { keyFiles: [file] } });
    const [row] = listGrants(store).rows;
    return [row?.verdict.owner.state, row?.orphan, row?.verdict.owner.reasons.at(-1)];
  };
  const said = (why: string) => [
    "unknown",
    null,
    `its private key is claimed by nas: /root/.ssh/ann of root (${why})`,
  ];
  expect(formatWith(locked)).toEqual(said("not verified: only a public key lies there"));
  expect(formatWith(claimed("locked"))).toEqual(said("not verified: it has a passphrase"));
  expect(formatWith({ ...makeKeyFile("ann"), possession: { kind: "other-key" } })).toEqual(
    said("it shows the public key and signed with another private one"),
  );
  expect(formatWith(makeKeyFile("ann"))?.[0]).toBe("known");
  expect(formatWith(claimed("not-signed"))?.[0]).toBe("unknown");
});

test("a key on this computer is matched, also where its grant is found only later", () => {
  const store = openMemory();
  const held = {
    location: "/home/me/.ssh/id_ed25519",
    fingerprint: fingerprintOf("ann"),
    kind: "file",
  } as const;
  store.atomically(() => store.people.holdHere([held], () => true, START));
  visitHost(store, "web", { collected: { grants: grants("ann") } });
  expect(judged(store).ann).toEqual([
    "known",
    null,
    "its private key is on this computer: /home/me/.ssh/id_ed25519 (verified)",
  ]);
  store.atomically(() => store.people.holdHere([], () => true, START));
  expect(judged(store).ann?.[0]).toBe("unknown");
});

test("who has left by a people source is gone, and their grants are orphans and findings", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("ann", "carol") } });
  importPeopleSource(store, [person("ann"), person("carol", { said: "gone", leftOn: "2026-03-31" })]);
  expect(judged(store)).toEqual({
    ann: ["known", null, "the key is that of Ann, according to people.csv"],
    carol: ["gone", "gone", "Carol left on 2026-03-31, according to people.csv; the key is theirs"],
  });
  const { rows, total } = listFindings(store);
  expect([total, rows[0]]).toMatchObject([
    1,
    {
      rule: "grant-orphaned",
      severity: "high",
      sentence: "this is the key of somebody who has left (Carol), and it logs in as root",
      host: "web",
      firstSeen: START,
    },
  ]);
  expect(store.findings.find(rows[0]?.id ?? "", new Date(START))).toEqual(rows[0]);
  expect(store.findings.counts(new Date(START))).toEqual([
    { rule: "grant-orphaned", severity: "high", count: 1 },
  ]);
});

test("a people source that is read again replaces what it said; who is missing has left only where it names everybody", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("ann", "carol") } });
  importPeopleSource(store, [person("ann"), person("carol")]);
  importPeopleSource(store, [person("ann")], { at: "2026-06-02T00:00:00Z" });
  expect(judged(store).carol?.[0]).toBe("known");
  importPeopleSource(store, [person("ann")], { at: "2026-06-03T00:00:00Z", isWhole: true });
  expect(judged(store).carol).toEqual([
    "gone",
    "gone",
    "Carol is no longer in people.csv, which is marked complete; the key is theirs",
  ]);
  importPeopleSource(store, [person("ann"), person("carol")], { at: "2026-06-04T00:00:00Z", isWhole: true });
  expect(judged(store).carol?.[0]).toBe("known");
  store.atomically(() => store.people.removeSource("people.csv"));
  expect(judged(store).carol?.[0]).toBe("unknown");
});

test("a table of people and a folder of their keys are joined by login, and the newer word holds", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("carol") } });
  importPeopleSource(store, [person("carol")], { name: "team-keys", at: "2026-06-02T00:00:00Z" });
  importPeopleSource(store, [person("carol", { name: "Carol Nolan", said: "gone", keys: [] })]);
  expect(judged(store).carol).toEqual([
    "gone",
    "gone",
    "Carol Nolan has left, according to people.csv; the key is theirs, according to team-keys",
  ]);
  importPeopleSource(store, [person("carol", { said: "active", keys: [] })], { at: "2026-06-03T00:00:00Z" });
  expect(judged(store).carol?.[0]).toBe("known");
});

test("a key of two people is gone only when both have left", () => {
  const store = openMemory();
  const keys = [{ fingerprint: fingerprintOf("shared"), keyType: null }];
  visitHost(store, "web", { collected: { grants: grants("shared") } });
  importPeopleSource(store, [person("ann", { keys }), person("carol", { keys, said: "gone" })]);
  expect(judged(store).shared?.[0]).toBe("known");
  importPeopleSource(store, [person("ann", { keys, said: "gone" }), person("carol", { keys, said: "gone" })]);
  expect(judged(store).shared?.[0]).toBe("gone");
});

test("what only lacks a known private key is an orphan where the scope is said to be whole, and nowhere else", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("ann", "bob") } });
  importPeopleSource(store, [person("ann")]);
  expect(listGrants(store, { orphaned: true }).total).toBe(0);
  expect(listGrants(store, { privateKeyNotFound: true }).total).toBe(2);

  store.atomically(() => store.people.markInventory(true, "laptops of guests", "2026-06-05T00:00:00Z"));
  const { rows, total } = listGrants(store, { orphaned: true });
  expect([total, rows[0]?.comment, rows[0]?.orphan, rows[0]?.why[0]]).toEqual([
    1,
    "bob",
    "private-key-not-found",
    "its private key was not found, and the inventory is marked complete",
  ]);
  expect(rows[0]?.verdict.owner.coverage.notRead).toContain("not scanned: laptops of guests");
  expect(listFindings(store).rows.map(({ severity, firstSeen }) => [severity, firstSeen])).toEqual([
    ["medium", START],
  ]);
  // The key belongs to somebody who is there, outside the inventory: it is in no list of orphans.
  expect(judged(store).ann).toEqual(["known", null, "the key is that of Ann, according to people.csv"]);
  const ann = listGrants(store, { search: "ann" }).rows[0]?.verdict.owner;
  expect(ann?.reasons).toContain("its private key was not scanned, and is expected with Ann");

  store.atomically(() => store.people.markInventory(false, "", START));
  expect([listGrants(store, { orphaned: true }).total, listFindings(store).total]).toEqual([0, 0]);
});

test("a key that was not found makes no orphan while a host was read in part, and says which host", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("bob") } });
  store.atomically(() => store.people.markInventory(true, "", START));
  expect(listGrants(store, { orphaned: true }).total).toBe(1);

  const notKnown = (why: string) => {
    expect(listGrants(store, { orphaned: true }).total).toBe(0);
    expect(listFindings(store).total).toBe(0);
    const { rows, total } = listGrants(store, { undecided: true });
    expect([total, rows[0]?.orphaned, rows[0]?.orphan, rows[0]?.why[0]]).toEqual([
      1,
      false,
      "unknown",
      `its private key was not found and no people source has it, but 1 host was not read completely: ${why}: it may be there`,
    ]);
    expect(store.today.figures(new Date(START)).grants).toMatchObject({ orphaned: 0, orphanUnknown: 1 });
  };
  visitHost(store, "nas", { collected: null });
  notKnown("nas (never read)");
  visitHost(store, "nas", { collected: { readAs: "auditor" } });
  notKnown("nas (read without root)");
  visitHost(store, "nas", { state: "partial", outcome: "truncated", collected: { isPartial: true } });
  notKnown("nas (its last reading was cut short)");
  visitHost(store, "nas", { collected: { unreadableKeyLocations: ["/home/ann"] } });
  notKnown("nas (some locations of private keys could not be read)");
  visitHost(store, "nas");
  expect(listGrants(store, { orphaned: true }).rows[0]?.orphan).toBe("private-key-not-found");

  // What it contained when it was last read is known, also while it does not answer.
  visitHost(store, "nas", { collected: null });
  expect(listGrants(store, { orphaned: true }).total).toBe(1);

  const target = { kind: "ssh", host: "laptop", port: 2222, user: "root" } as const;
  store.atomically(() => store.targets.remember({ target, useSudo: false, at: START }));
  notKnown("laptop:2222 (never read)");
});

test("evidence that a grant is an orphan counts whatever was read", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: grants("carol") } });
  visitHost(store, "nas", { collected: null });
  importPeopleSource(store, [person("carol", { said: "gone" })]);
  store.atomically(() => store.people.markInventory(true, "", START));
  expect(listGrants(store, { orphaned: true }).rows[0]?.orphan).toBe("gone");
  expect(listGrants(store, { undecided: true }).total).toBe(0);
});

test("what cannot let anybody in is no orphan, unless one setting alone keeps it out", () => {
  const store = openMemory();
  const dormant = makeVerdict("no");
  dormant.effective.dormant = "PermitRootLogin";
  visitHost(store, "web", {
    collected: {
      grants: [
        makeGrant("carol", { verdict: makeVerdict("no") }),
        makeGrant("carol", { line: 2, text: "again", verdict: dormant }),
      ],
    },
  });
  importPeopleSource(store, [person("carol", { said: "gone" })]);
  expect(listGrants(store, { orphaned: true }).rows.map(({ line }) => line)).toEqual([2]);
  expect(listFindings(store).rows[0]?.sentence).toContain(
    "it would log in as root again if PermitRootLogin were otherwise",
  );
});

test("a comment that names somebody is weak evidence: it is said, and decides nothing", () => {
  const store = openMemory();
  visitHost(store, "web", {
    collected: { grants: [makeGrant("other", { comment: "carol@corp.example laptop" })] },
  });
  importPeopleSource(store, [person("carol", { said: "gone" })]);
  const [row] = listGrants(store).rows;
  expect(row?.verdict.owner.state).toBe("unknown");
  expect(row?.verdict.owner.reasons).toContain(
    "its comment names Carol, who has left (weak: anybody can write a comment)",
  );
});

test("every row says how much was looked at", () => {
  const store = openMemory();
  visitHost(store, "web", {
    collected: { grants: grants("ann"), unreadablePaths: ["/home/a", "/home/b", "/home/c"] },
  });
  visitHost(store, "db", { collected: { readAs: "auditor" } });
  visitHost(store, "nas", { collected: null });
  importPeopleSource(store, [person("bob")]);
  expect(listGrants(store).rows[0]?.verdict.owner.coverage).toEqual({
    read: [
      "2 of 3 hosts, 1 as root",
      "0 private keys of this computer",
      "people.csv: 1 person, read 2026-06-01",
    ],
    notRead: [
      "1 host",
      "3 files and folders of hosts",
      "machines that were not scanned: the inventory is not marked complete",
    ],
  });
});

test("any verdicts together are counted as they are listed", () => {
  const store = openMemory();
  const unused = makeVerdict();
  unused.use.state = "unused";
  visitHost(store, "web", {
    collected: { grants: [...grants("ann", "carol", "bob"), makeGrant("dan", { line: 9, verdict: unused })] },
  });
  importPeopleSource(store, [person("ann"), person("carol", { said: "gone" })]);
  for (const asked of [
    { owner: "gone" },
    { owner: "unknown", use: "unused" },
    { orphaned: true, use: "unknown" },
    { privateKeyNotFound: true, effective: "yes", owner: "known" },
  ] as const) {
    const { rows, total } = listGrants(store, asked);
    expect([asked, total]).toEqual([asked, rows.length]);
    expect(total).toBeGreaterThan(0);
  }
});
