/** Kills a scan at a write of its database, and looks at what is left. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Desk, listProbes, makeDesk, scanAll } from "#testing/lab/desk.ts";

/** What makes the database durable: each is a place where a killed scan can stop. */
const CALLS = "pwrite64,fdatasync,fsync,ftruncate";

/** A workstation whose database is there already, so that what is written is the scan's alone. */
export async function makeReadyDesk(): Promise<Desk> {
  const desk = await makeDesk();
  await using _ = desk.open();
  return desk;
}

/** strace, to stand before the scan: of the calls above only those on the database's files. */
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

/** Runs a scan that dies in its nth write, at the latest when it ends. */
export const killScanAt = (desk: Desk, targets: readonly string[], nth: number) =>
  scan(
    desk,
    targets,
    traceDatabase(desk, ["-o", "/dev/null", "-e", `inject=${CALLS}:signal=SIGKILL:when=${nth}`]),
  );

const scan = (desk: Desk, targets: readonly string[], before: readonly string[]) =>
  desk.latchkey(["scan", "--accept-new", ...targets], { before });

/** Opens the database after a kill and scans what is left. Answers with what became of the killed scan. */
export async function goOn(
  desk: Desk,
): Promise<{ state: string; brokenAt: number | null; visited: Set<string> }> {
  await using app = desk.open();
  const { rows } = await app.client.scans.list({});
  const [killed] = rows;
  const state = killed?.state ?? "not begun";
  // One that had only its end left to write has visited everything.
  const left = killed ? killed.total - killed.ok - killed.partial - killed.failed : 0;
  const { brokenAt } = await app.client.activity.verify();
  if (state === "interrupted" && left > 0)
    await scanAll(app, { text: "", again: "unfinished", acceptNew: true });
  const scans = (await app.client.scans.list({})).rows;
  const probes = await Promise.all(scans.map(({ id }) => listProbes(app.client, id)));
  const ok = probes.flat().filter((probe) => probe.state === "ok");
  return { state, brokenAt, visited: new Set(ok.map(({ target }) => `${target.host}:${target.port}`)) };
}
