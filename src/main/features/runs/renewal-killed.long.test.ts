import { expect, test } from "vitest";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { makePlan, untilStill } from "#testing/runs/follow.ts";
import {
  makeRenewalDesk,
  PASSPHRASE,
  type RenewalDesk,
  scanServers,
  startRenewedHost,
} from "#testing/runs/renewal-desk.ts";
import { killRunAt } from "#testing/runs/start-run-child.ts";
import { showLeaf, watchServed } from "#testing/runs/watch-hosts.ts";

/** Latchkey is killed after its nth journal entry. */
const MOMENTS = Array.from({ length: 16 }, (_, index) => 2 * index + 1);

const filesOf = (host: LabHost) => host.run("cd /etc/tls; sha256sum *; stat -c '%n %U %G %a' *");
const leftOn = (host: LabHost) =>
  host.run("ls -A /var/lib/latchkey 2>/dev/null || :; find /etc/tls -name '*latchkey*'");

/** The certificate in the file, and whether the key beside it is its own. */
const pairOf = (host: LabHost) =>
  host.run(`cd /etc/tls
    openssl x509 -in nginx.pem -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f
    [ "$(openssl x509 -in nginx.pem -noout -pubkey)" = "$(openssl pkey -in nginx.key -pubout)" ] && echo pair`);

test.skipIf(!canStartHosts())(
  "a renewal that is killed at any step leaves a whole pair, is ended by one resume or roll-back, and whoever connects meanwhile is always served",
  { timeout: 3_600_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using child = await bundleRunChild();
    await using watched = watchServed({ host: host.address, port: 443 });
    const ends = { committed: 0, "rolled-back": 0 };
    for (const nth of MOMENTS) {
      const planId = await planOn(desk, host);
      const before = await filesOf(host);
      const killed = await killRunAt({ desk, planId, script: child.script, passphrase: PASSPHRASE }, nth);
      expect((await pairOf(host)).split("\n")[1], `point ${nth}`).toBe("pair");
      if (killed !== null) break;
      const state = await goOn(desk, nth % 4 === 1 ? "rollBack" : "resume");
      ends[state]++;
      if (state === "rolled-back") expect(await filesOf(host), `point ${nth}`).toBe(before);
      const [leaf = "", keyMatches] = (await pairOf(host)).split("\n");
      expect(keyMatches, `point ${nth}`).toBe("pair");
      expect(await showLeaf({ host: host.address, port: 443 }), `point ${nth}`).toEqual({ leaf });
      expect(await leftOn(host), `point ${nth}`).toBe("");
    }
    expect(ends.committed).toBeGreaterThan(0);
    expect(ends["rolled-back"]).toBeGreaterThan(0);
    expect(watched.seen.errors).toEqual([]);
    expect(watched.seen.connections).toBeGreaterThan(20);
    // No more than each plan's old certificate and its new one.
    expect(watched.seen.leaves.size).toBeLessThanOrEqual(ends.committed + ends["rolled-back"] + 2);
  },
);

async function planOn(desk: RenewalDesk, host: LabHost): Promise<number> {
  await using app = await desk.openWithVault();
  await scanServers(app, [host], ["nginx"]);
  const request = RenewalRequest.parse({
    kind: "rotate-certificate",
    endpoints: [{ host: host.address, port: 443 }],
    issuer: "corp",
  });
  return (await makePlan(app, request, { postCheckMinutes: 0 })).id;
}

async function goOn(desk: RenewalDesk, how: "resume" | "rollBack"): Promise<"committed" | "rolled-back"> {
  await using app = await desk.openWithVault();
  const [last] = (await app.client.runs.list({})).rows;
  if (!last) throw new Error("no run was begun");
  if (last.state === "committed") return last.state;
  expect(last.state).toBe("interrupted");
  const { state, message } = await untilStill(app, async () => {
    await app.client.runs[how]({ runId: last.id });
    return last.id;
  });
  expect(message).toBe("");
  if (state !== "committed" && state !== "rolled-back") throw new Error(`it has ended as ${state}`);
  return state;
}
