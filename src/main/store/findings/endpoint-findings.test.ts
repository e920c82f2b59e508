import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import { makeCertificate, visitEndpoint } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

type State = "accepted" | "refused" | "unknown";

/** A visit that has asked for groups, if any are given. */
function visit(
  store: Store,
  version: string,
  groups: Record<string, State> | null,
  tls13: State = "accepted",
) {
  const offers = groups && {
    at: "2026-06-01T00:00:00Z",
    versions: [{ name: "TLS 1.3" as const, state: tls13 }],
    groups: Object.entries(groups).map(([name, state]) => ({ name, state })),
  };
  const beside = { staple: null, timestamps: null, authorities: null, offers };
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
  expect(store.rules.list()).toEqual([{ rule: "certificate-changed", since: TURNED_ON }]);
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

test("what a run has put in place or taken back was not changed without one, and what comes after it was", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store, write } = database;
  store.rules.turn("certificate-changed", true, "2026-01-01T00:00:00Z");
  const present = (name: string) =>
    visitEndpoint(store, "shop", { presented: { chain: [makeCertificate(name)] } });
  const told = () => listFindings(store, { rule: "certificate-changed" }).total;
  write(`
    INSERT INTO plan (id, state, made_at, body, hash) VALUES (1, 'ready', '2026-06-01T00:00:00Z', '{}', 'h');
    INSERT INTO run (id, plan, token, kind, title, state, started_at, consents, hosts, adds, changes, removes)
    VALUES (1, 1, 't', 'rotate-certificate', '', 'running', '2026-06-01T00:00:00Z', '[]', 1, 0, 1, 0)`);
  const order = (state: string, name: string, wanted: string | null) =>
    write(`
      REPLACE INTO run_certificate (run, host, port, change, names, issuer, state, sha256, wanted)
      VALUES (1, 'shop', 22, 'c0', '[]', 1, '${state}', '${makeCertificate(name).certificate.sha256}',
        ${wanted === null ? "NULL" : `'${wanted}'`})`);
  present("old");
  order("issued", "new", null);
  present("new");
  expect(told()).toBe(1);
  order("installed", "new", '["h"]');
  expect(told()).toBe(0);
  present("somebody's");
  expect(told()).toBe(1);
  present("new");
  order("issued", "new", '["h"]');
  present("old");
  expect(told()).toBe(0);
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
