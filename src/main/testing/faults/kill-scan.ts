/** Kills a scan at a write of its database, and inspects what is left. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Desk, listProbes, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { type Ended, startChild } from "./child.ts";

/** The calls that make the database durable: a killed scan can stop at each of them. */
const CALLS = "pwrite64,fdatasync,fsync,ftruncate";

/** A workstation whose database exists already, so that all further writes are the scan's. */
export async function makeReadyDesk(): Promise<Desk> {
  const desk = await makeDesk();
  await using _ = desk.open();
  return desk;
}

/** The strace command that runs the scan: it traces the calls above on the database's files only. */
const traceDatabase = ({ databasePath }: Desk, more: readonly string[]): string[] => [
  "strace",
  "-f",
  "-qq",
  "-P",
  databasePath,
  "-P",
  `${databasePath}-wal`,
  "-e",
  `trace=${CALLS}`,
  "-e",
  "signal=none",
  ...more,
];

/** How many times a scan of these targets writes to its database. */
export async function countWrites(desk: Desk, targets: readonly string[]): Promise<number> {
  const log = join(desk.home, "writes");
  await scan(desk, targets, traceDatabase(desk, ["-o", log]));
  return (await readFile(log, "utf8")).split("\n").filter((line) => / = \d+$/.test(line)).length;
}

/** Runs a scan that is killed at its nth write, or ends before. */
export const killScanAt = (desk: Desk, targets: readonly string[], nth: number) =>
  scan(
    desk,
    targets,
    traceDatabase(desk, ["-o", "/dev/null", "-e", `inject=${CALLS}:signal=SIGKILL:when=${nth}`]),
  );

const scan = (desk: Desk, targets: readonly string[], before: readonly string[]) =>
  desk.latchkey(["scan", "--accept-new", ...targets], { before });

/** Opens the database after a kill and scans what is left. Returns the state of the killed scan. */
export async function goOn(
  desk: Desk,
): Promise<{ state: string; brokenAt: number | null; visited: Set<string> }> {
  await using app = desk.open();
  const { rows } = await app.client.scans.list({});
  const [killed] = rows;
  const state = killed?.state ?? "not begun";
  // A scan that had only its end left to write has probed everything.
  const left = killed ? killed.total - killed.ok - killed.partial - killed.failed : 0;
  const { brokenAt } = await app.client.auditLog.verify();
  if (state === "interrupted" && left > 0)
    await scanAll(app, { text: "", again: "unfinished", acceptNew: true });
  const scans = (await app.client.scans.list({})).rows;
  const probes = await Promise.all(scans.map(({ id }) => listProbes(app.client, id)));
  const ok = probes.flat().filter((probe) => probe.state === "ok");
  return { state, brokenAt, visited: new Set(ok.map(({ target }) => `${target.host}:${target.port}`)) };
}

type Child = { script: string; env: Readonly<Record<string, string>> };

/** A moment at which a child is killed: before its nth call of one kind is made. */
export type Moment = { call: string; nth: number };

/** The calls by which a process changes files permanently, and those by which it ensures that they are on disk. */
const SWEPT_CALLS = ["pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "link", "unlink"];

const strace = (...args: string[]): string[] => [
  "strace",
  "-f",
  "-qq",
  "-e",
  `trace=${SWEPT_CALLS.join(",")}`,
  ...args,
];

/** Runs a child to its end and lists every moment at which it could have been killed, in order. */
export async function findMoments(child: Child, folder: string): Promise<Moment[]> {
  const file = join(folder, "calls");
  const { code, complaints } = await startChild({ ...child, under: strace("-o", file) }).ended;
  if (code !== 0) throw new Error(`the child failed: ${complaints}`);
  const calls = (await readFile(file, "utf8")).matchAll(/^(\d+) +(\w+)\(/gm);
  // Only its first thread writes the database; strace counts for each thread and call.
  const counts = new Map<string, number>();
  let first: string | undefined;
  const moments: Moment[] = [];
  for (const [, thread, call = ""] of calls) {
    first ??= thread;
    if (thread !== first) continue;
    const nth = (counts.get(call) ?? 0) + 1;
    counts.set(call, nth);
    moments.push({ call, nth });
  }
  return moments;
}

/** At most `count` of the moments, evenly spaced, with the first and the last. */
export const pick = (moments: readonly Moment[], count: number): Moment[] =>
  moments.length <= count
    ? [...moments]
    : Array.from({ length: count }, (_, index) =>
        Math.round((index * (moments.length - 1)) / (count - 1)),
      ).flatMap((index) => moments[index] ?? []);

/** Kills a child at that moment, as a power switch does to a process. */
export async function killAt({ call, nth }: Moment, child: Child): Promise<Ended> {
  const kill = ["-e", `inject=${call}:signal=SIGKILL:when=${nth}`, "-o", "/dev/null"];
  return await startChild({ ...child, under: strace(...kill) }).ended;
}
