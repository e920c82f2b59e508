/** The complete form of what scan-faults and client-faults try in part: every byte, every write. */
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { recordFault } from "./fault-table.ts";
import { type HostileServer, startHealthy, startTruthful } from "./hostile-servers.ts";
import { countWrites, goOn, killScanAt, makeReadyDesk } from "./kill-scan.ts";

const lab = test.skipIf(!canStartHosts());
const timeout = 1_800_000;

/** Hosts of one scan: each is a server in this process. */
const AT_ONCE = 250;

/** Hosts of a scan that is killed: enough for its first commits to differ from its last. */
const KILLED_HOSTS = 6;
/** Scans that are killed side by side, each with a database of its own: one waits for the disk while another reads. */
const AT_A_TIME = 3;

test("S7: a stream that is cut at any byte is never taken for a whole one", { timeout }, async ({ task }) => {
  const bytes = answerScript(`--nonce '${"0".repeat(16)}''${"0".repeat(16)}'`).length;
  const states = new Map<number, string>();
  for (let from = 0; from <= bytes; from += AT_ONCE) {
    await using stack = new AsyncDisposableStack();
    // A database of its own: if a port is reused, it belongs to another host, with another key.
    const desk = stack.use(await makeDesk());
    const app = stack.use(desk.open());
    const servers: HostileServer[] = [];
    for (let cut = from; cut < Math.min(from + AT_ONCE, bytes + 1); cut++)
      servers.push(stack.use(await startTruthful((stream) => stream.slice(0, cut))));
    const text = servers.map(({ host, port }) => `root@${host}:${port}`).join(" ");
    const probes = await scanAll(app, { text, only: "ssh", acceptNew: true });
    const byPort = new Map(probes.map(({ target, state }) => [target.port, state]));
    for (const [index, { port }] of servers.entries()) states.set(from + index, byPort.get(port) ?? "none");
  }
  const whole = [...states].filter(([, state]) => state === "ok").map(([cut]) => cut);
  // All of it; and all but the newline at its very end, which has no meaning.
  expect(whole.every((cut) => cut >= bytes - 1)).toBe(true);
  expect(whole).toContain(bytes);
  recordFault(task, {
    id: "S7",
    injected: `a stream cut at each of ${bytes} bytes`,
    seen: `whole only from byte ${Math.min(...whole)} of ${bytes} on`,
  });
});

lab(
  "S19: a scan that is killed at any of its writes leaves a sound database, and is gone on with",
  { timeout },
  async ({ task }) => {
    await using stack = new AsyncDisposableStack();
    const hosts: HostileServer[] = [];
    for (let index = 0; index < KILLED_HOSTS; index++) hosts.push(stack.use(await startHealthy()));
    const targets = hosts.map(({ host, port }) => `root@${host}:${port}`);
    await using first = await makeReadyDesk();
    const writes = await countWrites(first, targets);
    const seen = new Map<string, number>();
    const killAt = async (nth: number) => {
      await using desk = await makeReadyDesk();
      await killScanAt(desk, targets, nth);
      const database = new Sqlite(desk.databasePath, { readonly: true });
      expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
      database.close();
      const { state, brokenAt, visited } = await goOn(desk);
      expect({ nth, brokenAt }).toEqual({ nth, brokenAt: null });
      if (state !== "not begun") expect(visited.size).toBe(targets.length);
      seen.set(state, (seen.get(state) ?? 0) + 1);
    };
    const all = Array.from({ length: writes }, (_, index) => index + 1);
    for (let from = 0; from < writes; from += AT_A_TIME)
      await Promise.all(all.slice(from, from + AT_A_TIME).map(killAt));
    recordFault(task, {
      id: "S19",
      injected: `strace SIGKILL at each of ${writes} writes`,
      seen: `sound; ${[...seen].map(([state, count]) => `${count} ${state}`).join(", ")}; all targets read in the end`,
    });
  },
);
