/** One whole renewal, from its plan to the post-deployment check; what may go wrong meanwhile is in the long tests. */
import { expect, test } from "vitest";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, renewalOf, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { requestName } from "#testing/tls/openssl.ts";

test.skipIf(!canStartHosts())(
  "nginx serves a new certificate of our own authority, whose key never left the host, also where the vault was locked meanwhile, and an hour later nothing is left of the run",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["nginx"]);
    const planned = await makePlan(
      app,
      renewalOf({ endpoints: [{ host: host.address, port: 443, serverName: null }] }),
    );
    expect(planned.plan?.leftOut).toEqual([]);
    expect(planned.plan?.checks.filter(({ state }) => state !== "ok")).toMatchObject([
      {
        state: "acknowledge",
        id: "trust",
        text: expect.stringMatching(
          /^CN=nginx.lab: the old one is signed by itself, and the new one leads to corp root \w{8}; clients that were given the old one will refuse the new one$/,
        ),
      },
    ]);
    expect(planned.plan?.hosts[0]?.certificates).toMatchObject([
      {
        id: "c0",
        subject: "CN=nginx.lab",
        names: ["nginx.lab"],
        issuer: { name: "corp", kind: "local" },
        key: { kind: "p256", made: "there" },
        files: [
          { path: "/etc/tls/nginx.key", holds: "key" },
          { path: "/etc/tls/nginx.pem", holds: "chain" },
        ],
        services: [{ server: "nginx", test: "staged", reload: "HUP to its master" }],
        verificationEndpoints: [{ address: host.address, serverName: "nginx.lab" }, { serverName: null }],
      },
    ]);
    const before = await host.run("cat /etc/tls/nginx.key");
    await app.client.vault.lock();
    const paused = await carryOut(app, planned);
    expect(paused).toMatchObject({ state: "paused", orders: [{ state: "requested" }] });
    expect(paused.message).toContain("the vault is locked");
    await desk.unlock(app);
    const waiting = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: paused.id });
      return paused.id;
    });
    expect(waiting).toMatchObject({ state: "waiting", failed: 0 });
    expect(waiting.orders).toMatchObject([{ state: "installed", names: ["nginx.lab"] }]);
    const ended = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: waiting.id, endsGrace: true });
      return waiting.id;
    });
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(await requestName({ host: host.address, port: 443, name: null })).toBe("nginx.lab");
    expect(await host.run("cat /etc/tls/nginx.key")).not.toBe(before);
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
    const { rows } = await app.client.served.list({});
    expect(rows[0]?.certificate?.sha256).toBe(ended.orders[0]?.sha256);
  },
  240_000,
);
