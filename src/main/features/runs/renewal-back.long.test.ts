/**
 * What each server can do so that the new certificate is not served everywhere; the files are rolled back
 * automatically.
 */
import { afterAll, expect, test } from "vitest";
import type { App } from "#app";
import { servedBy } from "#net/ssh/session/deployments/testing/served-by.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { formatColumns } from "#testing/format-columns.ts";
import { standInForSystemd } from "#testing/lab/own-clock.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { SERVED, type ServersHost } from "#testing/lab/start-servers-host.ts";
import { FAILING, type Failing, IMPOSSIBLE, PID_OF, type WithUnit } from "#testing/runs/failing-renewals.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { actOn, addressesOf, TWO_ADDRESSES } from "#testing/runs/two-addresses.ts";

const MINUTES = 60_000;

/** All files that are served from, with inode, owner, mode and time of each. */
const filesOf = (host: LabHost) =>
  host.run(`cd /etc; find tls haproxy -type f | sort | xargs sha256sum
    find tls haproxy ! -type f -printf '%p %y %U %G %m\\n' -o -printf '%p %i %U %G %m %T@\\n' | sort`);

/** What its two endpoints show. */
const servedAt = (host: ServersHost, server: Failing["server"]) =>
  Promise.all(addressesOf(host, server).map(servedBy));

const untilServed = (host: ServersHost, server: Failing["server"]) =>
  expect
    .poll(() => servedAt(host, server), { timeout: 2 * MINUTES })
    .toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]);

/** The second endpoint, in a run's words. */
function formatSecond(host: ServersHost, server: Failing["server"]): string {
  const second = addressesOf(host, server)[1];
  return `${second?.host}:${second?.port}${second?.serverName === undefined ? "" : `/${second.serverName}`}`;
}

const planOf = (app: App, host: LabHost, { server, keyKind }: Failing) =>
  makePlan(
    app,
    RenewalRequest.parse({
      kind: "rotate-certificate",
      issuer: "corp",
      keyKind: keyKind ?? null,
      endpoints: [{ host: host.address, port: SERVED[server].port }],
    }),
    { postCheckMinutes: 0, rollbackAfterSeconds: 60 },
  );

const table: string[][] = IMPOSSIBLE.map(({ server, how, by, why }) => [
  server,
  how,
  by,
  `cannot be: ${why}`,
]);

test.skipIf(!canStartHosts()).each(FAILING)(
  "$server $how ($by): every file is as it was, by itself, and so is what is served",
  { timeout: 5 * MINUTES },
  async (row) => {
    const { server, how, by } = row;
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, [server], row.prepare);
    await actOn(host, TWO_ADDRESSES[server].add);
    if (row.first !== undefined) await actOn(host, row.first);
    await untilServed(host, server);
    const manager = row.isStandIn ? await deafService(host, server) : null;
    await using app = await desk.openWithVault();
    await scanServers(app, [host], [server]);
    const planned = await planOf(app, host, row);
    expect(planned.plan?.leftOut).toEqual([]);
    await actOn(host, `cp -p /etc/tls/* /srv/; cp -p /etc/haproxy/certs/* /srv/; ${row.meanwhile}`);
    await untilServed(host, server);
    const [before, old] = [await filesOf(host), await servedAt(host, server)];

    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    expect(stopped.message).toMatch(row.says);
    expect(await filesOf(host)).toBe(before);
    expect(await servedAt(host, server)).toEqual(old);
    if (how === "serves one of two places from others")
      expect(stopped.message).toContain(formatSecond(host, server));
    if (manager) expect(await manager.asked()).toContain(`reload ${server}.service`);

    if (row.last !== undefined) await actOn(host, row.last);
    const back = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: stopped.id });
      return stopped.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });
    expect(await filesOf(host)).toBe(before);
    // A server that was stopped reads the files as often as it was reloaded meanwhile, and is gone for an instant each
    // time.
    await expect.poll(() => servedAt(host, server), { timeout: MINUTES }).toEqual(old);
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
    table.push([server, how, by, `back by itself: ${stopped.message}`]);
  },
);

const deafService = (host: LabHost, server: Failing["server"]) => {
  const { [server as WithUnit]: pid } = PID_OF;
  return standInForSystemd(host, [{ unit: `${server}.service`, pid, reload: "true" }]);
};

afterAll(() => {
  const order = table.toSorted(
    ([a = "", x = ""], [b = "", y = ""]) => a.localeCompare(b) || x.localeCompare(y),
  );
  process.stdout.write(
    `\n${formatColumns([["server", "what it does", "by", "what came of it"], ...order])}\n`,
  );
});
