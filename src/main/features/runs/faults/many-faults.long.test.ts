/** One host of many fails. */
import { expect, test } from "vitest";
import type { App } from "#app";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { type ProbedHosts, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

/** Nobody can replace a mount point. For an ordinary account's file that would stop that account's part alone. */
const ROOTS = "/root/.ssh/authorized_keys";
const BREAK = `mount --bind ${ROOTS} ${ROOTS}`;
const MEND = `umount ${ROOTS}`;

type Case = {
  /** Which host fails, in the order of the plan. */
  broken: number;
  options: { maxFailures?: number };
  /** The state of each host's step, in that order. */
  states: string[];
};

const CASES: Case[] = [
  { broken: 2, options: {}, states: ["verified", "verified", "failed", "planned"] },
  { broken: 2, options: { maxFailures: 2 }, states: ["verified", "verified", "failed", "verified"] },
  { broken: 0, options: { maxFailures: 10 }, states: ["failed", "planned", "planned", "planned"] },
];

test.skipIf(!canStartHosts())(
  "R20: where one host of many fails, no more are begun than may be, each is told as it stands, and a resume ends it",
  { timeout: 1_800_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two", "three", "four"] });
    await using app = desk.open();
    for (const { broken, options, states } of CASES) {
      const request = { batchSize: 1, ...options };
      const planned = await planOwnKey(app, desk, probed.hosts, request);
      const order = planned.plan?.hosts.map(({ host }) => hostAt(probed, host)) ?? [];
      const before = await Promise.all(order.map(probed.readKeys));
      const failing = order[broken] ?? probed.hosts[0];
      await failing.run(BREAK);
      const stopped = await carryOut(app, planned);
      expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
      expect(stopped.message).toMatch(new RegExp(`^${failing.address}: .*${ROOTS}`));
      expect(order.map(({ address }) => stateAt(stopped, address))).toEqual(states);
      const after = await Promise.all(order.map(probed.readKeys));
      for (const [index, state] of states.entries()) {
        if (state !== "verified") expect(after[index]).toBe(before[index]);
        // Both lines at each of the two accounts, and the retained one.
        else expect(after[index]?.trim().split("\n")).toHaveLength(5);
      }
      await failing.run(MEND);
      expect(await resume(app, stopped)).toMatchObject({ message: "", state: "committed" });
      for (const host of order) expect(await probed.listStrays(host)).toBe("");
    }
    for (const host of probed.hosts) expect(await probed.readKeys(host)).not.toContain(desk.publicKey);
    const seen = `stopped at the canary, at 1 and after 2 failures, the others consistent, then committed; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R20", injected: "a file that nobody can replace on one of 4 hosts", seen });
  },
);

function hostAt({ hosts }: ProbedHosts, address: string): LabHost {
  const found = hosts.find((host) => host.address === address);
  if (!found) throw new Error(`${address} is no host of ours`);
  return found;
}

const stateAt = ({ stepList }: RunDetail, address: string) =>
  stepList.find(({ phase, host }) => phase === "grant" && host === address)?.state;

const resume = (app: App, { id: runId }: RunDetail) =>
  untilStill(app, async () => {
    await app.client.runs.resume({ runId });
    return runId;
  });
