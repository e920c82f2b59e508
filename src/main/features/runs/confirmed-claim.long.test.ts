import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { agreeTo, makePlan } from "#testing/runs/follow.ts";
import { readThere, writeThere } from "#testing/runs/offline-hosts.ts";

const KEY = "/home/deploy/.ssh/id_ed25519";
const GRANTS = "/home/deploy/.ssh/authorized_keys";

/** Runs a script there, and removes the host's signature from its result: a run without host keys has none. */
async function runUnsigned(host: LabHost, { text }: { text: string }): Promise<{ base64: string }> {
  await host.run("mkdir -p /root/stick && rm -f /root/stick/*");
  await writeThere(host, "/root/stick/script.sh", text);
  await host.run("cd /root/stick && printf 'yes\\nyes\\n' | sh ./script.sh");
  const result = await readThere(host, "/root/stick/latchkey-result-*.txt");
  const unsigned = result.toString("latin1").replace(/^signed .*\n/m, "");
  return { base64: Buffer.from(unsigned, "latin1").toString("base64") };
}

/** Prints a collector now, runs it on the host, and imports its bundle. */
async function bringBundle({ client }: App, host: LabHost): Promise<void> {
  const { script } = await client.bundles.issueCollector();
  await writeThere(host, "/root/stick/collect.sh", script);
  await host.run("sh /root/stick/collect.sh >/root/stick/bundle");
  const bundle = await readThere(host, "/root/stick/bundle");
  const taken = await client.bundles.import({ base64: bundle.toString("base64") });
  expect(taken).toMatchObject({ standing: { kind: "verified" } });
}

test.skipIf(!canStartHosts())(
  "unsigned results are claims, and scans and signed bundles of after them bring their run to its end",
  async () => {
    await using desk = await makeDesk();
    await using vault = await startHost({
      name: "vault",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "deploy")}
        su deploy -c 'ssh-keygen -q -t ed25519 -N "" -C deploy@vault -f ${KEY}' && rm ${GRANTS}`,
    });
    const line = (await vault.run(`cat ${KEY}.pub`)).trim();
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(line, "deploy")}\nchgrp deploy ${GRANTS}`,
    });
    // All that is requested within one second has the same time: so the clock moves on after each script.
    let aheadMs = 0;
    const { databasePath, workstation } = desk;
    const now = () => new Date(Date.now() + aheadMs);
    await using app = createApp({ databasePath, workstation, now });
    const scanVault = () => scanAll(app, { text: `root@${vault.address}`, acceptNew: true });
    await scanAll(app, { text: `root@${vault.address}\nroot@${web.address}`, acceptNew: true });
    const [fingerprint = ""] = (await vault.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
    const planned = await makePlan(app, { kind: "rotate-key", fingerprint });
    const planId = planned.id;
    const { runs } = app.client;
    const rounds: string[] = [];
    for (const _ of ["create-key", "grant", "install-key", "revoke", "finish"]) {
      const { files } = await runs.exportScripts({ planId, ...agreeTo(planned) });
      aheadMs += 1_000;
      for (const file of files) {
        const host = file.host === vault.address ? vault : web;
        rounds.push(`${host.name} ${file.phases.join(",")}`);
        const taken = await runs.importResult(await runUnsigned(host, file));
        expect(taken).toMatchObject({ verifiedBy: null, state: "waiting" });
        if (host === vault) await scanVault();
        else await bringBundle(app, web);
        const { claims } = await runs.find(taken);
        expect(claims).toMatchObject([
          { evaluation: { kind: "confirmed", by: host === vault ? "scan" : "bundle" } },
        ]);
      }
    }
    expect(rounds).toEqual([
      "vault create-key",
      "web grant",
      "vault install-key",
      "web grant,revoke,finish",
      "vault finish",
    ]);
    const { runId } = await runs.findPlan({ planId });
    await runs.resume({ runId: runId ?? 0 });
    const run = await runs.find({ runId: runId ?? 0 });
    expect(run).toMatchObject({ state: "committed", claims: [] });
    expect(
      run.stepList.every(({ state, message }) => state === "verified" && /confirmed by the/.test(message)),
    ).toBe(true);
    const made = (await vault.run(`ssh-keygen -y -f ${KEY}`)).split(" ").slice(0, 2).join(" ").trim();
    expect(run.newKey?.line).toBe(made);
    expect(await web.run(`cat ${GRANTS}`)).toContain(made);
  },
);
