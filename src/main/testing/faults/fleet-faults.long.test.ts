/** A whole fleet behind jump hosts, three of them hostile: what they cost the others, and the wall-clock time. */
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { Probe } from "#shared/model/hosts/probe.ts";
import { type Desk, listProbes, makeDesk } from "#testing/lab/desk.ts";
import { describeFleet, type Fleet, startFleet } from "#testing/lab/fleet.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { recordFault } from "./fault-table.ts";

/**
 * Enough that a clean scan takes several times as long as one host may hang: then the difference is what a hostile host
 * costs the others.
 */
const HEALTHY = 90;
const HOSTILE = [
  { name: "flood", command: "cat /dev/zero", outcome: "flooded" },
  { name: "hang", command: "sleep 1000", outcome: "timed-out" },
  { name: "forger", command: "sh -s | sed s/hostname:[a-z]*/hostname:bank/", outcome: "truncated" },
];
const ROUNDS = 3;
const MOST_RATIO = 1.2;

type Run = { probes: Map<string, Probe>; seconds: number };

/** One scan of everything in ssh_config, by the program itself, from the office, into one database. */
async function scanFleet(desk: Desk, fleet: Fleet, hosts: readonly LabHost[]): Promise<Run> {
  await describeFleet(desk, fleet, hosts);
  const begun = performance.now();
  const args = ["scan", "--from-ssh-config", "--accept-new", "--json"];
  const ended = await desk.latchkey(args, { before: fleet.office.enter });
  const seconds = (performance.now() - begun) / 1_000;
  expect(ended).toMatchObject({ code: 0, err: "" });
  await using app = createApp({ databasePath: desk.databasePath, access: "read" });
  const probes = await listProbes(app.client, JSON.parse(ended.out).scanId);
  return { probes: new Map(probes.map((probe) => [probe.target.host, probe])), seconds };
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

test.runIf(canStartHosts())(
  "S8: a fleet behind jump hosts is read whole beside three hostile hosts, which are named and hold up nobody",
  { timeout: 1_800_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using fleet = await startFleet(desk, { healthy: HEALTHY, hostile: HOSTILE });
    const healthy = fleet.hosts.slice(0, HEALTHY);
    const mixed = healthy.toSpliced(Math.floor(HEALTHY / 3), 0, ...fleet.hosts.slice(HEALTHY));
    const readable = [...healthy, ...fleet.jumpHosts].map(({ name }) => name);
    const outcomes = ({ probes }: Run, names: readonly string[]) =>
      names.map((name) => probes.get(name)?.outcome);
    const collected = readable.map(() => "collected");
    const seconds: { clean: number[]; troubled: number[] } = { clean: [], troubled: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const clean = await scanFleet(desk, fleet, healthy);
      expect(outcomes(clean, readable)).toEqual(collected);
      const troubled = await scanFleet(desk, fleet, mixed);
      expect(outcomes(troubled, readable)).toEqual(collected);
      const names = HOSTILE.map(({ name }) => name);
      expect(outcomes(troubled, names)).toEqual(HOSTILE.map(({ outcome }) => outcome));
      seconds.clean.push(clean.seconds);
      seconds.troubled.push(troubled.seconds);
    }
    for (const host of [...fleet.hosts, ...fleet.jumpHosts])
      expect(await host.run("cat /var/log/auth.log")).not.toMatch(/penalty/i);

    const [clean, troubled] = [median(seconds.clean), median(seconds.troubled)];
    recordFault(task, {
      id: "S8",
      injected: `${HEALTHY} hosts behind 2 jump hosts, and a flood, a hang, a forger`,
      seen: `${clean.toFixed(1)} s without, ${troubled.toFixed(1)} s with them (x${(troubled / clean).toFixed(2)}); 0 penalties`,
    });
    expect(troubled / clean).toBeLessThanOrEqual(MOST_RATIO);
  },
);
