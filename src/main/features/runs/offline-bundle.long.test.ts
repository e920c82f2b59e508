import { expect, test } from "vitest";
import type { App } from "#app";
import type { PlanDetail } from "#shared/contract/runs.ts";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { agreeTo, makePlan } from "#testing/runs/follow.ts";
import { readThere, writeThere } from "#testing/runs/offline-hosts.ts";
import { watchLogins } from "#testing/runs/watch-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const FILE = "/home/deploy/.ssh/authorized_keys";

/** Runs the collector there, and imports its bundle. */
async function importBundle(app: App, host: LabHost): Promise<void> {
  await app.client.bundles.import({ base64: (await runCollector(host)).toString("base64") });
}

/** The keys of deploy that access shows. */
const keysOf = async ({ client }: App): Promise<(string | null)[]> => {
  const { rows } = await client.access.list({ limit: 100 });
  return rows.filter(({ account }) => account === "deploy").map(({ fingerprint }) => fingerprint);
};

/** Exports, runs there, and imports the script's result. */
async function carryOut({ client }: App, host: LabHost, planned: PlanDetail) {
  const { files } = await client.runs.exportScripts({ planId: planned.id, ...agreeTo(planned) });
  expect(files).toHaveLength(1);
  await host.run("rm -rf /root/stick && mkdir /root/stick");
  await writeThere(host, "/root/stick/script.sh", files[0]?.text ?? "");
  await host.run("cd /root/stick && printf 'yes\\nyes\\nyes\\n' | sh ./script.sh");
  const result = await readThere(host, "/root/stick/latchkey-result-*.txt");
  return client.runs.importResult({ base64: result.toString("base64") });
}

test.skipIf(!canStartHosts())(
  "a host that is known by a bundle alone is changed by offline scripts, and a new bundle shows what stands there then",
  async () => {
    await using desk = await makeDesk();
    const make = (name: string) =>
      makeKeyFile(`${desk.home}/.ssh`, name, ["-t", "ed25519", "-N", "", "-C", name]);
    const [kept, orphan, fresh] = [await make("kept"), await make("orphan"), await make("fresh")];
    const retained = await make("retained");
    await using host = await startHost({
      name: "far",
      prepare: `${letIn(desk.publicKey)}\n${letIn("", "deploy")}
        printf '%s\\nno-pty %s\\n%s\\n' '${orphan.publicLine.trim()}' '${kept.publicLine.trim()}' '${retained.publicLine.trim()}' >${FILE}
        chown -R deploy:deploy /home/deploy/.ssh && chmod 600 ${FILE}`,
    });
    await using watched = await watchLogins([host], { keyFile: retained.path });
    await using app = desk.open();
    await importBundle(app, host);
    const all = [orphan.fingerprint, kept.fingerprint, retained.fingerprint];
    expect((await keysOf(app)).toSorted()).toEqual(all.toSorted());

    const { rows } = await app.client.access.list({ limit: 100 });
    const grants = rows.filter((row) => row.fingerprint === orphan.fingerprint).map(({ id }) => id);
    const removal = await makePlan(app, { kind: "remove-grants", grants });
    expect(removal.plan?.asOf).toMatch(/^\d{4}-/);
    expect(await carryOut(app, host, removal)).toMatchObject({ state: "committed", outcome: "committed" });
    expect(await host.run(`cat ${FILE}`)).toBe(`no-pty ${kept.publicLine.trim()}\n${retained.publicLine}`);
    expect(await keysOf(app)).toContain(orphan.fingerprint);
    await importBundle(app, host);
    expect((await keysOf(app)).toSorted()).toEqual([kept.fingerprint, retained.fingerprint].toSorted());

    const request = { kind: "rotate-key" as const, fingerprint: kept.fingerprint, newKey: fresh.publicLine };
    expect(await carryOut(app, host, await makePlan(app, request))).toMatchObject({ state: "committed" });
    await importBundle(app, host);
    expect((await keysOf(app)).toSorted()).toEqual([fresh.fingerprint, retained.fingerprint].toSorted());
    await watched.expectNobodyLockedOut();
  },
);
