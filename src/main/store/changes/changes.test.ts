import { expect, test } from "vitest";
import { openStore, type Store } from "#store/store.ts";
import { readAll } from "#store/testing/ask.ts";
import {
  beginScan,
  makeAccount,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const openMemory = () => openStore({ path: ":memory:", access: "write" });

type Collected = NonNullable<NonNullable<Parameters<typeof visitHost>[2]>["collected"]>;

const PAGE = { search: "", host: null, kind: null, what: null, after: null, limit: 100 };

/** Each change between two scans as `+ grant web root: ann`, with its details. */
const changed = (store: Store, from: number, to: number) =>
  store.changes
    .list({ ...PAGE, from, to })
    .rows.map(({ what, kind, host, title, details }) => [`${what} ${kind} ${host} ${title}`, ...details]);

/** Probes web, once a scan. */
function visits(store: Store, ...readings: (Collected | null)[]): void {
  for (const collected of readings) visitHost(store, "web", { collected });
}

test("between two scans grants appear, change and go, and others stay out of it", () => {
  const store = openMemory();
  const stays = makeGrant("stays", { line: 9 });
  visits(
    store,
    { grants: [makeGrant("ann"), makeGrant("bob", { line: 2 }), stays] },
    {
      grants: [
        makeGrant("ann", { options: "no-pty", text: "no-pty ssh-ed25519 ann" }),
        makeGrant("carol", { line: 2 }),
        stays,
      ],
    },
  );
  expect(changed(store, 1, 2)).toEqual([
    [
      "appeared grant web root: carol",
      "verdict: yes",

      expect.stringContaining("key: SHA256:"),
    ],
    ["changed grant web root: ann", "options: none → no-pty"],
    ["gone grant web root: bob", "verdict: yes", expect.stringContaining("key: SHA256:")],
  ]);
  expect(store.changes.counts({ from: 1, to: 2, host: null })).toEqual([
    { kind: "grant", appeared: 1, changed: 1, gone: 1 },
  ]);
  expect(store.changes.counts({ from: 1, to: 1, host: null })).toEqual([]);
});

test("a verdict that is another is a change, and one that is as it was before is none", () => {
  const store = openMemory();
  const dormant = makeVerdict("no");
  dormant.effective.dormant = "PermitRootLogin no";
  visits(
    store,
    { grants: [makeGrant("ann")] },
    { grants: [makeGrant("ann", { verdict: dormant })] },
    { grants: [makeGrant("ann")] },
  );
  expect(changed(store, 1, 2)).toEqual([
    ["changed grant web root: ann", "verdict: yes → no", "kept out by: none → PermitRootLogin no"],
  ]);
  expect(changed(store, 1, 3)).toEqual([]);
});

test("what could not be looked at has not gone, nor has what a reading cut short left out", () => {
  const store = openMemory();
  const grants = [makeGrant("ann"), makeGrant("bob", { file: "/home/bob/.ssh/authorized_keys" })];
  visits(
    store,
    { grants, accounts: [makeAccount("bob")], keyFiles: [makeKeyFile("ann")] },
    null,
    { isPartial: true },
    {
      grants: [makeGrant("ann")],
      accounts: [makeAccount("bob")],
      unreadablePaths: ["/home/bob"],
      keyFiles: [makeKeyFile("ann")],
    },
  );
  expect(changed(store, 1, 4)).toEqual([]);
  visits(store, { accounts: [makeAccount("bob", { passwordState: "unknown" })] });
  expect(
    changed(store, 1, 5)
      .map(([what]) => what)
      .sort(),
  ).toEqual(["gone grant web root: ann", "gone grant web root: bob", "gone key-file web /root/.ssh/ann"]);
});

test("what comes back is the same thing: it is none of the changes between before and after", () => {
  const store = openMemory();
  const all = { grants: [makeGrant("ann")], accounts: [makeAccount("ann")], keyFiles: [makeKeyFile("ann")] };
  visits(store, all, {}, all);
  expect(changed(store, 1, 3)).toEqual([]);
  expect(changed(store, 1, 2).map(([what]) => what?.split(" ")[0])).toEqual(["gone", "gone", "gone"]);
  expect(changed(store, 2, 3).map(([what]) => what?.split(" ")[0])).toEqual([
    "appeared",
    "appeared",
    "appeared",
  ]);
});

test("accounts, key files, host keys and certificates change in place", () => {
  const store = openMemory();
  const hostKey = (fingerprint: string) => [{ keyType: "ssh-ed25519", keyBits: 256, fingerprint }];
  const first = makeCertificate("old");
  const second = makeCertificate("new");
  const at = (path: string, certificate = first) => [{ path, certificates: [certificate] }];
  visits(
    store,
    {
      accounts: [makeAccount("ann"), makeAccount("bob")],
      keyFiles: [makeKeyFile("ann")],
      hostKeys: hostKey("SHA256:one"),
      certificateFiles: at("/etc/tls.pem"),
    },
    {
      accounts: [
        makeAccount("ann", { shell: "/usr/sbin/nologin" }),
        makeAccount("bob", { passwordState: "locked" }),
      ],
      keyFiles: [{ ...makeKeyFile("ann"), mode: "0644" }],
      hostKeys: hostKey("SHA256:two"),
      certificateFiles: at("/etc/tls.pem", second),
    },
  );
  expect(changed(store, 1, 2).toSorted()).toEqual([
    ["changed account web ann", "shell: /bin/sh → /usr/sbin/nologin"],
    ["changed account web bob", "password: set → locked"],
    [
      "changed certificate web CN=new",
      "subject: CN=old → CN=new",
      `sha256: ${first.certificate.sha256} → ${second.certificate.sha256}`,
    ],
    ["changed host-key web ssh-ed25519", "key: SHA256:one → SHA256:two"],
    ["changed key-file web /root/.ssh/ann", "mode: 0600 → 0644"],
  ]);
});

test("a change of an account leads to the account, also where that is gone or its name is another host's too", () => {
  const store = openMemory();
  visitHost(store, "mail", { collected: { accounts: [makeAccount("bob")] } });
  visits(
    store,
    { accounts: [makeAccount("ann"), makeAccount("bob")] },
    { accounts: [makeAccount("ann", { uid: 0 })] },
  );
  const { rows } = store.changes.list({ ...PAGE, from: 2, to: 3 });
  const led = rows.map(({ what, opens }) => {
    if (opens?.kind !== "account") throw new Error("it leads to no account");
    const account = store.accounts.find(opens.id);
    return [what, account?.host, account?.name, account?.isGone];
  });
  expect(led.toSorted()).toEqual([
    ["changed", "web", "ann", false],
    ["gone", "web", "bob", true],
  ]);
});

test("a certificate that an endpoint presents in the place of another has replaced it", () => {
  const store = openMemory();
  visitEndpoint(store, "www", { presented: { chain: [makeCertificate("old")] } });
  visitEndpoint(store, "www", { presented: null });
  visitEndpoint(store, "www", { presented: { chain: [makeCertificate("new"), makeCertificate("ca")] } });
  expect(
    changed(store, 1, 3)
      .map(([what]) => what)
      .toSorted(),
  ).toEqual(["appeared certificate www CN=ca", "changed certificate www CN=new"]);
  expect(store.changes.list({ ...PAGE, from: 0, to: 3 }).rows.at(-1)).toMatchObject({
    location: "www:443",
    isFirstReading: true,
  });
});

test("a password that a reading without root cannot tell of has not changed", () => {
  const store = openMemory();
  visits(
    store,
    { accounts: [makeAccount("ann")] },
    { accounts: [makeAccount("ann", { passwordState: "unknown" })] },
    { accounts: [makeAccount("ann")] },
    { accounts: [makeAccount("ann", { passwordState: "unknown" })] },
    { accounts: [makeAccount("ann", { passwordState: "locked" })] },
  );
  expect(changed(store, 1, 4)).toEqual([]);
  expect(changed(store, 1, 5)).toEqual([["changed account web ann", "password: set → locked"]]);
});

test("what is on a host that was not read before is told from what is new on one that was", () => {
  const store = openMemory();
  visitHost(store, "web", { collected: { grants: [makeGrant("ann")] } });
  const scanId = beginScan(store);
  visitHost(store, "web", {
    scanId,
    collected: { grants: [makeGrant("ann"), makeGrant("bob", { line: 2 })] },
  });
  visitHost(store, "db", { scanId, collected: { grants: [makeGrant("carol")] } });
  const { rows } = store.changes.list({ ...PAGE, from: 1, to: 2 });
  expect(rows.map(({ title, isFirstReading }) => [title, isFirstReading]).toSorted()).toEqual([
    ["root: bob", false],
    ["root: carol", true],
  ]);
  expect(store.changes.list({ ...PAGE, from: 1, to: 2, host: "db" })).toMatchObject({
    total: 1,
    rows: [{ title: "root: carol" }],
  });
  expect(store.changes.list({ ...PAGE, from: 1, to: 2, search: "WEB bob" }).total).toBe(1);
  expect(store.changes.list({ ...PAGE, from: 1, to: 2, kind: "account" }).total).toBe(0);
});

test("a list of any length is read by pages, in the order of scans, and counted as it is listed", () => {
  const store = openMemory();
  const grants = Array.from({ length: 23 }, (_, line) => makeGrant(`key${line}`, { line: line + 1 }));
  visits(
    store,
    { grants: grants.slice(0, 9) },
    { grants: grants.slice(4, 17) },
    { grants: grants.slice(12), accounts: [makeAccount("ann")] },
  );
  for (const [from, to] of [
    [0, 3],
    [1, 3],
    [3, 1],
    [2, 3],
  ] as const) {
    const asked = { ...PAGE, from, to };
    const whole = store.changes.list(asked);
    const rows = readAll((page) => store.changes.list({ ...asked, ...page }), 4);
    expect(rows).toEqual(whole.rows);
    expect(rows.length).toBe(whole.total);
    expect(rows.map(({ scan }) => scan)).toEqual(
      rows.map(({ scan }) => scan).toSorted((one, other) => other - one),
    );
    const counts = store.changes.counts({ from, to, host: null });
    for (const { kind, ...count } of counts)
      for (const what of ["appeared", "changed", "gone"] as const)
        expect(store.changes.list({ ...asked, kind, what }).total).toBe(count[what]);
  }
});
