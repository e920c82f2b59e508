import { connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { canStartHosts, type LabHost, takeAddress } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { makePlan, untilStill } from "#testing/runs/follow.ts";
import {
  makeRenewalDesk,
  PASSPHRASE,
  type RenewalDesk,
  scanServers,
  startRenewedHost,
} from "#testing/runs/renewal-desk.ts";
import { killRunOnce } from "#testing/runs/start-run-child.ts";
import { startPebble } from "#testing/servers/pebble.ts";
import { listen } from "#testing/servers.ts";

/** What may be left: challenge answers, the folders that were created for them, and the notes about them. */
const leftOn = (host: LabHost) =>
  host.run("find /var/www/html -mindepth 1 -name '.well-known*'; ls -A /var/lib/latchkey 2>/dev/null || :");

const answersOn = (host: LabHost) => host.run("find /var/www/html -path '*/acme-challenge/*' -type f");

test.skipIf(!canStartHosts())(
  "an answer of a run that was killed while the directory looked at it is gone once the run is taken back, or has gone on",
  { timeout: 300_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using pebble = await startPebble({ folder: desk.home, httpPort: 80 });
    const between = await takeAddress();
    await using held = await holdConnections(between.address, host.address);
    await pebble.tell("add-a", { host: "nginx.lab.", addresses: [between.address] });
    await using child = await bundleRunChild();
    {
      await using app = await desk.openWithVault();
      await app.client.issuers.addAcme({
        name: "pebble",
        directory: pebble.directory,
        agreesToTerms: true,
        roots: Buffer.from(pebble.roots).toString("base64"),
      });
      await scanServers(app, [host], ["nginx"]);
    }
    for (const how of ["rollBack", "resume"] as const) {
      const planId = await planOn(desk, host);
      const run = { desk, planId, script: child.script, passphrase: PASSPHRASE };
      held.hold();
      await killRunOnce(run, async () => (await answersOn(host)) !== "");
      held.letGo();
      expect(await leftOn(host)).toContain(".well-known");
      await using app = await desk.openWithVault();
      const [killed] = (await app.client.runs.list({})).rows;
      if (!killed) throw new Error("no run was begun");
      const ended = await untilStill(app, async () => {
        await app.client.runs[how]({ runId: killed.id });
        return killed.id;
      });
      const state = how === "resume" ? "committed" : "rolled-back";
      expect(ended).toMatchObject({ state, message: "" });
      expect(await leftOn(host)).toBe("");
    }
    between.release();
  },
);

/** Forwards to port 80 of another address, except while connections are held, so that an answer stays. */
async function holdConnections(at: string, to: string) {
  let gate = Promise.withResolvers<void>();
  const server = await listen(
    createServer((near) => {
      void gate.promise.then(() => {
        const far = connect(80, to).on("error", () => near.destroy());
        near.pipe(far).pipe(near);
      });
    }),
    at,
    80,
  );
  return {
    hold() {
      gate = Promise.withResolvers<void>();
    },
    letGo: () => gate.resolve(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function planOn(desk: RenewalDesk, host: LabHost): Promise<number> {
  await using app = await desk.openWithVault();
  const request = RenewalRequest.parse({
    kind: "rotate-certificate",
    endpoints: [{ host: host.address, port: 443 }],
    issuer: "pebble",
  });
  return (await makePlan(app, request, { postCheckMinutes: 0 })).id;
}
