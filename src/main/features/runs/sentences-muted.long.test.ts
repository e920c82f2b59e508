/**
 * Runs in which every sentence of `shared/text/runs/` and about refusals of hosts is an x: they still end right, so
 * nothing that is done depends on a sentence. A mock, here alone, for it is the mutation under test.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import type { App } from "#app";
import { RenewalRequest } from "#shared/contract/runs.ts";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, planOwnKey, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";

const X = "x";

vi.mock("#shared/text/runs/run.ts", async (load) => muteAll(await load<object>()));
vi.mock("#shared/text/runs/run-cause.ts", async (load) => muteAll(await load<object>()));
vi.mock("#shared/text/runs/run-note.ts", async (load) => muteAll(await load<object>()));
vi.mock("#shared/text/runs/run-step.ts", async (load) => muteAll(await load<object>()));
vi.mock("#shared/text/runs/host-refusal.ts", async (load) => muteAll(await load<object>()));

/** Every function that makes a sentence has a name that says so. */
function muteAll(made: object): object {
  const muted = Object.entries(made).map(([name, one]) => [name, name.startsWith("format") ? () => X : one]);
  return Object.fromEntries(muted);
}

const lab = test.skipIf(!canStartHosts());
const run = promisify(execFile);
const LOCK =
  "chattr +i /root/.ssh/authorized_keys 2>/dev/null || mount --bind /root/.ssh/authorized_keys /root/.ssh/authorized_keys";
const UNLOCK =
  "chattr -i /root/.ssh/authorized_keys 2>/dev/null; umount /root/.ssh/authorized_keys 2>/dev/null || true";

const goOn = (app: App, { id: runId }: RunDetail, how: "resume" | "rollBack"): Promise<RunDetail> =>
  untilStill(app, async () => {
    await app.client.runs[how]({ runId });
    return runId;
  });

/** All that a person would read of a run is an x. */
async function expectMuted(app: App, { id: runId, message, stepList }: RunDetail): Promise<void> {
  expect(message).toBe(X);
  for (const step of stepList.filter(({ state }) => state === "verified")) expect(step.message).toBe(X);
  const { rows } = await app.client.runs.entries({ runId });
  expect(rows.filter(({ kind, text }) => kind === "verified" && text !== X)).toEqual([]);
}

lab(
  "a key rotation of which nothing is said stops where a host fails, and resumed it ends right",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    const [, second] = probed.hosts;
    await using app = desk.open();
    const planned = await planOwnKey(app, desk, probed.hosts);
    await second?.run(LOCK);
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    for (const host of probed.hosts) expect(await probed.readKeys(host)).toContain(desk.publicKey);
    await second?.run(UNLOCK);
    const ended = await goOn(app, stopped, "resume");
    expect(ended).toMatchObject({ state: "committed", byHand: [], files: [] });
    await expectMuted(app, ended);
    for (const host of probed.hosts) {
      expect(await probed.readKeys(host)).not.toContain(desk.publicKey);
      expect(await probed.listStrays(host)).toBe("");
    }
    expect((await run("ls", ["-A", join(desk.home, ".ssh")])).stdout).toBe("id_ed25519\nid_ed25519.pub\n");
    await probed.expectNobodyLockedOut();
  },
  240_000,
);

lab(
  "a key rotation of which nothing is said is rolled back, and all is as it was",
  async () => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, { names: ["one", "two"] });
    const [, second] = probed.hosts;
    await using app = desk.open();
    const path = join(desk.home, ".ssh/id_ed25519");
    const [half, before] = [await readFile(path), await Promise.all(probed.hosts.map(probed.readKeys))];
    const planned = await planOwnKey(app, desk, probed.hosts);
    await second?.run(LOCK);
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    await second?.run(UNLOCK);
    expect(await goOn(app, stopped, "rollBack")).toMatchObject({ state: "rolled-back", byHand: [] });
    expect(await Promise.all(probed.hosts.map(probed.readKeys))).toEqual(before);
    for (const host of probed.hosts) expect(await probed.listStrays(host)).toBe("");
    expect(await readFile(path)).toEqual(half);
    await probed.expectNobodyLockedOut();
  },
  240_000,
);

lab(
  "a renewal of which nothing is said waits for the certificate that is brought, puts it in place and commits",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await app.client.issuers.addCsr({ name: "portal" });
    await scanServers(app, [host], ["nginx"]);
    const request = RenewalRequest.parse({
      kind: "rotate-certificate",
      endpoints: [{ host: host.address, port: 443 }],
      issuer: "csr",
    });
    const waiting = await carryOut(app, await makePlan(app, request, { postCheckMinutes: 0 }));
    expect(waiting).toMatchObject({ state: "waiting", orders: [{ state: "waits", sha256: null }] });
    expect(await goOn(app, waiting, "resume")).toMatchObject({ state: "waiting" });
    const base64 = (waiting.orders[0]?.csr ?? "").replaceAll(/-----.*-----|\s/g, "");
    const { pem } = await app.client.issuers.sign({ name: "corp", base64 });
    await app.client.runs.provideCertificate({ runId: waiting.id, text: pem });
    const ended = await goOn(app, waiting, "resume");
    expect(ended).toMatchObject({ state: "committed", byHand: [] });
    await expectMuted(app, ended);
    await scanServers(app, [host], ["nginx"]);
    const { rows } = await app.client.served.list({});
    expect(rows[0]?.certificate?.sha256).toBe(ended.orders[0]?.sha256);
  },
  240_000,
);
