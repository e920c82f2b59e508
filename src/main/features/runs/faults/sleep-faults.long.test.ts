import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { standStillAfter, untilEnded, untilTrue } from "#testing/runs/start-run-child.ts";
import { FILE, openMeddled, runAtOnce, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

test.skipIf(!canStartHosts())(
  "R18: a Latchkey that has slept while the host took its change back says so, and the next try ends it",
  async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk);
    await using child = await bundleRunChild();
    const [web] = probed.hosts;
    const before = await probed.readKeys(web);
    const planId = await (async () => {
      await using app = desk.open();
      return (await planOwnKey(app, desk, probed.hosts, { rollbackAfterSeconds: 30 })).id;
    })();
    const file = `${web.root}${FILE}`;
    const old = await readFile(file);
    const isBack = async () => old.equals(await readFile(file));
    await standStillAfter(
      { desk, planId, file, script: child.script },
      { strike: async () => void (await untilTrue(isBack)), watch: untilEnded },
    );

    await using app = desk.open();
    const [slept] = (await app.client.runs.list({})).rows;
    if (!slept) throw new Error("no run was begun");
    expect(slept.state).toBe("stopped");
    expect(slept.message).toContain("rolled back");
    expect(await probed.readKeys(web)).toBe(before);
    expect(await probed.listStrays(web)).toBe("");
    const ended = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: slept.id });
      return slept.id;
    });
    expect(ended).toMatchObject({ message: "", state: "committed" });
    expect(await probed.readKeys(web)).not.toContain(desk.publicKey);
    recordFault(task, {
      id: "R18",
      injected: "SIGSTOP of Latchkey over the dead-man's time",
      seen: `${slept.message}; ${await probed.expectNobodyLockedOut()}`,
    });
  },
);

/** The test cannot set this machine's clock: so the host's `date` returns a shifted time. */
const SHIFTED_CLOCK = `
  mv /usr/bin/date /usr/bin/kept-date; echo now > /run/clock
  printf '#!/bin/sh\\nexec /usr/bin/kept-date -d "$(cat /run/clock)" "$@"\\n' > /usr/bin/date; chmod 755 /usr/bin/date`;

const YEAR_MS = 365 * 86_400_000;

const JUMPS = (["the host's", "Latchkey's own"] as const).flatMap((whose) => [
  { whose, way: "forward", words: "+1 year", ms: YEAR_MS },
  { whose, way: "back", words: "-1 year", ms: -YEAR_MS },
]);

for (const { whose, way, words, ms } of JUMPS)
  test.skipIf(!canStartHosts())(
    `R18: a run in which ${whose} clock jumps ${way} a year ends as if it had not`,
    async ({ task }) => {
      await using desk = await makeDesk();
      await using probed = await startProbedHosts(desk, { prepare: SHIFTED_CLOCK });
      const [web] = probed.hosts;
      let shift = 0;
      const jump = () => {
        if (whose === "the host's") runAtOnce(web, `echo '${words}' > /run/clock`);
        else shift = ms;
      };
      const steps = [jump, () => undefined];
      await using app = openMeddled(desk, { host: web, path: FILE, steps, shiftMs: () => shift });
      const ended = await carryOut(app, await planOwnKey(app, desk, probed.hosts));
      expect(ended).toMatchObject({ message: "", state: "committed" });
      expect(await probed.readKeys(web)).not.toContain(desk.publicKey);
      expect(await probed.listStrays(web)).toBe("");
      const seen = `committed; ${await probed.expectNobodyLockedOut()}`;
      recordFault(task, { id: "R18", injected: `${whose} clock ${way} a year after a write`, seen });
    },
  );
