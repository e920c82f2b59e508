import { expect, test } from "vitest";
import type { LabHost } from "#testing/lab/start-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, renewalOf, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { showLeaf } from "#testing/runs/watch-hosts.ts";

const lab = test.skipIf(!canStartHosts());

const at = ({ address }: LabHost, port = 443) => ({ host: address, port, serverName: null });

/** All files that are served from. */
const filesOf = (host: LabHost) => host.run("cd /etc/tls; ls -A; sha256sum *; stat -c '%n %i %U %G %a %Y' *");

/** All that a run may leave. */
const leftOn = (host: LabHost) => host.run("ls -A /var/lib/latchkey 2>/dev/null || :");

lab(
  "a server that is told and goes on to serve the old certificate gets back the very files that were there",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await scanServers(app, [host], ["nginx"]);
    const planned = await makePlan(app, renewalOf({ endpoints: [at(host)] }), { rollbackAfterSeconds: 30 });
    const before = await filesOf(host);
    // Its master is stopped, and whoever sends it a signal cannot know that.
    await host.run("kill -STOP $(cat /run/nginx.pid 2>/dev/null || pgrep -o nginx)");
    const stopped = await carryOut(app, planned);
    await host.run("kill -CONT $(cat /run/nginx.pid 2>/dev/null || pgrep -o nginx)");
    expect(stopped).toMatchObject({ state: "stopped", failed: 1 });
    expect(await filesOf(host)).toBe(before);
    const back = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: stopped.id });
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
    const planned = await makePlan(app, renewalOf({ endpoints: [at(host)] }), { postCheckMinutes: 0 });
    const before = await filesOf(host);
    const resume = (runId: number) =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: runId as never });
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
    const request = renewalOf({ endpoints: [at(host), at(host, 25)] });
    const waiting = await carryOut(app, await makePlan(app, request));
    expect(waiting).toMatchObject({
      state: "waiting",
      orders: [{ state: "installed" }, { state: "installed" }],
    });
    expect(waiting.dueAt).not.toBeNull();
    expect(await showLeaf({ host: host.address, port: 443 })).not.toEqual(leaf);
    const back = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: waiting.id });
      return waiting.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });
    expect(await filesOf(host)).toBe(before);
    expect(await showLeaf({ host: host.address, port: 443 })).toEqual(leaf);
    expect(await leftOn(host)).toBe("");
  },
  240_000,
);
