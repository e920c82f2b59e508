import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { viewKey } from "#codec/fingerprint.ts";
import type { OfferedKey } from "#shared/model/hosts/offered-key.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import { sshfpOf, startDnsServer } from "#testing/dns-server.ts";
import { listProbes } from "#testing/lab/desk.ts";
import { formatHost, openWorkstation } from "#testing/ssh/open-workstation.ts";
import { startRawServer } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, startSshServer, type TestSshServer } from "#testing/ssh/ssh-server.ts";

type Desk = Awaited<ReturnType<typeof openWorkstation>>;
type Client = Desk["app"]["client"];

test("keys of new hosts wait in one list while the scan goes on; accepted hosts are probed in the same scan", async () => {
  await using one = await startSshServer({ run: null });
  await using two = await startSshServer({ run: null });
  await using three = await startSshServer({ run: null });
  await using desk = await openWorkstation(
    [formatHost("web1", one), formatHost("web2", two), formatHost("known", three)].join(""),
  );
  const { client } = desk.app;
  await learn(client, "known");
  const scan = await startScan(desk, "web1 web2 known");
  // The known host is probed although two others wait.
  const rows = await scan.until(2, 1);
  expect(rows).toMatchObject([
    {
      name: "web1",
      port: one.port,
      state: "waiting",
      addresses: ["127.0.0.1"],
      known: { kind: "nothing" },
      waiting: 1,
    },
    { name: "web2", state: "waiting", sharedWith: 0, isJumpHost: false },
  ]);
  expect([one, two].map(({ attempts }) => attempts)).toEqual([[], []]);

  await client.scans.acceptHostKeys({ scanId: scan.id, ids: [idOf(rows, "web1")] });
  await scan.until(1, 2);
  expect(one.attempts).not.toEqual([]);
  expect(two.attempts).toEqual([]);
  expect(await client.scans.skipHostKeys({ scanId: scan.id })).toEqual({ skipped: 1 });
  expect(await scan.end()).toMatchObject({ state: "finished", failed: 3 });
  const outcomes = (await listProbes(client, scan.id)).map(({ target, outcome }) => [target.host, outcome]);
  expect(Object.fromEntries(outcomes)).toMatchObject({ web2: "host-key-not-accepted" });
  expect(outcomes.filter(([, outcome]) => outcome === "host-key-not-accepted")).toHaveLength(1);
  expect(two.attempts).toEqual([]);
  expect(await client.scans.hostKeys({ scanId: scan.id })).toMatchObject({ rows: [] });

  // What was skipped can still be compared, and trusted, on its own.
  const fingerprint = rows[1]?.fingerprint ?? "";
  await client.hosts.trustKey({ host: "web2", port: two.port, fingerprint });
});

test("a host that shows another key once its key was accepted is refused, and gets no login", async () => {
  await using honest = await startSshServer({ run: null });
  await using other = await startSshServer({ run: null });
  let backend: TestSshServer = honest;
  await using front = await startRawServer((socket) => {
    const onward = connect(backend.port, backend.host);
    onward.on("error", () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  });
  await using desk = await openWorkstation(formatHost("web1", front));
  const scan = await startScan(desk, "web1");
  const rows = await scan.until(1, 0);
  backend = other;
  await desk.app.client.scans.acceptHostKeys({ scanId: scan.id, ids: [idOf(rows, "web1")] });
  await scan.end();
  expect(await listProbes(desk.app.client, scan.id)).toMatchObject([{ outcome: "host-key-changed" }]);
  expect([...honest.attempts, ...other.attempts]).toEqual([]);
  const { rows: keys } = await desk.app.client.hostKeys.list({ state: "changed" });
  expect(keys.map(({ fingerprint }) => fingerprint)).toContain(rows[0]?.fingerprint);
});

test("what known_hosts has under other names stands beside a key; what contradicts it waits for nobody", async () => {
  const [web1, web2] = [makeKeyPair(), makeKeyPair()];
  await using one = await startSshServer({ run: null, hostKey: web1.private });
  await using two = await startSshServer({ run: null, hostKey: web2.private });
  await using three = await startSshServer({ run: null });
  await using four = await startSshServer({ run: null, hostKey: makeKeyPair().private });
  const alias = ["HostKeyAlias web4.example"];
  await using desk = await openWorkstation(
    [
      formatHost("web1", one),
      formatHost("web2", two),
      formatHost("web3", three),
      formatHost("web4", four, ...alias),
    ].join(""),
  );
  const other = makeKeyPair().public;
  await writeFile(
    join(desk.home, ".ssh/known_hosts"),
    [
      `old-name.example ${web1.public}`,
      `x,[web2]:${two.port} ${other}`,
      `@revoked * ${makeKeyPair().public}`,
      `web4.example ${other}`,
    ].join("\n"),
  );
  const scan = await startScan(desk, "web1 web2 web3 web4");
  const rows = await scan.until(2, 2);
  expect(rows.map(({ name, state, known }) => [name, state, known.kind])).toEqual([
    ["web2", "refused", "mismatch"],
    ["web4", "refused", "mismatch"],
    ["web1", "waiting", "same-key"],
    ["web3", "waiting", "nothing"],
  ]);
  expect(rows[2]?.known).toMatchObject({ total: 1, known: [{ names: "old-name.example" }] });
  const { client } = desk.app;
  for (const name of ["web2", "web4"])
    await expect(
      client.scans.acceptHostKeys({ scanId: scan.id, ids: [idOf(rows, name), idOf(rows, "web3")] }),
    ).rejects.toMatchObject({ code: "conflict" });
  await client.scans.skipHostKeys({ scanId: scan.id, ids: null });
  await scan.end();
  expect([one, two, three, four].flatMap(({ attempts }) => attempts)).toEqual([]);
  const outcomes = Object.fromEntries(
    (await listProbes(client, scan.id)).map(({ target, outcome }) => [target.host, outcome]),
  );
  expect(outcomes).toEqual({
    web1: "host-key-not-accepted",
    web2: "host-key-unknown",
    web3: "host-key-not-accepted",
    web4: "host-key-changed",
  });
});

test("behind a jump host whose key is accepted, the next unknown key is asked for in the same scan", async () => {
  await using jump = await startSshServer({ run: null, forwards: true });
  await using inner = await startSshServer({ run: null });
  await using desk = await openWorkstation(
    formatHost("jump", jump) +
      formatHost("inner1", inner, "ProxyJump jump") +
      formatHost("inner2", inner, "ProxyJump jump"),
  );
  const { client } = desk.app;
  const scan = await startScan(desk, "inner1 inner2");
  const first = await scan.until(1, 0, 2);
  expect(first).toMatchObject([{ name: "jump", isJumpHost: true, waiting: 2 }]);
  await client.scans.acceptHostKeys({ scanId: scan.id, ids: [idOf(first, "jump")] });
  const next = await scan.until(2, 0);
  expect(next).toMatchObject([
    { name: "inner1", isJumpHost: false, sharedWith: 1 },
    { name: "inner2", sharedWith: 1 },
  ]);
  await client.scans.acceptHostKeys({ scanId: scan.id, ids: next.map(({ id }) => id) });
  await scan.end();
  expect(inner.attempts).not.toEqual([]);
});

test("more hosts may wait than are probed at a time, and none keeps another one from being probed", async () => {
  await using servers = new AsyncDisposableStack();
  const strangers = await Promise.all(Array.from({ length: 6 }, () => startSshServer({ run: null })));
  for (const server of strangers) servers.use(server);
  await using known = await startSshServer({ run: null });
  await using desk = await openWorkstation(
    [
      ...strangers.map((server, index) => formatHost(`new${index}`, server)),
      formatHost("zz-known", known),
    ].join(""),
  );
  const { client } = desk.app;
  await learn(client, "zz-known");
  const scan = await startScan(desk, "new[0-5] zz-known", { concurrency: 1 });
  const rows = await scan.until(6, 1);
  const { accepted } = await client.scans.acceptHostKeys({ scanId: scan.id, ids: rows.map(({ id }) => id) });
  expect(accepted).toBe(6);
  expect(await scan.end()).toMatchObject({ state: "finished", total: 7, failed: 7 });
  for (const { attempts } of strangers) expect(attempts).not.toEqual([]);
});

test("one machine under many names is asked for under each, and the list says that they share a key", async () => {
  const count = 40;
  await using server = await startSshServer({ run: null });
  await using desk = await openWorkstation(formatHost("new*", server));
  const scan = await startScan(desk, `new[1-${count}]`);
  const rows = await scan.until(count, 0);
  expect(rows.map(({ name }) => name)).toEqual(
    Array.from({ length: count }, (_, index) => `new${index + 1}`),
  );
  expect(rows[0]?.sharedWith).toBe(count - 1);
  await desk.app.client.scans.acceptHostKeys({ scanId: scan.id, ids: rows.map(({ id }) => id) });
  expect(await scan.end()).toMatchObject({ state: "finished", total: count });
});

test("a scan that waits is cancelled, and what waited is left for later; without anybody to ask, nothing waits", async () => {
  await using server = await startSshServer({ run: null });
  await using desk = await openWorkstation(formatHost("web1", server));
  const { client } = desk.app;
  const scan = await startScan(desk, "web1");
  const [row] = await scan.until(1, 0);
  await client.scans.cancel({ scanId: scan.id });
  expect(await scan.end()).toMatchObject({ state: "cancelled", ok: 0, failed: 0 });
  await expect(client.scans.acceptHostKeys({ scanId: scan.id, ids: [row?.id ?? ""] })).rejects.toMatchObject({
    code: "not-found",
  });

  const again = await startScan(desk, "", { again: "unfinished", promptsForHostKeys: false });
  expect(await again.end()).toMatchObject({ state: "finished", failed: 1 });
  expect(await listProbes(client, again.id)).toMatchObject([{ outcome: "host-key-unknown" }]);
});

test("DNS is asked for the keys of a list only when somebody requests it, and unsigned answers are said to verify nothing", async () => {
  const pair = makeKeyPair();
  await using server = await startSshServer({ run: null, hostKey: pair.private });
  await using desk = await openWorkstation(formatHost("web1.example", server));
  const { client } = desk.app;
  const { fingerprint } = viewKey(Buffer.from(pair.public.split(" ")[1] ?? "", "base64"));
  await using dns = await startDnsServer({
    names: { "web1.example": [sshfpOf("web1.example", 4, fingerprint ?? "")] },
  });
  const scan = await startScan(desk, "web1.example");
  const rows = await scan.until(1, 0);
  expect(dns.asked).toEqual([]);
  const resolver = `${dns.resolver.address}:${dns.resolver.port}`;
  const ids = rows.map(({ id }) => id);
  expect(await client.scans.compareSshfp({ scanId: scan.id, ids, resolver })).toMatchObject({
    names: [{ name: "web1.example", answer: "records", isValidated: false, keys: [{ result: "match" }] }],
  });
  await client.scans.cancel({ scanId: scan.id });
});

const idOf = (rows: readonly OfferedKey[], name: string): string =>
  rows.find((row) => row.name === name)?.id ?? "";

/** Pins the key of a host. */
async function learn(client: Client, text: string): Promise<void> {
  const announcements = await client.events.watch();
  const { scanId } = await client.scans.start({ text, only: "ssh", acceptNew: true });
  for await (const one of announcements) if (one.kind === "scan-finished" && one.scanId === scanId) return;
}

type Options = { concurrency?: number; again?: "unfinished"; promptsForHostKeys?: boolean };

/** A scan that asks for host keys. */
async function startScan({ app: { client } }: Desk, text: string, options: Options = {}) {
  const announcements = (await client.events.watch())[Symbol.asyncIterator]();
  const only = text === "" ? null : "ssh";
  const { scanId } = await client.scans.start({ text, only, promptsForHostKeys: true, ...options });
  const id: ScanId = scanId;
  return {
    id,
    /** Waits until so many keys wait, and so many probes have ended; returns the list. */
    async until(waiting: number, done: number, probes = 0): Promise<OfferedKey[]> {
      for (;;) {
        const { rows, counts } = await client.scans.hostKeys({ scanId });
        const { ok, failed, partial } = await client.scans.find({ scanId });
        const held = rows.reduce((sum, row) => sum + row.waiting, 0);
        if (counts.waiting === waiting && ok + failed + partial === done && held >= probes) return rows;
        await announcements.next();
      }
    },
    async end() {
      for (;;) {
        const scan = await client.scans.find({ scanId });
        if (scan.state !== "running") return scan;
        await announcements.next();
      }
    },
  };
}
