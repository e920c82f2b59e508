import { expect, test } from "vitest";
import { RenewalWish } from "#shared/contract/runbooks.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import type { HostedServer } from "#testing/lab/start-servers-host.ts";
import { carryOut, makePlan } from "#testing/runbooks/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runbooks/renewal-desk.ts";

const SERVERS: readonly HostedServer[] = [
  ...(["nginx", "apache", "haproxy", "postfix", "dovecot"] as const),
  ...(["slapd", "postgresql", "mysql"] as const),
];

test.skipIf(!canStartHosts())(
  "the servers of one host get new certificates of our own authority in one run, each proved after what is said before its TLS",
  { timeout: 600_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, SERVERS);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], SERVERS);
    const { rows } = await app.client.certificates.list({ limit: 100 });
    const leaves = rows.filter(({ subject }) => SERVERS.some((server) => subject === `CN=${server}.lab`));
    expect(leaves.map(({ subject }) => subject).toSorted()).toEqual(
      SERVERS.map((server) => `CN=${server}.lab`).toSorted(),
    );
    const wish = RenewalWish.parse({
      ...{ kind: "rotate-certificate", issuer: "corp", certificates: leaves.map(({ sha256 }) => sha256) },
    });
    const planned = await makePlan(app, wish, { recheckMinutes: 0, deadManSeconds: 600 });
    // No supervisor is there to start it again, and it reads a pair only then.
    expect(planned.plan?.leftOut).toEqual([
      expect.stringMatching(/CN=slapd.lab: slapd .* cannot be told of new files/),
    ]);
    const ended = await carryOut(app, planned);
    expect(ended).toMatchObject({ state: "committed", message: "", failed: 0 });
    expect(ended.orders).toHaveLength(SERVERS.length - 1);
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
);
