import { expect, test } from "vitest";
import type { App } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import {
  type HostedServer,
  SERVED,
  type ServersHost,
  startServersHost,
} from "#testing/lab/start-servers-host.ts";

const SERVERS = Object.keys(SERVED) as HostedServer[];

test("a certificate that was renewed and not reloaded is named on each of eight servers, and gone after the reload", async () => {
  await using desk = await makeDesk();
  await using host = await startServersHost(SERVERS, letIn(desk.publicKey));
  await using app = desk.open();

  await scanHost(app, host);
  expect(await statesOf(app)).toEqual(all("not-seen"));
  await scanWire(app, host);
  expect(await statesOf(app)).toEqual(all("agrees"));

  for (const server of SERVERS) await host.renew(server);
  // File times count in whole seconds, and Postfix may have started a process in this one.
  await host.run("touch -d '2 seconds' /etc/tls/*");
  // On a busy machine a collector may run out of time before the processes. Their age is not known then, and the scan
  // is repeated.
  await expect
    .poll(
      async () => {
        // Most may have reloaded without any younger process: only another probe shows that they still serve the old
        // certificate.
        await scanAll(app, { text: `root@${host.address} ${wireOf(host)}`, acceptNew: true });
        return statesOf(app);
      },
      { timeout: 100_000 },
    )
    .toEqual(all("not-reloaded"));
  const { rows } = await app.client.findings.list({ rule: "certificate-not-reloaded" });
  expect(rows.map(({ label }) => label).sort()).toEqual(SERVERS.map((server) => `CN=${server}.lab`).sort());

  for (const server of SERVERS) await host.reload(server);
  await scanHost(app, host);
  // A server that reloads without a pause serves the old certificate until the last of its old workers has gone.
  await expect
    .poll(
      async () => {
        await scanWire(app, host);
        return statesOf(app);
      },
      { timeout: 200_000 },
    )
    .toEqual(all("agrees"));
  expect((await app.client.findings.list({ rule: "certificate-not-reloaded" })).total).toBe(0);
});

const all = (state: string) => Object.fromEntries(SERVERS.map((server) => [server, state]));

const scanHost = (app: App, { address }: ServersHost) =>
  scanAll(app, { text: `root@${address}`, acceptNew: true });

const wireOf = ({ address }: ServersHost): string =>
  SERVERS.map((server) => `${address}:${SERVED[server].port}`).join(" ");

const scanWire = (app: App, host: ServersHost) => scanAll(app, { text: wireOf(host), acceptNew: true });

/** The state at the port that stands for each server; its other ports are not probed. */
async function statesOf({ client }: App): Promise<{ [server: string]: string }> {
  const { rows } = await client.served.list({ limit: 200 });
  const ports = new Map(SERVERS.map((server) => [SERVED[server].port as number, server]));
  return Object.fromEntries(
    rows.flatMap(({ port, state }) => (ports.has(port) ? [[ports.get(port), state]] : [])),
  );
}
