import { afterAll, beforeAll, expect, test } from "vitest";
import { reloadService, testDeployment } from "#net/ssh/session/inspect-deployment.ts";
import {
  createDeploymentKey,
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  startDeploymentTimer,
  stopDeploymentTimer,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { SERVED, type ServersHost, startServersHost } from "#testing/lab/start-servers-host.ts";
import { issueForRequest } from "#testing/tls/make-request.ts";
import { requestName } from "#testing/tls/openssl.ts";
import { DEPLOYMENT, openDeploymentSession, planFile, serviceOf } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());

let host: ServersHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startServersHost(["nginx"]);
});
afterAll(() => host?.[Symbol.asyncDispose]());

const served = () => requestName({ host: host.address, port: SERVED.nginx.port, name: null });
const NGINX = serviceOf("nginx");
const state = () =>
  host.run(
    "cd /etc/tls; ls -A; sha256sum *; stat -c '%n %i %U %G %a' *; getfacl -p *; getfattr -d -m . * 2>/dev/null; ls -A /var/lib/latchkey 2>/dev/null || :",
  );

lab(
  "nginx serves a new pair whose key was made on its host, and the very files that were there once it is put back",
  async () => {
    await host.run(
      "cd /etc/tls; chgrp www-data nginx.key; chmod 640 nginx.key; setfacl -m u:daemon:r nginx.key; setfattr -n user.note -v kept nginx.pem",
    );
    const atFirst = await state();
    await using hand = await openDeploymentSession(startShellIn(host));
    const made = await createDeploymentKey(hand, {
      ...DEPLOYMENT,
      key: "p256",
      names: ["nginx.lab", "127.0.0.1"],
    });
    expect(made).toMatchObject({ kind: "made" });
    expect(await createDeploymentKey(hand, { ...DEPLOYMENT, key: "p256", names: ["nginx.lab"] })).toEqual(
      made,
    );
    if (made.kind !== "made") return;
    const files = [
      await planFile(hand, "/etc/tls/nginx.pem", "chain"),
      await planFile(hand, "/etc/tls/nginx.key", "key"),
    ];
    const chain = await issueForRequest(made.csr, "new.lab");
    const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain, key: "made-there" });
    expect(staged).toMatchObject({ kind: "staged" });
    if (staged.kind !== "staged") return;
    expect(await stageDeployment(hand, { ...DEPLOYMENT, files, chain, key: "made-there" })).toEqual(staged);
    const pair = { ...DEPLOYMENT, files, newHashes: staged.newHashes };
    expect(await testDeployment(hand, { ...pair, service: NGINX })).toMatchObject({ kind: "passed" });
    expect(
      await startDeploymentTimer(hand, { ...pair, timer: "sleep", seconds: 600, services: [NGINX] }),
    ).toEqual({
      kind: "armed",
    });
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: true });
    expect(await served()).toBe("nginx.lab");
    expect(await reloadService(hand, NGINX)).toMatchObject({ kind: "reloaded" });
    expect(await served()).toBe("new.lab");
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "disarmed" });
    expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
    expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: true });
    expect(await reloadService(hand, NGINX)).toMatchObject({ kind: "reloaded" });
    expect(await served()).toBe("nginx.lab");
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await state()).toBe(atFirst);
  },
);

lab(
  "what lies in the way of a run on its host, and which file system is full, is said by its path",
  async () => {
    await using hand = await openDeploymentSession(startShellIn(host));
    const make = () => createDeploymentKey(hand, { ...DEPLOYMENT, key: "p256", names: ["nginx.lab"] });
    const files = [await planFile(hand, "/etc/tls/nginx.pem", "chain")];
    const stage = () => stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from("x"), key: "kept" });
    const arm = () =>
      startDeploymentTimer(hand, {
        ...DEPLOYMENT,
        files,
        newHashes: [files[0]?.before ?? ""],
        timer: "sleep" as const,
        seconds: 600,
        services: [NGINX],
      });
    const own = `/var/lib/latchkey/${DEPLOYMENT.token}/${DEPLOYMENT.id}`;
    const inTheWay = (path: string) => ({ kind: "refused", why: "path-occupied", detail: path });
    const full = { kind: "refused", why: "no-space", detail: "/var/lib/latchkey" };

    // The second could be left by an ended run: a lock is a link.
    const lock = `/var/lib/latchkey/held-${hashOf("/etc/tls/nginx.pem\n")}`;
    await host.run("rm -rf /var/lib/latchkey; : > /var/lib/latchkey");
    expect(await make()).toEqual(inTheWay("/var/lib/latchkey"));
    await host.run(
      `rm /var/lib/latchkey; mkdir -m 700 /var/lib/latchkey; : > /var/lib/latchkey/${DEPLOYMENT.token}`,
    );
    expect(await make()).toEqual(inTheWay(`/var/lib/latchkey/${DEPLOYMENT.token}`));
    await host.run(`rm /var/lib/latchkey/${DEPLOYMENT.token}`);
    expect(await make()).toMatchObject({ kind: "made" });
    await host.run(`: > ${lock}`);
    expect(await stage()).toEqual(inTheWay(lock));
    await host.run(`rm ${lock}; mkdir -p ${own}/part-0/full`);
    expect(await stage()).toEqual(inTheWay(`${own}/part-0`));
    await host.run("rm -r /var/lib/latchkey");

    // The key and its request still fit, and then the disk filled up.
    await host.run(
      "mkdir -m 700 /var/lib/latchkey; mount -t tmpfs -o mode=700,size=256k tmpfs /var/lib/latchkey",
    );
    try {
      expect(await make()).toMatchObject({ kind: "made" });
      await host.run("cat /dev/zero > /var/lib/latchkey/filler 2>/dev/null || :");
      expect(await stage()).toEqual(full);
      expect(await arm()).toEqual(full);
    } finally {
      await host.run("umount /var/lib/latchkey; rm -rf /var/lib/latchkey");
    }
  },
);
