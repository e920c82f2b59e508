import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { recordFault } from "#testing/faults/fault-table.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { startProber } from "#testing/lab/prober.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makePlan, untilStill } from "#testing/runbooks/follow.ts";
import { killRunAt } from "#testing/runbooks/start-run-child.ts";

const run = promisify(execFile);
/** Latchkey is killed after its nth entry in the journal: here after some, in the long form after each. */
const MOMENTS = process.env.LATCHKEY_TEST_MOMENTS
  ? Array.from({ length: Number(process.env.LATCHKEY_TEST_MOMENTS) }, (_, index) => index + 1)
  : [8, 15];

test.skipIf(!canStartHosts())(
  "R1: a rotation that is killed at any step locks nobody out, and one resume or roll-back ends it",
  async ({ task }) => {
    await using desk = await makeDesk();
    const keyFile = join(desk.home, "retained");
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "retained", "-f", keyFile]);
    const retained = (await run("cat", [`${keyFile}.pub`])).stdout.trim();
    await using one = await startOne("one", desk, retained);
    await using two = await startOne("two", desk, retained);
    const hosts = [one, two];
    await scan(desk, hosts);
    await using prober = await startProber({ address: one.address, user: "deploy", keyFile });

    let killed = 0;
    for (const nth of MOMENTS) {
      const before = await Promise.all(hosts.map(readKeys));
      const planId = await planRotation(desk);
      const entries = await killRunAt(desk, planId, nth);
      if (entries !== null) break;
      killed++;
      const state = await goOn(desk, nth % 2 === 0 ? "rollBack" : "resume");
      const after = await Promise.all(hosts.map(readKeys));
      if (state === "rolled-back") expect(after).toEqual(before);
      else expect(state).toBe("committed");
      for (const keys of after) expect(keys.split("\n").filter((line) => line !== "")).toHaveLength(3);
      for (const host of hosts) expect(await host.run("find /home /root -name '*latchkey*'")).toBe("");
      expect((await run("ls", ["-A", join(desk.home, ".ssh")])).stdout).toBe("id_ed25519\nid_ed25519.pub\n");
    }
    expect(prober.failures).toEqual([]);
    expect(prober.logins()).toBeGreaterThan(killed);
    const seen = `all ended by one resume or roll-back; ${prober.logins()} logins with a retained key, none failed`;
    recordFault(task, { id: "R1", injected: `SIGKILL at ${killed} entries of the journal`, seen });
  },
);

const startOne = (name: string, desk: Desk, retained: string): Promise<LabHost> =>
  startHost({
    name,
    prepare: `${letIn(desk.publicKey)}\n${letIn(desk.publicKey, "deploy")}
      echo '${retained}' >> /home/deploy/.ssh/authorized_keys
      chown -R deploy:deploy /home/deploy/.ssh`,
  });

const readKeys = (host: LabHost): Promise<string> =>
  host.run("cat /root/.ssh/authorized_keys /home/deploy/.ssh/authorized_keys");

async function scan(desk: Desk, hosts: readonly LabHost[]): Promise<void> {
  await using app = desk.open();
  await scanAll(app, { text: hosts.map(({ address }) => `root@${address}`).join("\n"), acceptNew: true });
}

async function planRotation(desk: Desk): Promise<number> {
  await using app = desk.open();
  const { stdout } = await run("ssh-keygen", ["-l", "-f", join(desk.home, ".ssh/id_ed25519")]);
  return (await makePlan(app, { kind: "rotate-key", fingerprint: stdout.split(" ")[1] ?? "" })).id;
}

async function goOn(desk: Desk, how: "resume" | "rollBack"): Promise<string> {
  await using app = desk.open();
  const [last] = (await app.client.runbooks.list({})).rows;
  if (!last) throw new Error("no run was begun");
  if (last.state === "committed") return last.state;
  expect(last.state).toBe("interrupted");
  const { state, message } = await untilStill(app, async () => {
    await app.client.runbooks[how]({ runId: last.id });
    return last.id;
  });
  expect(message).toBe("");
  return state;
}
