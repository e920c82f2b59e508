import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { probeAddresses } from "#net/ssh/session/deployments/testing/probe-addresses.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { type HostedServer, SERVED } from "#testing/lab/start-servers-host.ts";
import { bundleRunChild } from "#testing/runs/bundle-run-child.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import {
  makeRenewalDesk,
  PASSPHRASE,
  type RenewalDesk,
  scanServers,
  startRenewedHost,
} from "#testing/runs/renewal-desk.ts";
import { killRunAt } from "#testing/runs/start-run-child.ts";
import { actOn, addressesOf, TWO_ADDRESSES } from "#testing/runs/two-addresses.ts";

/** The certificates of the servers in turn; every other renewal is killed, each after another journal entry. */
const RENEWALS = Number(process.env.LATCHKEY_TEST_RENEWALS ?? 50);
/** A renewal of one certificate has about as many journal entries; after the last the kills begin again. */
const ENTRIES = 24;
/** All of them reload without ending a connection, or closing a port. */
const SERVERS = ["nginx", "apache", "haproxy"] as const;

test.skipIf(!canStartHosts())(
  "R1: at each name of each server whoever connects is shown its certificate, the old one or the new, through all renewals, half of them killed",
  { timeout: 4 * 3_600_000 },
  async ({ task }) => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, SERVERS);
    for (const server of SERVERS) await actOn(host, TWO_ADDRESSES[server].add);
    await using child = await bundleRunChild();
    const places = SERVERS.flatMap((server) =>
      addressesOf(host, server).map((place) => ({ name: server, ...place })),
    );
    await using probed = probeAddresses(places);
    let clean: Awaited<ReturnType<typeof list>> | null = null;

    const ends = { committed: 0, "rolled-back": 0 };
    let killed = 0;
    for (let round = 0; round < RENEWALS; round++) {
      const server = SERVERS[round % SERVERS.length] ?? "nginx";
      const nth = round % 2 === 1 ? 1 + ((((round - 1) / 2) * 7) % ENTRIES) : null;
      await probed.untilAsked();
      const before = probed.shown();
      const { state, wasKilled } = await renew(desk, host, { server, nth, script: child.script });
      ends[state]++;
      if (wasKilled) killed++;
      await probed.untilAsked();
      const after = probed.shown();
      const stays = SERVERS.filter((one) => one !== server || state === "rolled-back");
      expect({ round, nth, failures: probed.failures }).toEqual({ round, nth, failures: [] });
      for (const one of stays)
        expect({ round, nth, [one]: after.get(one) }).toEqual({ round, nth, [one]: before.get(one) });
      if (state === "committed")
        expect(after.get(server)?.has([...(before.get(server) ?? [])][0] ?? "")).toBe(false);
      const left = await list(desk, host);
      clean ??= left;
      expect({ round, nth, left }).toEqual({ round, nth, left: clean });
    }
    expect(await list(desk, host)).toMatchObject({ run: "", tls: "" });
    recordFault(task, {
      id: "R1",
      injected: `${RENEWALS} renewals of three servers' certificates, ${killed} of them killed`,
      seen: `${ends.committed} committed, ${ends["rolled-back"]} rolled back; ${probed.asked()} handshakes at ${places.length} places, 0 failed; nothing left`,
    });
  },
);

type Renewal = { server: HostedServer; nth: number | null; script: string };

/** How it has ended, after it was resumed or, every fourth time, rolled back. */
async function renew(desk: RenewalDesk, host: LabHost, { server, nth, script }: Renewal) {
  const { id } = await (async () => {
    await using app = await desk.openWithVault();
    await scanServers(app, [host], [server]);
    const endpoints = [{ host: host.address, port: SERVED[server].port }];
    const request = RenewalRequest.parse({ kind: "rotate-certificate", issuer: "corp", endpoints });
    const planned = await makePlan(app, request, { postCheckMinutes: 0 });
    if (nth === null) expect(await carryOut(app, planned)).toMatchObject({ state: "committed", message: "" });
    return planned;
  })();
  if (nth === null) return { state: "committed" as const, wasKilled: false };
  const wasKilled = (await killRunAt({ desk, planId: id, script, passphrase: PASSPHRASE }, nth)) === null;
  await using app = await desk.openWithVault();
  const [last] = (await app.client.runs.list({})).rows;
  if (!last) throw new Error("no run was begun");
  const how = nth % 4 === 0 ? "rollBack" : "resume";
  const run =
    last.state === "committed"
      ? last
      : await untilStill(app, async () => {
          await app.client.runs[how]({ runId: last.id });
          return last.id;
        });
  const { state, message } = run;
  expect({ nth, message }).toEqual({ nth, message: "" });
  if (state !== "committed" && state !== "rolled-back") throw new Error(`it has ended as ${state}`);
  return { state, wasKilled };
}

/** What is left of runs: on the host, and beside the database here. */
const list = async (desk: RenewalDesk, host: LabHost) => ({
  run: await host.run("{ ls -A /var/lib/latchkey; ls -d /run/latchkey-* /tmp/latchkey-*; } 2>/dev/null || :"),
  tls: await host.run("find /etc/tls /etc/haproxy -name '*latchkey*'"),
  files: await host.run("ls -A /etc/tls /etc/haproxy/certs"),
  here: (await readdir(desk.home, { recursive: true })).filter((name) => !/\.db(?:-\w+)?$/.test(name)).sort(),
});
