import { expect, test } from "vitest";
import type { App } from "#app";
import type { PlanId } from "#shared/model/runs/plan.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { agreeTo, makePlan, untilStill } from "#testing/runs/follow.ts";
import { readThere, writeThere } from "#testing/runs/offline-hosts.ts";
import { makeRetainedKey, watchLogins } from "#testing/runs/watch-hosts.ts";

const KEY = "/home/deploy/.ssh/id_ed25519";
const GRANTS = "/home/deploy/.ssh/authorized_keys";

const MAKE_OLD = `su deploy -c 'ssh-keygen -q -t ed25519 -N "" -C deploy@vault -f ${KEY}'`;

/** Logs in as deploy, from that host to another by the key there, as a person who runs the script would try it. */
const logsIn = (from: LabHost, to: LabHost, key: string): Promise<string> =>
  from.run(`su deploy -c 'ssh -n -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i ${key} deploy@${to.address} echo in' 2>&1 || echo out`);

type Exported = Awaited<ReturnType<App["client"]["runs"]["exportScripts"]>>["files"][number];

/** Runs it there; returns its output, and its result. */
async function run(
  host: LabHost,
  { text }: Pick<Exported, "text">,
): Promise<{ said: string; result: string }> {
  await host.run("mkdir -p /root/stick && rm -f /root/stick/script.sh");
  await writeThere(host, "/root/stick/script.sh", text);
  const said = await host.run(
    "cd /root/stick && { printf 'yes\\nyes\\n' | sh ./script.sh 2>&1 || echo \"code $?\"; }",
  );
  const result = await readThere(host, "/root/stick/latchkey-result-*.txt");
  return { said, result: result.toString("base64") };
}

test.skipIf(!canStartHosts())(
  "a key that its own host holds is made there by the script, takes the old one's place, and its private key never leaves",
  async () => {
    await using desk = await makeDesk();
    const retained = await makeRetainedKey(desk.home);
    await using host = await startHost({
      name: "vault",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "deploy")}\n${MAKE_OLD}
        printf 'restrict,pty %s\\n%s\\n' "$(cat ${KEY}.pub)" '${retained.line}' >${GRANTS}
        chown deploy:deploy ${GRANTS} && chmod 600 ${GRANTS}`,
    });
    await using watched = await watchLogins([host], retained);
    await using app = desk.open();
    await scanAll(app, { text: `root@${host.address}`, acceptNew: true });
    const old = await host.run(`cat ${KEY}`);
    const [fingerprint = ""] = (await host.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
    const planned = await makePlan(app, { kind: "rotate-key", fingerprint });
    expect(planned.plan?.newKey).toMatchObject({ kind: "made-on-host", path: KEY });
    const { files } = await app.client.runs.exportScripts({ planId: planned.id, ...agreeTo(planned) });
    expect(files.map(({ phases }) => phases)).toEqual([
      ["create-key", "grant", "install-key", "revoke", "finish"],
    ]);

    const refused = await run(host, {
      text: files[0]?.text.replaceAll("read -r reply", "reply=no; false") ?? "",
    });
    expect(refused.said).toContain("rolled back: nobody confirmed that the login works");
    expect(await host.run(`cat ${KEY}; ls -A /home/deploy/.ssh; ls /root/stick`)).toMatch(
      new RegExp(
        `^${old.replaceAll("+", "\\+")}authorized_keys\nid_ed25519\nid_ed25519.pub\nlatchkey-result-\\w+.txt\nscript.sh\n$`,
      ),
    );
    await app.client.runs.importResult({ base64: refused.result });

    const { said, result } = await run(host, files[0] as Exported);
    expect(said).toContain("with the key /home/deploy/.ssh/id_ed25519.latchkey-new of this host");
    expect(said).not.toContain("code");
    expect(await host.run(`ls -A /home/deploy/.ssh; ls /root/stick; stat -c '%U %a' ${KEY}`)).toMatch(
      /^authorized_keys\nid_ed25519\nid_ed25519.pub\nlatchkey-result-\w+.txt\nscript.sh\ndeploy 600\n$/,
    );
    const made = (await host.run(`ssh-keygen -y -f ${KEY}`)).split(" ").slice(0, 2).join(" ").trim();
    expect(await host.run(`cat ${GRANTS}`)).toMatch(
      new RegExp(`^restrict,pty ${made.replaceAll("+", "\\+")} `),
    );
    expect(await host.run(`cat ${KEY}.pub`)).toContain(`${made} deploy@vault`);
    expect(await logsIn(host, host, KEY)).toBe("in\n");
    expect(Buffer.from(result, "base64").toString()).not.toContain("PRIVATE KEY");
    const taken = await app.client.runs.importResult({ base64: result });
    expect(taken).toMatchObject({ state: "committed", outcome: "committed" });
    const found = await app.client.runs.find({ runId: taken.runId });
    expect(found.newKey?.line).toBe(made);
    expect(found.stepList.every(({ state }) => state === "verified")).toBe(true);
    await watched.expectNobodyLockedOut();
  },
);

test.skipIf(!canStartHosts())(
  "over two hosts the key is made first, added everywhere next, then handed over, and old lines go last",
  async () => {
    await using desk = await makeDesk();
    await using vault = await startHost({
      name: "vault",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "deploy")}\n${MAKE_OLD}\nrm ${GRANTS}`,
    });
    const line = (await vault.run(`cat ${KEY}.pub`)).trim();
    const retained = await makeRetainedKey(desk.home);
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(`${line}\n${retained.line}`, "deploy")}\nchgrp deploy ${GRANTS}`,
    });
    await using watched = await watchLogins([web], retained);
    await using app = desk.open();
    await scanAll(app, { text: `root@${vault.address}\nroot@${web.address}`, acceptNew: true });
    const [fingerprint = ""] = (await vault.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
    const planned = await makePlan(app, { kind: "rotate-key", fingerprint });
    const planId = planned.id;
    const rounds: string[] = [];
    const seen: string[] = [];
    for (const _ of ["create-key", "grant", "install-key", "revoke", "finish"]) {
      const { files } = await app.client.runs.exportScripts({ planId, ...agreeTo(planned) });
      for (const file of files) {
        const host = file.host === vault.address ? vault : web;
        rounds.push(`${host.name} ${file.phases.join(",")}`);
        const { said, result } = await run(host, file);
        expect(said).not.toContain("code");
        seen.push((await app.client.runs.importResult({ base64: result })).state);
        expect(await logsIn(vault, web, KEY)).toBe("in\n");
      }
    }
    expect(rounds).toEqual([
      "vault create-key",
      "web grant",
      "vault install-key",
      "web grant,revoke,finish",
      "vault finish",
    ]);
    expect(seen).toEqual(["waiting", "waiting", "waiting", "waiting", "committed"]);
    expect(await vault.run("ls -A /home/deploy/.ssh; ls /root/stick | wc -l")).toBe(
      "id_ed25519\nid_ed25519.pub\n2\n",
    );
    expect(await web.run(`grep -c . ${GRANTS}; ls -A /home/deploy/.ssh`)).toBe("2\nauthorized_keys\n");
    await watched.expectNobodyLockedOut();
    await expect(app.client.runs.exportScripts({ planId })).rejects.toThrow("nothing of plan");
    await refusesLive(app, planId);
  },
);

test.skipIf(!canStartHosts())(
  "where an account is left out the old private key stays, is listed, and goes by one command, or by what is printed for its host",
  async () => {
    await using desk = await makeDesk();
    const evil = "/home/eve/.ssh";
    await using host = await startHost({
      name: "vault",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "deploy")}\n${letIn("", "eve")}\n${MAKE_OLD}
        cp ${KEY}.pub ${GRANTS}; cp ${KEY}.pub ${evil}/authorized_keys
        chown -R deploy:deploy /home/deploy/.ssh; chown -R eve:eve ${evil}; chmod 600 ${GRANTS} ${evil}/authorized_keys`,
    });
    await using app = desk.open();
    const { runs } = app.client;
    await scanAll(app, { text: `root@${host.address}`, acceptNew: true });
    const old = await host.run(`cat ${KEY}`);
    const [fingerprint = ""] = (await host.run(`ssh-keygen -lf ${KEY}`)).match(/SHA256:\S+/) ?? [];
    const planned = await makePlan(app, { kind: "rotate-key", fingerprint });
    const { files } = await runs.exportScripts({ planId: planned.id, ...agreeTo(planned) });
    await host.run(`su eve -c 'mkdir -m 700 ${evil}/.latchkey; touch ${evil}/.latchkey/lock-1'`);
    const { said, result } = await run(host, files[0] as Exported);
    expect(said).toContain(
      `left out: ${evil}/authorized_keys has a .latchkey beside it that no run has made`,
    );
    const taken = await runs.importResult({ base64: result });
    expect(taken).toMatchObject({ state: "committed", leftOut: [`${evil}/authorized_keys`] });
    const { runId } = taken;
    const { kept, removeKept } = await runs.find({ runId });
    expect(kept).toMatchObject([{ host: host.address, port: 22, path: KEY }]);
    const [path = ""] = kept.map((one) => one.kept);
    expect(await host.run(`cat ${path}`)).toBe(old);

    const byHand = removeKept.filter((line) => !line.startsWith("ssh ")).join("\n");
    await host.run(
      `mv ${path} /home/deploy/aside; echo precious >/etc/precious; ln -s /etc/precious ${path}`,
    );
    await host.run(
      `(\n${byHand}\n) || true; test -L ${path}; mv /home/deploy/aside ${path}; cp -p ${path} /root/copy`,
    );
    expect(await host.run("cat /etc/precious")).toBe("precious\n");
    await host.run(byHand);
    expect(await host.run("ls -A /home/deploy/.ssh")).toBe("authorized_keys\nid_ed25519\nid_ed25519.pub\n");
    await host.run(`cp -p /root/copy ${path}`);
    const ended = await untilStill(app, async () => {
      await runs.resume({ runId, removesOld: true });
      return runId;
    });
    expect(ended).toMatchObject({ state: "committed", kept: [], removeKept: [] });
    expect(ended.message).toContain(`${evil}/authorized_keys`);
    expect(await host.run("ls -A /home/deploy/.ssh")).toBe("authorized_keys\nid_ed25519\nid_ed25519.pub\n");
    await expect(runs.resume({ runId, removesOld: true })).rejects.toThrow("keeps no old private key");
    // A folder that only has its name is no old key: the result still counts as done.
    await host.run(`install -d -o deploy -g deploy ${path}`);
    const again = await run(host, files[0] as Exported);
    expect(await runs.importResult({ base64: again.result })).toMatchObject({ state: "committed" });
    expect(await runs.find({ runId })).toMatchObject({ kept: [], removeKept: [] });
  },
);

async function refusesLive({ client }: App, planId: PlanId): Promise<void> {
  const { runId } = await client.runs.findPlan({ planId });
  await expect(client.runs.resume({ runId: runId ?? 0 })).rejects.toThrow("is executed offline");
  await expect(client.runs.rollBack({ runId: runId ?? 0 })).rejects.toThrow("is executed offline");
}
