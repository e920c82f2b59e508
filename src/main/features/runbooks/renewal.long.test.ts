import { expect, test } from "vitest";
import type { RenewalWish } from "#shared/contract/runbooks.ts";
import type { LabHost } from "#testing/lab/start-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runbooks/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runbooks/renewal-desk.ts";
import { showLeaf } from "#testing/runbooks/watch-served.ts";
import { askName } from "#testing/tls/ask-name.ts";

const lab = test.skipIf(!canStartHosts());

const renewalOf = (more: Partial<RenewalWish>): RenewalWish => ({
  kind: "rotate-certificate",
  certificates: [],
  endpoints: [],
  isDue: false,
  issuer: "corp",
  keyKind: null,
  makesKeyHere: false,
  challenge: null,
  described: null,
  ...more,
});

const at = ({ address }: LabHost, port = 443) => ({ host: address, port, serverName: null });

/** All that is served from. */
const filesOf = (host: LabHost) => host.run("cd /etc/tls; ls -A; sha256sum *; stat -c '%n %i %U %G %a %Y' *");

/** All that a run may leave. */
const leftOn = (host: LabHost) => host.run("ls -A /var/lib/latchkey 2>/dev/null || :");

lab(
  "nginx serves a new certificate of our own authority, whose key never left the host, also where the vault was locked meanwhile, and an hour later nothing is left of the run",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["nginx"]);
    const planned = await makePlan(app, renewalOf({ endpoints: [at(host)] }));
    expect(planned.plan?.leftOut).toEqual([]);
    expect(planned.plan?.checks.filter(({ state }) => state !== "ok")).toEqual([]);
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
        consumers: [{ server: "nginx", test: "staged", reload: "HUP to its master" }],
        proofs: [{ address: host.address, serverName: "nginx.lab" }, { serverName: null }],
      },
    ]);
    const before = await host.run("cat /etc/tls/nginx.key");
    await app.client.vault.lock();
    const paused = await carryOut(app, planned);
    expect(paused).toMatchObject({ state: "paused", orders: [{ state: "requested" }] });
    expect(paused.message).toContain("the vault is locked");
    await desk.unlock(app);
    const waiting = await untilStill(app, async () => {
      await app.client.runbooks.resume({ runId: paused.id });
      return paused.id;
    });
    expect(waiting).toMatchObject({ state: "waiting", failed: 0 });
    expect(waiting.orders).toMatchObject([{ state: "installed", names: ["nginx.lab"] }]);
    const ended = await untilStill(app, async () => {
      await app.client.runbooks.resume({ runId: waiting.id, endsGrace: true });
      return waiting.id;
    });
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(await askName({ host: host.address, port: 443, name: null })).toBe("nginx.lab");
    expect(await host.run("cat /etc/tls/nginx.key")).not.toBe(before);
    expect(await leftOn(host)).toBe("");
    const { rows } = await app.client.served.list({});
    expect(rows[0]?.certificate?.sha256).toBe(ended.orders[0]?.sha256);
  },
  240_000,
);

lab(
  "a server that is told and goes on to serve the old certificate gets back the very files that were there",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["nginx"]);
    const planned = await makePlan(app, renewalOf({ endpoints: [at(host)] }), { deadManSeconds: 30 });
    const before = await filesOf(host);
    // Its master does not hear; whoever has told it cannot know.
    await host.run("kill -STOP $(cat /run/nginx.pid 2>/dev/null || pgrep -o nginx)");
    const stopped = await carryOut(app, planned);
    await host.run("kill -CONT $(cat /run/nginx.pid 2>/dev/null || pgrep -o nginx)");
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    expect(await filesOf(host)).toBe(before);
    const back = await untilStill(app, async () => {
      await app.client.runbooks.rollBack({ runId: stopped.id });
      return stopped.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });
    expect(await filesOf(host)).toBe(before);
    expect(await leftOn(host)).toBe("");
  },
  240_000,
);

lab(
  "a server whose configuration is broken, and a file that somebody else has changed, are left as they are; once that is mended the run goes on",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["nginx"]);
    const planned = await makePlan(app, renewalOf({ endpoints: [at(host)] }), { recheckMinutes: 0 });
    const before = await filesOf(host);
    const resume = (runId: number) =>
      untilStill(app, async () => {
        await app.client.runbooks.resume({ runId: runId as never });
        return runId;
      });
    await host.run("echo 'no_such_directive;' >> /etc/nginx/nginx.conf");
    const broken = await carryOut(app, planned);
    expect(broken).toMatchObject({ state: "stopped", failed: 1 });
    expect(broken.message).toMatch(
      /nginx fails its own test before anything is changed: .*no_such_directive.*; nothing was ordered/s,
    );
    expect(await filesOf(host)).toBe(before);

    await host.run("sed -i '$d' /etc/nginx/nginx.conf; cd /etc/tls; cp -p nginx.pem kept; echo >> nginx.pem");
    const changed = await resume(broken.id);
    expect(changed).toMatchObject({ state: "stopped", failed: 1 });
    expect(changed.message).toContain("was changed by somebody else since the plan was made");

    await host.run("cd /etc/tls; mv kept nginx.pem");
    expect(await resume(broken.id)).toMatchObject({ state: "committed", message: "" });
    expect(await filesOf(host)).not.toBe(before);
    expect(await leftOn(host)).toBe("");
  },
  240_000,
);

lab(
  "what was put in place and is served goes back to the very files that were there, while it waits to be looked at again",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx", "postfix"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["nginx", "postfix"]);
    const [before, leaf] = [await filesOf(host), await showLeaf({ host: host.address, port: 443 })];
    const wish = renewalOf({ endpoints: [at(host), at(host, 25)] });
    const waiting = await carryOut(app, await makePlan(app, wish));
    expect(waiting).toMatchObject({
      state: "waiting",
      orders: [{ state: "installed" }, { state: "installed" }],
    });
    expect(waiting.dueAt).not.toBeNull();
    expect(await showLeaf({ host: host.address, port: 443 })).not.toEqual(leaf);
    const back = await untilStill(app, async () => {
      await app.client.runbooks.rollBack({ runId: waiting.id });
      return waiting.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });
    expect(await filesOf(host)).toBe(before);
    expect(await showLeaf({ host: host.address, port: 443 })).toEqual(leaf);
    expect(await leftOn(host)).toBe("");
  },
  240_000,
);
