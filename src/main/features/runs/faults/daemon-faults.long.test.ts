/** sshd itself fails between a write and its verification. */
import { expect, test } from "vitest";
import { assertNever } from "#shared/model/assert-never.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { FILE, openMeddled, runAtOnce, startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const lab = test.skipIf(!canStartHosts());

/** The port of an sshd that may end without its host. */
const PORT = 2222;
const startSecond = (address: string, port = PORT) =>
  `/usr/sbin/sshd -o ListenAddress=${address} -o Port=${port} -o PidFile=/run/second.pid -o PerSourcePenalties=no
  until [ -s /run/second.pid ]; do :; done`;

type Act = "stop" | "go on" | "crash" | "start" | "move";

/** All acts of a step happen at once, as soon as the file has changed. */
const DAEMON_FAULTS: { fault: string; steps: Act[][]; mends: Act[]; ends: "committed" | "taken back" }[] = [
  { fault: "SIGSTOP", steps: [["stop"], ["go on"]], mends: [], ends: "taken back" },
  { fault: "SIGKILL", steps: [["crash"], ["start"]], mends: [], ends: "taken back" },
  { fault: "SIGKILL, started at once", steps: [["crash", "start"]], mends: [], ends: "committed" },
  {
    fault: "moved to another port",
    steps: [["crash", "move"]],
    mends: ["crash", "start"],
    ends: "taken back",
  },
];

for (const { fault: name, steps, mends, ends } of DAEMON_FAULTS)
  lab(`R9: where sshd fails once a file is written (${name}), the change is ${ends}`, async ({ task }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      port: PORT,
      begin: (host) => host.run(startSecond(host.address)),
    });
    const { fault, readKeys } = probed;
    const [web] = probed.hosts;
    const before = await readKeys(web);
    const act = (what: Act) => {
      if (what !== "go on" && what !== "start") fault.begins();
      runAtOnce(web, scriptOf(what, web.address));
      if (what === "go on" || what === "start") fault.ends();
    };
    const meddling = steps.map((acts) => () => acts.forEach(act));
    await using app = openMeddled(desk, { host: web, path: FILE, steps: meddling });
    const places = [{ address: web.address, port: PORT }];
    const first = await carryOut(app, await planOwnKey(app, desk, places, { rollbackAfterSeconds: 30 }));
    if (ends === "committed") expect(first).toMatchObject({ message: "", state: "committed" });
    else {
      expect(first).toMatchObject({ state: "stopped", failed: 1 });
      expect(first.message).toContain("it was rolled back");
      expect(await readKeys(web)).toBe(before);
      mends.forEach(act);
      const again = await untilStill(app, async () => {
        await app.client.runs.resume({ runId: first.id });
        return first.id;
      });
      expect(again).toMatchObject({ message: "", state: "committed" });
    }
    expect(await readKeys(web)).not.toContain(desk.publicKey);
    expect(await probed.listStrays(web)).toBe("");
    const seen = `${first.message || "waited for, and committed"}; ${await probed.expectNobodyLockedOut()}`;
    recordFault(task, { id: "R9", injected: `${name} of sshd after a write`, seen });
  });

function scriptOf(what: Act, address: string): string {
  switch (what) {
    case "stop":
      return "kill -STOP $(cat /run/second.pid)";
    case "go on":
      return "kill -CONT $(cat /run/second.pid)";
    case "crash":
      return "kill -9 $(cat /run/second.pid) && rm /run/second.pid";
    case "start":
      return startSecond(address);
    case "move":
      return startSecond(address, PORT + 1);
    default:
      return assertNever(what);
  }
}
