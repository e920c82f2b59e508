import { expect, test } from "vitest";
import type { App } from "#app";
import { servedBy } from "#net/ssh/session/deployments/testing/served-by.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { ReloadRequest, RenewalRequest } from "#shared/contract/runs.ts";
import { letIn } from "#testing/lab/desk.ts";
import { standInForSystemd } from "#testing/lab/own-clock.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import {
  type HostedServer,
  SERVED,
  type ServersHost,
  startServersHost,
} from "#testing/lab/start-servers-host.ts";
import { BY_SOCKET, PID_OF, RELOAD, SERVERS, type WithUnit } from "#testing/runs/failing-renewals.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { actOn, addressesOf, TWO_ADDRESSES } from "#testing/runs/two-addresses.ts";

const lab = test.skipIf(!canStartHosts());

const servedAt = (host: ServersHost, server: HostedServer) =>
  Promise.all(addressesOf(host, server).map(servedBy));

async function addSecondPlaces(host: ServersHost, servers: readonly HostedServer[]): Promise<void> {
  for (const server of servers) {
    await actOn(host, TWO_ADDRESSES[server].add);
    const two = expect.stringMatching(/^[0-9a-f]{64}$/);
    await expect.poll(() => servedAt(host, server), { timeout: 120_000 }).toEqual([two, two]);
  }
}

/** A plan for all that these servers serve. */
async function planOf(app: App, host: ServersHost, servers: readonly HostedServer[]) {
  await scanServers(app, [host], servers);
  const { rows } = await app.client.certificates.list({ limit: 100 });
  const leaves = rows.filter(({ subject }) => servers.some((server) => subject === `CN=${server}.lab`));
  expect(leaves).toHaveLength(servers.length);
  const request = RenewalRequest.parse({
    kind: "rotate-certificate",
    issuer: "corp",
    certificates: leaves.map(({ sha256 }) => sha256),
  });
  return makePlan(app, request, { postCheckMinutes: 0, rollbackAfterSeconds: 600 });
}

/** Executes it to the end: each of the servers shows its own new certificate at both of its endpoints. */
async function renew(app: App, host: ServersHost, servers: readonly HostedServer[]) {
  const planned = await planOf(app, host, servers);
  expect(planned.plan?.leftOut).toEqual([]);
  for (const { subject, verificationEndpoints } of planned.plan?.hosts[0]?.certificates ?? []) {
    const server = servers.find((one) => subject === `CN=${one}.lab`);
    const places = addressesOf(host, server ?? "nginx").map(({ host: address, port, serverName }) =>
      expect.objectContaining({ address, port, ...(serverName !== undefined && { serverName }) }),
    );
    expect(verificationEndpoints, subject).toEqual(expect.arrayContaining(places));
  }
  const ended = await carryOut(app, planned);
  expect(ended).toMatchObject({ state: "committed", message: "", failed: 0 });
  expect(ended.orders).toHaveLength(servers.length);
  for (const server of servers) {
    const order = ended.orders.find(({ names }) => names.includes(`${server}.lab`));
    expect(await servedAt(host, server), server).toEqual([order?.sha256, order?.sha256]);
  }
  expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  return planned.plan?.hosts[0]?.certificates.flatMap(({ services }) => services) ?? [];
}

lab(
  "the eight servers of one host get new certificates of our own authority in one run, each told by a signal or a command of its own, and verified at each of its two places after what is said before its TLS",
  { timeout: 900_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, SERVERS);
    await addSecondPlaces(host, SERVERS);
    await using app = await desk.openWithVault();
    const told = await renew(app, host, SERVERS);
    expect(told.map(({ server, reload }) => `${server}: ${reload}`).toSorted()).toEqual([
      "apache: USR1 to its first process",
      "dovecot: doveadm reload",
      "haproxy: USR2 to its master; without one, its socket",
      "mariadb: FLUSH SSL over its socket",
      "nginx: HUP to its master",
      "postfix: postfix reload",
      "postgresql: HUP to its first process, and its log",
      "postgresql: HUP to its first process, and its log",
      "slapd: its own settings written over ldapi as they are",
    ]);
  },
);

lab(
  "HAProxy without a master is told by its socket, for both of its ports",
  { timeout: 240_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["haproxy"]);
    await actOn(host, BY_SOCKET);
    const pid = await host.run("cat /run/haproxy.pid");
    await actOn(host, TWO_ADDRESSES.haproxy.add.replace(/until grep.*/, BY_SOCKET.replace(/^ *sed.*$/m, "")));
    expect(await host.run("cat /run/haproxy.pid")).not.toBe(pid);
    const process = await host.run("cat /run/haproxy.pid");
    await using app = await desk.openWithVault();
    await renew(app, host, ["haproxy"]);
    expect(await host.run("cat /run/haproxy.pid; kill -0 $(cat /run/haproxy.pid)")).toBe(process);
  },
);

lab(
  "six servers with units are told by systemctl reload, which is a stand-in here that sends their real signals and commands",
  { timeout: 900_000 },
  async () => {
    const servers = Object.keys(PID_OF) as WithUnit[];
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, servers);
    await addSecondPlaces(host, servers);
    const manager = await standInForSystemd(
      host,
      servers.map((server) => ({
        unit: `${server}.service`,
        pid: PID_OF[server],
        reload: RELOAD[server],
      })),
    );
    await using app = await desk.openWithVault();
    const told = await renew(app, host, servers);
    expect(new Set(told.map(({ reload }) => reload))).toEqual(new Set(["systemctl reload"]));
    const asked = new Set((await manager.asked()).trim().split("\n"));
    expect(asked).toEqual(new Set(servers.map((server) => `reload ${server}.service`)));
  },
);

lab(
  "slapd that root cannot tell is left out, and restarted once a service manager is there, a stand-in here, and that is agreed to",
  { timeout: 240_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startServersHost(["slapd"], letIn(desk.publicKey));
    await using app = await desk.openWithVault();
    const alone = await planOf(app, host, ["slapd"]);
    expect(alone.plan?.leftOut).toEqual([expect.stringMatching(/CN=slapd.lab: slapd .* cannot be reloaded/)]);
    const manager = await standInForSystemd(host, [
      {
        unit: "slapd.service",
        pid: "$(cat /run/slapd/slapd.pid)",
        restart: `ADDRESS=${host.address}; . /run/servers.sh; reload slapd >/dev/null 2>&1`,
      },
    ]);
    const planned = await planOf(app, host, ["slapd"]);
    expect(planned.plan?.checks.filter(({ state }) => state === "acknowledge")).toMatchObject([
      { id: "trust" },
      { id: "restart" },
    ]);
    await renew(app, host, ["slapd"]);
    expect(await manager.asked()).toContain("restart slapd.service");
  },
);

lab(
  "Apache, HAProxy and Dovecot are reloaded by one run; while one of them has a broken configuration, its words are shown and none is reloaded",
  { timeout: 600_000 },
  async () => {
    const servers = ["apache", "haproxy", "dovecot"] as const;
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, servers);
    await using app = desk.open();
    await scanServers(app, [host], servers);
    const served = () =>
      Promise.all(servers.map((server) => servedBy({ host: host.address, ...SERVED[server] })));
    const old = await served();
    const renewed: string[] = [];
    for (const server of servers) renewed.push(hashOf((await host.renew(server)).der));
    const settings = "/etc/haproxy/haproxy.cfg";
    const damage = () => host.run(`cp ${settings} /root/sound; echo 'no_such 1' >>${settings}`);
    const mend = () => host.run(`cat /root/sound >${settings}`);
    const request = ReloadRequest.parse({
      kind: "reload",
      servers: servers.map((server) => ({ server, host: host.address })),
    });

    await damage();
    const without = await makePlan(app, request);
    expect(without.plan?.leftOut).toEqual([
      expect.stringMatching(/haproxy .* fails its own configuration test.*no_such/s),
    ]);
    await mend();
    const planned = await makePlan(app, request);
    const all = planned.plan?.hosts[0]?.servers ?? [];
    expect(new Map(all.map(({ service, tested }) => [service.server, tested]))).toEqual(
      new Map([
        ["apache", "configuration"],
        ["haproxy", "configuration"],
        ["dovecot", "certificates"],
      ]),
    );

    await damage();
    const broken = await carryOut(app, planned);
    expect(broken).toMatchObject({ state: "stopped", message: expect.stringMatching(/haproxy.*no_such/s) });
    expect(await served()).toEqual(old);
    await mend();
    const ended = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: broken.id });
      return broken.id;
    });
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(await served()).toEqual(renewed);
  },
);
