import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import { makeCertificate, visitEndpoint } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

type State = "accepted" | "refused" | "unknown";

/** A probe; it has tried groups if any are passed. */
function visit(
  store: Store,
  version: string,
  groups: Record<string, State> | null,
  tls13: State = "accepted",
) {
  const capabilities = groups && {
    at: "2026-06-01T00:00:00Z",
    versions: [{ name: "TLS 1.3" as const, state: tls13 }],
    groups: Object.entries(groups).map(([name, state]) => ({ name, state })),
  };
  const beside = { staple: null, timestamps: null, authorities: null, capabilities };
  const facts = { version, group: "X25519" };
  visitEndpoint(store, "shop", {
    presented: { chain: [makeCertificate("shop")], facts, beside: beside as never },
  });
}

const found = (store: Store) => listFindings(store, { rule: "endpoint-key-exchange-classical" }).rows;

test("of TLS 1.3 it is not known whether hybrid groups are taken until they are asked for", () => {
  const store = openMemory();
  visit(store, "TLS 1.3", null);
  expect(found(store)).toEqual([]);
  visit(store, "TLS 1.3", { X25519MLKEM768: "unknown", SecP256r1MLKEM768: "refused" });
  expect(found(store)).toEqual([]);
  visit(store, "TLS 1.3", { X25519MLKEM768: "refused", SecP256r1MLKEM768: "refused", X25519: "accepted" });
  expect(found(store)).toMatchObject([
    {
      severity: "low",
      object: { kind: "endpoint", id: 1 },
      label: "shop:443",
      host: "shop",
      evidence: ["it spoke TLS 1.3 with X25519", "it refused X25519MLKEM768, SecP256r1MLKEM768"],
    },
  ]);
  visit(store, "TLS 1.3", { X25519MLKEM768: "accepted" });
  expect(found(store)).toEqual([]);
});

test("without TLS 1.3 there is no hybrid group, which is known at once", () => {
  const store = openMemory();
  visit(store, "TLS 1.2", null);
  expect(found(store)).toMatchObject([{ sentence: expect.stringContaining("does not speak TLS 1.3") }]);
  visit(store, "TLS 1.2", { X25519MLKEM768: "unknown" }, "unknown");
  expect(found(store)).toEqual([]);
  visit(store, "TLS 1.2", { X25519MLKEM768: "unknown" }, "refused");
  expect(found(store)).toHaveLength(1);
});

const TURNED_ON = "2026-06-02T00:00:00Z";

test("a certificate that was replaced is told of by whom that asked, from then on and for thirty days", () => {
  const store = openMemory();
  const present = (name: string, at: string) =>
    visitEndpoint(store, "shop", { at, presented: { chain: [makeCertificate(name)] } });
  const rows = (now: string) => listFindings(store, { rule: "certificate-changed", now: new Date(now) }).rows;
  present("first", "2026-06-01T00:00:00Z");
  present("second", "2026-06-01T12:00:00Z");
  expect(rows("2026-06-02T00:00:00Z")).toEqual([]);
  store.rules.turn("certificate-changed", true, TURNED_ON);
  expect(store.rules.list().filter(({ since }) => since !== null)).toEqual([
    { rule: "certificate-changed", since: TURNED_ON },
  ]);
  present("second", "2026-06-03T00:00:00Z");
  expect(rows("2026-06-03T00:00:00Z")).toEqual([]);
  present("third", "2026-06-04T00:00:00Z");
  const [changed] = rows("2026-06-05T00:00:00Z");
  expect(changed).toMatchObject({
    severity: "medium",
    object: { kind: "endpoint", id: 1 },
    firstSeen: "2026-06-04T00:00:00Z",
    evidence: [
      "noticed by the scan of 2026-06-04T00:00:00Z",
      expect.stringContaining("before: CN=second"),
      expect.stringContaining("now: CN=third"),
    ],
  });
  expect(rows("2026-07-04T00:00:01Z")).toEqual([]);
  store.rules.turn("certificate-changed", false, "2026-06-06T00:00:00Z");
  expect(rows("2026-06-06T00:00:00Z")).toEqual([]);
});

const hashOf = (name: string) => makeCertificate(name).certificate.sha256;

/**
 * A run of 3 June that renews the certificate "old" of shop as "new", with a function for what was seen on which day.
 */
async function makeRenewal() {
  const folder = await makeTemporaryFolder();
  const database = openFile(folder.path);
  const { store, write } = database;
  store.rules.turn("certificate-changed", true, "2026-01-01T00:00:00Z");
  const certificates = [{ id: "c0", old: hashOf("old") }];
  const body = JSON.stringify({
    hosts: [
      { host: "web", port: 22 },
      { host: "shop", port: 22, certificates },
    ],
  });
  write(`
    INSERT INTO plan (id, state, made_at, body, hash) VALUES (1, 'ready', '2026-06-03T00:00:00Z', '${body}', 'h');
    INSERT INTO run (id, plan, token, origin, kind, title, state, started_at, acknowledgements, hosts, adds, changes, removes)
    VALUES (1, 1, 't', 'live', 'rotate-certificate', '', 'running', '2026-06-03T00:00:00Z', '[]', 1, 0, 1, 0)`);
  return {
    order: (state: "issued" | "installed", wanted: string | null = '["h"]') =>
      write(`
        REPLACE INTO run_certificate (run, host, port, change, names, issuer, state, sha256, new_hashes)
        VALUES (1, 'shop', 22, 'c0', '[]', 1, '${state}', '${hashOf("new")}',
          ${wanted === null ? "NULL" : `'${wanted}'`})`),
    end: (state: "committed" | "rolled-back") =>
      write(`UPDATE run SET state = '${state}', ended_at = '2026-06-04T12:00:00Z'`),
    /** Returns how many findings there are once these were seen, each a day after the one before, from 2 June on. */
    see: (...names: string[]) => {
      for (const [index, name] of names.entries())
        visitEndpoint(store, "shop", {
          at: `2026-06-0${2 + index}T01:00:00Z`,
          presented: { chain: [makeCertificate(name)] },
        });
      return listFindings(store, {
        rule: "certificate-changed",
        now: new Date("2026-06-09T00:00:00Z"),
      }).total;
    },
    [Symbol.asyncDispose]: async () => {
      database[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("what a run has put in place is not told of, before its verification and after its end", async () => {
  await using renewal = await makeRenewal();
  renewal.order("issued", null);
  expect(renewal.see("old", "new")).toBe(1);
  renewal.order("issued");
  expect(renewal.see()).toBe(0);
  renewal.order("installed");
  renewal.end("committed");
  expect(renewal.see()).toBe(0);
});

test("what a run has taken back is not told of", async () => {
  await using renewal = await makeRenewal();
  renewal.order("issued");
  renewal.end("rolled-back");
  expect(renewal.see("old", "new", "old")).toBe(0);
});

test.each<[string, "issued" | "installed", "committed" | "rolled-back" | null, string[]]>([
  ["what replaces a certificate before its verification", "issued", null, ["old", "new", "mallory"]],
  ["what replaces one that was taken back", "issued", "rolled-back", ["old", "new", "old", "mallory"]],
  ["what replaces one that was verified", "installed", "committed", ["old", "new", "mallory"]],
  ["a way back by hand to a run's own", "installed", "committed", ["old", "new", "mallory", "new"]],
  ["a way back by hand to what a run has replaced", "installed", "committed", ["old", "new", "old"]],
  ["a run's own where another one stood than it was to replace", "installed", "committed", ["other", "new"]],
  ["a run's own that was put there after it had been taken back", "issued", "rolled-back", ["old", "new"]],
  [
    "a run's own that was put there long after",
    "installed",
    "committed",
    [..."12345"].fill("old").concat("new"),
  ],
])("%s is told of", async (_, state, end, seen) => {
  await using renewal = await makeRenewal();
  renewal.order(state);
  if (end) renewal.end(end);
  expect(renewal.see(...seen)).toBe(1);
});

test("who has accepted one change of a certificate is told of the next", () => {
  const store = openMemory();
  store.rules.turn("certificate-changed", true, "2026-01-01T00:00:00Z");
  const present = (name: string, at: string) =>
    visitEndpoint(store, "shop", { at, presented: { chain: [makeCertificate(name)] } });
  const rows = (accepted: boolean) => {
    const { rows: found, total } = listFindings(store, {
      rule: "certificate-changed",
      now: new Date("2026-06-05T00:00:00Z"),
      accepted,
    });
    expect(total).toBe(found.length);
    return found;
  };
  present("first", "2026-06-01T00:00:00Z");
  present("second", "2026-06-02T00:00:00Z");
  const acceptance = { reason: "planned", until: "2027-01-01", acceptedAt: "2026-06-03T00:00:00Z" };
  for (const { rule, object } of rows(false)) store.acceptances.accept(rule, object, acceptance);
  expect(rows(false)).toEqual([]);
  expect(rows(true)).toMatchObject([{ acceptance }]);
  present("third", "2026-06-04T00:00:00Z");
  expect(rows(false)).toMatchObject([{ firstSeen: "2026-06-04T00:00:00Z", acceptance: null }]);
  expect(rows(true)).toEqual([]);
});

test("an endpoint that is seen for the first time, or was away, has not changed", () => {
  const store = openMemory();
  store.rules.turn("certificate-changed", true, "2026-01-01T00:00:00Z");
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("first")] } });
  visitEndpoint(store, "shop", {});
  visitEndpoint(store, "shop", { presented: { chain: [makeCertificate("first")] } });
  expect(listFindings(store, { rule: "certificate-changed" }).rows).toEqual([]);
});
