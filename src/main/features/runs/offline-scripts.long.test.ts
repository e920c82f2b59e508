import { rm } from "node:fs/promises";
import { kill } from "node:process";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { agreeTo, carryOut, makePlan } from "#testing/runs/follow.ts";
import { writeThere } from "#testing/runs/offline-hosts.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const FILE = "/home/deploy/.ssh/authorized_keys";

const readFileOf = (host: LabHost): Promise<string> =>
  host.run(`base64 -w0 ${FILE}; stat -c ' %U:%G %a' ${FILE}; ls -A /home/deploy/.ssh`);

/** Runs a script there while its sshd accepts no login; returns the result that it wrote. */
async function carryThere(host: LabHost, script: string): Promise<Buffer> {
  kill(host.pid, "SIGSTOP");
  try {
    await host.run("mkdir /root/carried");
    await writeThere(host, "/root/carried/script.sh", script);
    await host.run("cd /root/carried && printf 'yes\\nyes\\nyes\\n' | sh ./script.sh");
  } finally {
    kill(host.pid, "SIGCONT");
  }
  return Buffer.from(await host.run("base64 -w0 /root/carried/latchkey-result-*.txt"), "base64");
}

test.skipIf(!canStartHosts())(
  "a plan that scripts execute on a host which nobody can reach ends there as a run ends, and what its script wrote closes the run",
  async () => {
    await using desk = await makeDesk();
    await using away = await makeDesk();
    const make = (name: string) =>
      makeKeyFile(`${desk.home}/.ssh`, name, ["-t", "ed25519", "-N", "", "-C", name]);
    const [old, given] = [await make("old"), await make("given")];
    const retained = await makeRetainedKey(desk.home);
    const prepare = `${letIn(`${desk.publicKey}\n${away.publicKey}`)}\n${letIn("", "deploy")}
      printf '# kept\\r\\nfrom="127.0.0.0/8" %s\\n%s\\r\\nrestrict %s' '${old.publicLine.trim()}' '${retained.line}' '${old.publicLine.trim()}' > ${FILE}
      chown -R deploy:deploy /home/deploy/.ssh && chmod 640 ${FILE}`;
    await using live = await startHost({ name: "live", prepare });
    await using far = await startHost({ name: "far", prepare });
    await using watched = await watchLogins([live, far], retained);
    await using app = desk.open();
    await using farApp = away.open();
    await scanAll(app, { text: `root@${live.address}`, acceptNew: true });
    await scanAll(farApp, { text: `root@${far.address}`, acceptNew: true });
    await rm(old.path);

    const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint };
    expect(await carryOut(app, { ...request, newKey: given.path })).toMatchObject({
      message: "",
      state: "committed",
    });

    const planned = await makePlan(farApp, { ...request, newKey: given.publicLine });
    const planId = planned.id;
    const { files } = await farApp.client.runs.exportScripts({ planId, ...agreeTo(planned) });
    expect(files.map(({ name }) => name)).toEqual([`${far.address}-22.sh`]);
    await watched.expectNobodyLockedOut();
    watched.fault.begins();
    const result = await carryThere(far, files[0]?.text ?? "");
    watched.fault.ends();
    await watched.expectNobodyLockedOut();
    expect(await readFileOf(far)).toBe(await readFileOf(live));

    const take = (bytes: Buffer) => farApp.client.runs.importResult({ base64: bytes.toString("base64") });
    const altered = Buffer.from(
      result.toString("latin1").replace("outcome committed", "outcome failed"),
      "latin1",
    );
    await expect(take(altered)).rejects.toThrow("digest does not fit");
    expect((await farApp.client.runs.list({})).total).toBe(0);
    const taken = await take(result);
    expect(taken).toMatchObject({ state: "committed", outcome: "committed", host: far.address });
    const run = await farApp.client.runs.find({ runId: taken.runId });
    expect(run).toMatchObject({ planId, state: "committed", failed: 0 });
    expect(run.stepList.every(({ state }) => state === "verified")).toBe(true);
  },
);
