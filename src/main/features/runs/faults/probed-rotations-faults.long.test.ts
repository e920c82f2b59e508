import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, makeDesk } from "#testing/lab/desk.ts";
import { type FileProber, startFileProber } from "#testing/lab/prober.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { killRunAt } from "#testing/runs/start-run-child.ts";
import { type ProbedHosts, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

/** Every other one is killed, each after another journal entry. */
const ROTATIONS = Number(process.env.LATCHKEY_TEST_ROTATIONS ?? 100);
/**
 * A rotation of one host with a private key here and there has more entries than this; after the last the kills begin
 * again.
 */
const ENTRIES = 30;
const HELD = "/home/deploy/.ssh/id";

test.skipIf(!canStartHosts())(
  "R1: who logs in by the rotated key's own files, here and on a host, and who by another key is let in through all rotations, half of them killed",
  { timeout: 4 * 3_600_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    const own = join(desk.home, ".ssh/id_ed25519");
    const half = await readFile(own, "utf8");
    await using probed = await startProbedHosts(desk, {
      prepare: `printf '%s' '${half}' > ${HELD}; echo '${desk.publicKey}' > ${HELD}.pub; chmod 600 ${HELD}`,
    });
    const [web] = probed.hosts;
    await using child = await bundleRunChild();
    const where = { address: web.address, user: "deploy" };
    await using here = startFileProber({ ...where, keyFile: own });
    await using there = startFileProber({ ...where, keyFile: HELD, before: asDeployIn(web) });
    const clean = await list(desk, probed);

    let killed = 0;
    for (let round = 0; round < ROTATIONS; round++) {
      const isKilled = round % 2 === 1;
      const nth = isKilled ? 1 + ((((round - 1) / 2) * 7) % ENTRIES) : null;
      const wasKilled = await rotate(desk, probed, child.script, nth);
      if (wasKilled) killed++;
      await untilProbed([here, there]);
      expect({ round, nth, ...(await list(desk, probed)) }).toEqual({ round, nth, ...clean });
      expect({ round, nth, here: here.failures, there: there.failures }).toEqual({
        round,
        nth,
        here: [],
        there: [],
      });
    }
    const seen = `${here.logins()} logins by the file here, ${there.logins()} by the file there, with its public half beside it, 0 failed; nothing left; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, {
      id: "R1",
      injected: `${ROTATIONS} rotations of one key, ${killed} of them killed`,
      seen,
    });
  },
);

/** Returns whether the run was killed before its end; it has ended now. */
async function rotate(desk: Desk, probed: ProbedHosts, script: string, nth: number | null): Promise<boolean> {
  const planned = await (async () => {
    await using app = desk.open();
    const detail = await planOwnKey(app, desk, probed.hosts);
    if (nth !== null) return detail;
    expect(await carryOut(app, detail)).toMatchObject({ state: "committed", message: "" });
    return null;
  })();
  if (planned === null || nth === null) return false;
  if ((await killRunAt({ desk, planId: planned.id, script }, nth)) !== null) return false;
  await using app = desk.open();
  const [last] = (await app.client.runs.list({})).rows;
  if (!last) throw new Error("no run was begun");
  const run =
    last.state === "committed"
      ? last
      : await untilStill(app, async () => {
          await app.client.runs.resume({ runId: last.id });
          return last.id;
        });
  expect({ nth, state: run.state, message: run.message }).toEqual({ nth, state: "committed", message: "" });
  return true;
}

/** What lies beside the key in both its locations, and every file of ours on the host, by its name. */
const list = async ({ home }: Desk, { hosts: [web], listStrays }: ProbedHosts) => ({
  here: (await readdir(join(home, ".ssh"))).sort(),
  there: await web.run("ls -A /home/deploy/.ssh"),
  strays: await listStrays(web),
});

/** Waits until each has logged in once more. */
async function untilProbed(probers: readonly FileProber[]): Promise<void> {
  const before = probers.map((prober) => prober.logins() + prober.failures.length);
  while (probers.some((prober, index) => prober.logins() + prober.failures.length < (before[index] ?? 0) + 2))
    await pause(50);
}

const asDeployIn = ({ pid }: LabHost): string[] => [
  "nsenter",
  "-t",
  String(pid),
  "-m",
  "-n",
  "-p",
  "-u",
  "-r",
  "-w",
  "setpriv",
  "--reuid",
  "deploy",
  "--regid",
  "deploy",
  "--init-groups",
];
