/** What a server can do so that the new certificate is not served everywhere; the files go back by themselves. */
import { expect, test } from "vitest";
import type { App } from "#app";
import { servedBy } from "#net/ssh/hand/pairs/testing/served-by.ts";
import { RenewalWish } from "#shared/contract/runbooks.ts";
import type { RunDetail } from "#shared/model/run.ts";
import { standInForSystemd } from "#testing/lab/stand-in-systemctl.ts";
import { canStartHosts, type LabHost } from "#testing/lab/start-host.ts";
import { type HostedServer, SERVED } from "#testing/lab/start-servers-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runbooks/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runbooks/renewal-desk.ts";

const lab = test.skipIf(!canStartHosts());
const MINUTES = 60_000;

/** All that is served from. */
const filesOf = (host: LabHost) => host.run("cd /etc/tls; ls -A; sha256sum *; stat -c '%n %i %U %G %a %Y' *");

const planOf = (app: App, host: LabHost, server: HostedServer) =>
  makePlan(
    app,
    RenewalWish.parse({
      ...{ kind: "rotate-certificate", issuer: "corp" },
      endpoints: [{ host: host.address, port: SERVED[server].port }],
    }),
    { recheckMinutes: 0, deadManSeconds: 30 },
  );

const rollBack = (app: App, { id: runId }: RunDetail) =>
  untilStill(app, async () => {
    await app.client.runbooks.rollBack({ runId });
    return runId;
  });

type Place = { app: App; host: LabHost; server: HostedServer };

/** Plans a renewal, does something to the host, and carries the plan out: all goes back by itself, byte by byte. */
async function failsAndGoesBack({ app, host, server }: Place, meanwhile: string): Promise<RunDetail> {
  const planned = await planOf(app, host, server);
  expect(planned.plan?.leftOut).toEqual([]);
  await host.run(meanwhile);
  const before = await filesOf(host);
  const old = await servedBy({ host: host.address, ...SERVED[server] });
  const stopped = await carryOut(app, planned);
  expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
  expect(await filesOf(host)).toBe(before);
  expect(await servedBy({ host: host.address, ...SERVED[server] })).toBe(old);
  expect(await rollBack(app, stopped)).toMatchObject({ state: "rolled-back", message: "" });
  expect(await filesOf(host)).toBe(before);
  expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  return stopped;
}

const BROKEN = {
  nginx: "echo 'no_such_directive;' >> /etc/nginx/nginx.conf",
  apache: "echo NoSuchDirective >> /etc/apache2/apache2.conf",
} as const;

lab.each(["nginx", "apache"] as const)(
  "%s: where its own test fails, also without us, nothing is changed",
  { timeout: 4 * MINUTES },
  async (server) => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, [server]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], [server]);
    const { message } = await failsAndGoesBack({ app, host, server }, BROKEN[server]);
    expect(message).toMatch(/does not take the new files: .*no_?such_?directive.*; nothing was changed/is);
  },
);

lab(
  "postgresql: where its settings cannot be read any more, its files are as they were",
  { timeout: 4 * MINUTES },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["postgresql"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["postgresql"]);
    const broken = "echo 'no_such_setting = 1' >> /etc/postgresql/17/main/postgresql.conf";
    await failsAndGoesBack({ app, host, server: "postgresql" }, broken);
  },
);

const PID_OF = {
  nginx: "$(cat /run/nginx.pid)",
  apache: "$(cat /run/apache2.pid)",
  postgresql: "$(head -n 1 /var/lib/postgresql/17/lab/postmaster.pid)",
} as const;

lab.each(["nginx", "apache", "postgresql"] as const)(
  "%s: where its service says that it has read the new files, and has not, the old ones come back",
  { timeout: 4 * MINUTES },
  async (server) => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, [server]);
    const unit = `${server}.service`;
    const manager = await standInForSystemd(host, [{ unit, pid: PID_OF[server], reload: "true" }]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], [server]);
    await failsAndGoesBack({ app, host, server }, ":");
    expect(await manager.asked()).toContain(`reload ${unit}`);
  },
);

/** A second name of a server that reads the same files. */
const SECOND = {
  nginx: `sed 's/nginx.lab/second.lab/' /etc/nginx/sites-available/shop > /etc/nginx/sites-enabled/second; nginx -s reload`,
  apache: `sed 's/apache.lab/second.lab/' /etc/apache2/sites-enabled/wiki.conf > /etc/apache2/sites-enabled/zwei.conf
    apache2 -k graceful -f /etc/apache2/apache2.conf`,
} as const;

/** It is served from a copy of them from now on, which nobody renews. */
const FROM_A_COPY = {
  nginx: "sed -i s,/etc/tls/nginx,/srv/nginx, /etc/nginx/sites-enabled/second",
  apache: "sed -i s,/etc/tls/apache,/srv/apache, /etc/apache2/sites-enabled/zwei.conf",
  // What a client is told at one port; the other goes on.
  postfix: `printf '  -o smtpd_tls_cert_file=/srv/postfix.pem\\n  -o smtpd_tls_key_file=/srv/postfix.key\\n' > /run/more
    sed -i '/syslog_name=submission/r /run/more' /etc/postfix/master.cf; postfix reload 2>/dev/null`,
} as const;

lab.each(["nginx", "apache"] as const)(
  "%s: where one of its two names goes on to be served the old one, both go back",
  { timeout: 4 * MINUTES },
  async (server) => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, [server]);
    await host.run(`(${SECOND[server]}) </dev/null >/dev/null 2>&1`);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], [server]);
    const meanwhile = `cp -p /etc/tls/* /srv/; ${FROM_A_COPY[server]}`;
    const { message } = await failsAndGoesBack({ app, host, server }, meanwhile);
    expect(message).toMatch(/second\.lab serves .*, which is the one before; it was taken back/);
    expect(message).not.toContain(`${server}.lab serves`);
  },
);

lab(
  "postfix: where one of its two ports goes on to serve the old one, both go back",
  { timeout: 4 * MINUTES },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["postfix"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["postfix"]);
    const place = { app, host, server: "postfix" } as const;
    const { message } = await failsAndGoesBack(place, `cp -p /etc/tls/* /srv/; ${FROM_A_COPY.postfix}`);
    expect(message).toMatch(/:587\/\S+ serves .*, which is the one before; it was taken back/);
    expect(message).not.toContain(":25/");
  },
);
