import { describe, expect, test } from "vitest";
import { readResult } from "#domain/runs/offline/result.ts";
import { UNSIGNED_SCRIPTS } from "#shared/model/runs/offline-script.ts";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import {
  endScript,
  GRANTS,
  KEY,
  layScript,
  logsInByKey,
  planVault,
  readVault,
  resultOn,
  runScript,
  startVault,
} from "#testing/runs/offline-hosts.ts";
import { watchLogins } from "#testing/runs/watch-hosts.ts";

describe.runIf(canStartHosts())("an offline script that makes the key", () => {
  test("asks for a login by the new key again where it was ended while it asked, and commits the same once more", async () => {
    await using desk = await makeDesk();
    await using host = await startVault(desk);
    await using app = desk.open();
    const planId = await planVault(app, host);
    const { files } = await app.client.runs.exportScripts({
      planId,
      acknowledgements: [UNSIGNED_SCRIPTS],
    });
    await layScript(host, files[0]?.text ?? "");
    const before = await readVault(host);

    await endScript(host, "Does the login work");
    // As an interrupted installation leaves it.
    await host.run(`mv ${KEY}.pub ${KEY}.latchkey-old.pub`);
    const refused = await runScript(host, "no\\n");
    expect(refused).toContain(`with the key ${KEY}.latchkey-new of this host`);
    expect(refused).toContain("code 1");
    expect(await readVault(host)).toBe(before);
    expect(readResult(await resultOn(host))).toMatchObject({ outcome: "rolled-back", newKey: null });

    await endScript(host, "Does the login work");
    const said = await runScript(host, "yes\\nyes\\n");
    expect(said.match(/with the key \S+ of this host/g)).toEqual([
      `with the key ${KEY}.latchkey-new of this host`,
      `with the key ${KEY} of this host`,
    ]);
    expect(said).toContain("code 0");
    const [after, result] = [await readVault(host), readResult(await resultOn(host))];
    expect(await runScript(host, "")).toContain("code 0");
    expect(readResult(await resultOn(host))).toMatchObject({
      outcome: "committed",
      newKey: typeof result === "string" ? result : result.newKey,
    });
    expect(await readVault(host)).toBe(after);
    await host.expectNobodyLockedOut();
  });

  test("leaves alone the new half that another run has made in the same place", async () => {
    await using desk = await makeDesk();
    await using host = await startVault(desk);
    await using app = desk.open();
    const planId = await planVault(app, host);
    const { files } = await app.client.runs.exportScripts({
      planId,
      acknowledgements: [UNSIGNED_SCRIPTS],
    });
    await layScript(host, files[0]?.text ?? "");
    await host.run(`echo theirs >${KEY}.latchkey-new && chown deploy: ${KEY}.latchkey-new`);
    const before = await readVault(host);
    expect(await runScript(host, "yes\\nyes\\n")).toContain("code 1");
    expect(await readVault(host)).toBe(before);
    expect(await host.run(`cat ${KEY}.latchkey-new`)).toBe("theirs\n");
    await host.expectNobodyLockedOut();
  });
});

describe.runIf(canStartHosts())("an offline script that hands the new key over", () => {
  test("leaves the old half where a folder lies in the place of its public one, and is run again", async () => {
    await using desk = await makeDesk();
    await using vault = await startVault(desk, "elsewhere");
    const line = (await vault.run(`cat ${KEY}.pub`)).trim();
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}\n${letIn(`${line}\n${vault.retained}`, "deploy")}\nchgrp deploy ${GRANTS}`,
    });
    await using watched = await watchLogins([web], { keyFile: vault.keyFile });
    await using app = desk.open();
    const { runs } = app.client;
    const planId = await planVault(app, vault, [web]);
    const carryOn = async (host: typeof web): Promise<string> => {
      const { files } = await runs.exportScripts({ planId, acknowledgements: [UNSIGNED_SCRIPTS] });
      await layScript(host, files[0]?.text ?? "");
      return runScript(host, "yes\\nyes\\n");
    };
    const take = async (host: typeof web) =>
      runs.importResult({ base64: (await resultOn(host)).toString("base64") });
    for (const host of [vault, web]) {
      expect(await carryOn(host)).toContain("code 0");
      await take(host);
    }
    await vault.run(`rm ${KEY}.pub && mkdir ${KEY}.pub`);
    expect(await carryOn(vault)).toContain("code 1");
    expect(await logsInByKey(vault, web)).toBe(true);
    expect(readResult(await resultOn(vault))).toMatchObject({ outcome: "rolled-back", at: "install-key" });
    expect(await vault.run(`ls -A /home/deploy/.ssh`)).not.toContain("latchkey-old");
    await vault.run(`rmdir ${KEY}.pub && echo '${line}' > ${KEY}.pub && chown deploy: ${KEY}.pub`);
    expect(await carryOn(vault)).toContain("code 0");
    expect(await take(vault)).toMatchObject({ state: "waiting", outcome: "done" });
    expect(await logsInByKey(vault, web)).toBe(true);
    await vault.expectNobodyLockedOut();
    await watched.expectNobodyLockedOut();
  });
});
