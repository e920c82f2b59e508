/**
 * L7: what fifty hostile hosts among a thousand cost, in time, in memory and in stalls of the program that scans.
 *
 * The healthy ones have the pace of real hosts: a login and a collection take those half a second to two. Servers in
 * this process answer at once, so a scan would wait only for their processor: its extra time with hostile hosts would
 * measure how fast the test's servers are, and not how well a host that hangs is kept from delaying others.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Desk, makeDesk } from "#testing/lab/desk.ts";
import { recordFault } from "./fault-table.ts";
import { type HostileServer, hostile, startHealthy } from "./hostile-servers.ts";

const HEALTHY = 950;
/** Hosts of each hostile kind; there are ten kinds. */
const OF_EACH = 5;
const KINDS = [
  "silent",
  "drippedGreeting",
  "bannerFlood",
  "lineFlood",
  "http",
  "hugePacket",
  "neverReplies",
  "neverExits",
  "stdoutFlood",
  "stderrFlood",
] as (keyof typeof hostile)[];
const ROUNDS = 3;
/** How long healthy hosts take to be read, one after the other. */
const PACES_MS = [500, 800, 1_000, 1_300, 2_000];
const WATCH = join(import.meta.dirname, "watch-loop.mjs");

/**
 * The program gets the processor first, if we have the right: then its event loop stalls only for its own work, for a
 * disk or for a lock, and not for other processes of this machine, such as the servers of this test.
 */
const FIRST = process.getuid?.() === 0 ? ["chrt", "--rr", "1"] : [];

type Cost = { seconds: number; stallMs: number; busyMs: number; peakMib: number };

type ScanSummary = { state: string; failures: { target: string; outcome: string; message: string }[] };

const targetOf = ({ host, port }: HostileServer): string => `root@${host}:${port}`;

async function scan(
  desk: Desk,
  servers: readonly HostileServer[],
  healthy: ReadonlySet<string>,
): Promise<Cost> {
  const report = join(desk.home, "loop.json");
  const targets = servers.map(targetOf);
  const before = [...FIRST, "env", `NODE_OPTIONS=--import=${WATCH}`, `LOOP_REPORT=${report}`];
  const begun = performance.now();
  const ended = await desk.latchkey(["scan", "--accept-new", "--json", ...targets], { before });
  const seconds = (performance.now() - begun) / 1_000;
  expect(ended).toMatchObject({ code: 0, err: "" });
  const { state, failures }: ScanSummary = JSON.parse(ended.out);
  const unexpected = failures.filter(({ target }) => healthy.has(target));
  expect({ state, unexpected }).toEqual({ state: "finished", unexpected: [] });
  return { seconds, ...JSON.parse(await readFile(report, "utf8")) };
}

const median = (costs: readonly Cost[], of: keyof Cost): number =>
  costs.map((cost) => cost[of]).toSorted((one, other) => one - other)[Math.floor(costs.length / 2)] ?? 0;

test("S8: fifty hostile hosts among a thousand change nothing for the others, and cost little", {
  timeout: 1_800_000,
}, async ({ task }) => {
  await using stack = new AsyncDisposableStack();
  const desk = stack.use(await makeDesk());
  const healthy: HostileServer[] = [];
  for (let index = 0; index < HEALTHY; index++)
    healthy.push(stack.use(await startHealthy(PACES_MS[index % PACES_MS.length])));
  const bad: HostileServer[] = [];
  for (const kind of KINDS)
    for (let index = 0; index < OF_EACH; index++) bad.push(stack.use(await hostile[kind]()));
  // Spread evenly over the first third: a host that hangs has half a minute for itself, which is nearly as long as the
  // whole scan takes. If it is begun late, the scan takes longer because of that host's own limit, and not of any other
  // host.
  const step = Math.floor(HEALTHY / bad.length / 3);
  const mixed = healthy.flatMap((server, index) =>
    index % step === 0 && bad[index / step] ? [bad[index / step] as HostileServer, server] : [server],
  );

  const expected = new Set(healthy.map(targetOf));
  const [clean, troubled]: [Cost[], Cost[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    clean.push(await scan(desk, healthy, expected));
    troubled.push(await scan(desk, mixed, expected));
  }

  const ratio = median(troubled, "seconds") / median(clean, "seconds");
  const growth = (median(troubled, "peakMib") - median(clean, "peakMib")) / bad.length;
  const say = (costs: readonly Cost[], of: keyof Cost) => median(costs, of).toFixed(1);
  recordFault(task, {
    id: "S8",
    injected: `${bad.length} hostile hosts of 10 kinds among ${HEALTHY}`,
    seen: [
      `${HEALTHY} of ${HEALTHY} read; ${say(clean, "seconds")} s without, ${say(troubled, "seconds")} s with (x${ratio.toFixed(2)})`,
      `${growth.toFixed(1)} MiB for each`,
      `longest stall ${say(clean, "stallMs")} ms without, ${say(troubled, "stallMs")} ms with`,
      `longest turn of the event loop on the processor ${say(clean, "busyMs")} ms without, ${say(troubled, "busyMs")} ms with`,
    ].join("; "),
  });
  expect(median(troubled, "stallMs")).toBeLessThanOrEqual(100);
  expect(growth).toBeLessThanOrEqual(32);
  expect(ratio).toBeLessThanOrEqual(1.2);
});
