import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NOTHING_BESIDE } from "#net/tls/server-flight-reader.ts";
import { ScanId } from "#shared/model/hosts/scan.ts";
import type { EndpointProbe } from "#store/probe-record.ts";
import { openStore } from "#store/store.ts";
import { beginScan, START } from "#store/testing/make-visit.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { startTlsServer } from "#testing/servers.ts";
import { makeLockedKey } from "#testing/ssh/key-files.ts";
import { formatHost, openWorkstation } from "#testing/ssh/open-workstation.ts";
import { startSshServer } from "#testing/ssh/ssh-server.ts";
import { createReader } from "./describe-probe.ts";
import { probeEndpoint } from "./probes.ts";

const refuse = {
  run: ({ channel }: { channel: { exit(code: number): void; end(): void } }) => {
    channel.exit(1);
    channel.end();
  },
};

test("endpoints are read while a passphrase is waited for, and hosts once it was given", async () => {
  await using endpoint = await startTlsServer();
  await using host = await startSshServer(refuse);
  await using desk = await openWorkstation(formatHost("web1", host));
  const locked = join(desk.home, "deploy");
  await writeFile(locked, makeLockedKey({ passphrase: "open sesame" }));
  const { client } = desk.app;
  const announcements = await client.events.watch();
  const text = `web1 ${endpoint.endpoint.host}:${endpoint.endpoint.port}`;
  const { scanId } = await client.scans.start({
    text,
    acceptNew: true,
    identityFiles: [locked],
    mayPrompt: true,
  });

  for await (const { kind } of announcements) {
    const { ok } = await client.scans.find({ scanId });
    const [question] = await client.scans.prompts({ scanId });
    if (kind === "scan-finished") break;
    if (ok === 0 || !question) continue;
    expect(host.seen.clients).toBe(0);
    await client.scans.answer({ scanId, promptId: question.id, answers: ["open sesame"] });
  }
  expect(await client.scans.find({ scanId })).toMatchObject({ state: "finished", ok: 1, failed: 1 });
  expect(host.seen.clients).toBe(1);
});

test("a named identity file that is of no use is refused before anything is visited", async () => {
  await using endpoint = await startTlsServer();
  await using desk = await openWorkstation("");
  const wish = {
    text: `${endpoint.endpoint.host}:${endpoint.endpoint.port}`,
    identityFiles: [join(desk.home, "none")],
  };
  await expect(desk.app.client.scans.start({ ...wish, mayPrompt: true })).rejects.toThrow(
    "there is no such file",
  );
  expect(await desk.app.client.scans.list({})).toMatchObject({ total: 0 });
});

test("a leaf that cannot be read leaves its place empty: the next of the chain is not taken for it", async () => {
  const { der } = await makeCertificate({ names: ["An Authority"] });
  const chain = [new Uint8Array([0x30, 0x00]), der];
  const prober = {
    probeEndpoint: async () => ({ ...READING, outcome: "presented" as const, message: "", chain }),
  };
  const store = openStore({ path: ":memory:", access: "write" });
  const result = await probeEndpoint(
    { prober, retryPolicy: AT_ONCE, now: () => new Date(START) },
    {
      scanId: ScanId.parse(beginScan(store)),
      target: { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" },
      signal: new AbortController().signal,
    },
  );
  const visit = createReader(store)(result) as EndpointProbe;
  store.atomically(() => store.endpoints.recordProbe(visit));

  expect(visit).toMatchObject({
    state: "partial",
    message: "certificate 0 of the chain cannot be read",
    presented: { findings: [] },
  });
  const listed = store.certificates.list({
    search: "",
    expiringWithinDays: null,
    role: null,
    location: null,
    host: null,
    spki: null,
    violation: null,
    owner: null,
    owned: false,
    tag: null,
    keyType: null,
    issuer: null,
    sort: { by: "notAfter", descending: false },
    locationLimit: 1,
    after: null,
    limit: 10,
    now: new Date(START),
  });
  expect(listed.rows).toMatchObject([{ subject: "CN=An Authority", locations: [{ position: 1 }] }]);
});

test("an endpoint for which this computer had no descriptor left is tried again, and not told as dead", async () => {
  const refused = { ...READING, outcome: "timed-out" as const, message: "none left", chain: [] };
  const answers = [refused, refused].map((answer) => ({ ...answer, transient: "no-descriptor" as const }));
  const closed = { ...refused, outcome: "refused" as const, message: "closed" };
  const prober = { probeEndpoint: async () => answers.shift() ?? closed };
  const result = await probeEndpoint(
    { prober, retryPolicy: AT_ONCE, now: () => new Date(START) },
    {
      scanId: ScanId.parse(1),
      target: { kind: "tls", host: "shop.example", port: 443, serverName: null, protocol: "tls" },
      signal: new AbortController().signal,
    },
  );
  expect(result).toMatchObject({ kind: "met", probe: { outcome: "refused", message: "closed" } });
  expect(answers).toEqual([]);
});

const READING = {
  facts: {},
  wire: NOTHING_BESIDE,
  addresses: null,
  capabilities: null,
  others: [],
  tookMs: 1,
};

const AT_ONCE = { wait: async () => undefined, random: () => 0 };
