/** Faults of the computer that scans: the built program itself, under limits, clocks and signals. */
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { startTlsServer } from "#testing/servers.ts";
import { recordFault } from "./fault-table.ts";
import { startHealthy } from "./hostile-servers.ts";
import { countWrites, goOn, killScanAt, makeReadyDesk } from "./kill-scan.ts";

const lab = test.skipIf(!canStartHosts());

const startEndpoint = async () => {
  const server = await startTlsServer();
  return { ...server, ...server.endpoint };
};

/** Starts `count` servers, and returns them as targets. */
async function startMany(kind: "host" | "endpoint", count: number) {
  const stack = new AsyncDisposableStack();
  const start = kind === "host" ? startHealthy : startEndpoint;
  const prefix = kind === "host" ? "root@" : "";
  const targets: string[] = [];
  for (let index = 0; index < count; index++) {
    const { host, port } = stack.use(await start());
    targets.push(`${prefix}${host}:${port}`);
  }
  return { targets, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

lab(
  "S16: whatever this computer's clock says, what is expired by it is not told as valid",
  async ({ task }) => {
    await using desk = await makeDesk();
    const year = 365 * 86_400_000;
    await using server = await startTlsServer({ notAfter: new Date(Date.now() + year) });
    const { host, port } = server.endpoint;
    const seen: string[] = [];
    for (const [clock, rule] of [
      ["+10y", "certificate-expired"],
      ["-10y", "certificate-not-yet-valid"],
    ] as const) {
      const before = ["faketime", "-f", clock];
      const scanned = await desk.latchkey(["scan", "--tls", "--strict", `${host}:${port}`], { before });
      expect(scanned.code).toBe(0);
      const told = await desk.latchkey(["certificates", "--json"], { before });
      const finding = expect.objectContaining({ rule });
      const findings = expect.arrayContaining([finding]);
      expect(JSON.parse(told.out)).toMatchObject({ certificates: [{ findings }] });
      seen.push(`${clock}: ${rule}`);
    }
    recordFault(task, { id: "S16", injected: "faketime +-10 years here", seen: seen.join("; ") });
  },
);

lab("S18: with 64 descriptors every target is visited all the same", async ({ task }) => {
  await using desk = await makeDesk();
  await using hosts = await startMany("host", 80);
  await using endpoints = await startMany("endpoint", 80);
  const before = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh"];
  const args = [
    "scan",
    "--accept-new",
    "--json",
    "--concurrency",
    "80",
    ...hosts.targets,
    ...endpoints.targets,
  ];
  const ended = await desk.latchkey(args, { before });
  expect({ ...ended, out: JSON.parse(ended.out) }).toMatchObject({
    code: 0,
    err: "",
    out: { state: "finished", probes: { ok: 160 }, failures: [] },
  });
  recordFault(task, {
    id: "S18",
    injected: "ulimit -n 64, 80 hosts and 80 endpoints, 80 at a time",
    seen: "160 of 160 read",
  });
});

/** Positions among all writes of a scan; kill-faults.long.test.ts tries every write. */
const SHARES = [0, 0.25, 0.5, 0.75, 1];

lab(
  "S19: a scan that is killed in a write leaves a sound database, and is gone on with",
  async ({ task }) => {
    await using hosts = await startMany("host", 6);
    await using endpoints = await startMany("endpoint", 6);
    const targets = [...hosts.targets, ...endpoints.targets];
    await using first = await makeReadyDesk();
    const writes = await countWrites(first, targets);
    const seen: string[] = [];
    for (const share of SHARES) {
      await using desk = await makeReadyDesk();
      const nth = 1 + Math.floor((writes - 1) * share);
      await killScanAt(desk, targets, nth);
      // Before any other of our processes has opened it.
      expect(
        new Sqlite(desk.databasePath, { readonly: true }).pragma("integrity_check", { simple: true }),
      ).toBe("ok");
      const { state, brokenAt, visited } = await goOn(desk);
      expect(brokenAt).toBe(null);
      expect(["not begun", "interrupted", "finished"]).toContain(state);
      if (state !== "not begun") expect(visited.size).toBe(targets.length);
      seen.push(state);
    }
    recordFault(task, {
      id: "S19",
      injected: `strace SIGKILL at ${SHARES.length} of ${writes} writes`,
      seen: `sound; ${seen.join(", ")}`,
    });
  },
);
