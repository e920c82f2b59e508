import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readResult } from "#domain/runs/offline/result.ts";
import { UNSIGNED_SCRIPTS } from "#shared/model/runs/offline-script.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import {
  GRANTS,
  KEY,
  layScript,
  logsInByKey,
  planVault,
  readVault,
  resultOn,
  runScript,
  startVault,
  writeThere,
} from "#testing/runs/offline-hosts.ts";

/** How many of the system calls that write are tried, over the whole of the script. */
const MOMENTS = 30;
const KILLER = "/opt/kill-at-call.py";

type Vault = Awaited<ReturnType<typeof startVault>>;

const outcomeOn = async (host: LabHost): Promise<string> => {
  const result = readResult(await resultOn(host));
  return typeof result === "string" ? result : result.outcome;
};

test.skipIf(!canStartHosts())(
  "R2: an offline script that is killed at any call that writes shuts nobody out, and goes on or back when it is run again",
  { timeout: 1_800_000 },
  async ({ task }) => {
    await using desk = await makeDesk();
    await using host = await startVault(desk);
    await using app = desk.open();
    const { files } = await app.client.runs.exportScripts({
      planId: await planVault(app, host),
      acknowledgements: [UNSIGNED_SCRIPTS],
    });
    const killer = readFileSync(new URL("../../../testing/faults/kill-at-call.py", import.meta.url), "utf8");
    await writeThere(host, KILLER, killer);
    await host.run("cp -a /home/deploy/.ssh /opt/kept");
    const old = await host.run(`cat ${KEY}.pub`);
    const putBack = async () => {
      // At every moment somebody logs in by one of these files, so it is never missing.
      await host.run(`rm -rf /root/stick; cd /home/deploy/.ssh; find . -mindepth 1 ! -name authorized_keys -delete
        cp -a /opt/kept /home/deploy/kept; mv /home/deploy/kept/* .; rmdir /home/deploy/kept`);
      await layScript(host, files[0]?.text ?? "");
    };
    const killAt = (nth: number) =>
      runScript(host, "yes\\nyes\\n", `/usr/bin/python3 -I ${KILLER} all ${nth} 2>/root/calls`);

    await putBack();
    const untouched = await readVault(host);
    expect(await killAt(0)).toContain("code 0");
    const calls = Number((await host.run("tail -n 1 /root/calls")).trim());
    const seen: Record<string, number> = {};
    for (let index = 0; index < MOMENTS; index++) {
      const nth = 1 + Math.floor((index * calls) / MOMENTS);
      const point = `${nth} of ${calls}`;
      await putBack();
      await killAt(nth);
      expect(await readGrants(host, old), point).toMatch(/^(old|both|new) kept$/);
      expect(await logsInByKey(host), point).toBe(true);
      if (index % 2 === 1) {
        await runScript(host, "no\\n");
        const outcome = await outcomeOn(host);
        seen[outcome] = (seen[outcome] ?? 0) + 1;
        expect(["rolled-back", "added", "committed"], point).toContain(outcome);
        if (outcome === "rolled-back") expect(await readVault(host), point).toBe(untouched);
        expect(await logsInByKey(host), point).toBe(true);
      }
      expect(await runScript(host, "yes\\nyes\\n"), point).toContain("code 0");
      expect(await outcomeOn(host), point).toBe("committed");
      expect(await readGrants(host, old), point).toBe("new kept");
      expect(await logsInByKey(host), point).toBe(true);
      expect(await host.run("find /home /root -name '*latchkey*' | grep -v result || true"), point).toBe("");
    }
    recordFault(task, {
      id: "R2",
      injected: `ptrace SIGKILL (all) of an offline script at ${MOMENTS} of ${calls} calls`,
      seen: `run again with a yes: ${MOMENTS} committed; with a no: ${Object.entries(seen).map(([outcome, times]) => `${times} ${outcome}`)}; 0 torn, 0 stray; ${await host.expectNobodyLockedOut()}`,
    });
  },
);

/** Which keys log in there, and whether the line that nobody changes is as it was. */
async function readGrants(host: Vault, old: string): Promise<string> {
  const [oldBlob = ""] = old.split(" ").slice(1);
  const lines = (await host.run(`cat ${GRANTS}`)).trimEnd().split("\n");
  const keys = lines.slice(0, -1);
  const isWhole = (line: string) => /^restrict,pty ssh-ed25519 [A-Za-z0-9+/=]{68} deploy@vault$/.test(line);
  if (!keys.every(isWhole)) return `torn: ${keys.join(" | ")}`;
  const isOld = (line: string) => line.includes(oldBlob);
  const which = keys.length === 2 ? "both" : keys.some(isOld) ? "old" : "new";
  return `${which} ${lines.at(-1) === host.retained ? "kept" : "lost"}`;
}
