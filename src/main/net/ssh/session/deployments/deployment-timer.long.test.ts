import { afterAll, beforeAll, expect, test } from "vitest";
import { reloadService } from "#net/ssh/session/inspect-deployment.ts";
import {
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  startDeploymentTimer,
  stopDeploymentTimer,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { SERVED, type ServersHost, startServersHost } from "#testing/lab/start-servers-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { requestName } from "#testing/tls/openssl.ts";
import { DEPLOYMENT, openDeploymentSession, planFile, serviceOf } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());

/** Stands in for systemd-run, because no service manager runs here: runs the command after the time. */
const STAND_IN = `#!/bin/sh
# A stand-in for systemd-run.
for word do
	case $word in --on-active=*) after=\${word#*=} ;; --unit=*) unit=\${word#*=} ;; --property=*) property=\${word#*=} ;; esac
	last=$word
done
# Unless it is told otherwise, all that its service has started ends with it.
setsid sh -c 'sleep "$1"; /bin/sh "$2"; [ "$3" = KillMode=process ] || pkill -KILL -s 0' "$unit" "$after" "$last" "$property" >/dev/null 2>&1 </dev/null &
`;
const WAYS = ["systemd-run", "at", "sleep"] as const;

let host: ServersHost;
beforeAll(async () => {
  if (!canStartHosts()) return;
  host = await startServersHost(
    ["nginx"],
    `rm -rf /var/spool/cron/atjobs/* /var/spool/cron/atspool/*
    atd
    mkdir -p /run/systemd/system
    rm /usr/bin/systemd-run
    cat > /usr/bin/systemd-run <<'END'
${STAND_IN}END
    chmod 755 /usr/bin/systemd-run`,
  );
});
afterAll(() => host?.[Symbol.asyncDispose]());

const NGINX = serviceOf("nginx");
const served = () => requestName({ host: host.address, port: SERVED.nginx.port, name: null });
const state = () => host.run("cd /etc/tls; stat -c '%n %i %U %G %a' *; sha256sum *");

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;

async function stage(hand: Hand, isBad = false) {
  const files = [
    await planFile(hand, "/etc/tls/nginx.pem", "chain"),
    await planFile(hand, "/etc/tls/nginx.key", "key"),
  ];
  const [made, other] = await Promise.all([makeCertificate({ names: ["new.lab"] }), makeCertificate()]);
  const key = new Redacted(Buffer.from((isBad ? other : made).keyPem));
  const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(made.pem), key });
  if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
  return { ...DEPLOYMENT, files, newHashes: staged.newHashes };
}

lab.each(WAYS)(
  "what nobody calls off is put back after its time and its server told, by %s, though the session is gone",
  async (way) => {
    const atFirst = await state();
    {
      await using hand = await openDeploymentSession(startShellIn(host));
      const pair = await stage(hand);
      expect(
        await startDeploymentTimer(hand, { ...pair, timer: way, seconds: 8, services: [NGINX] }),
      ).toEqual({
        kind: "armed",
      });
      expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "swapped" });
      expect(await reloadService(hand, NGINX)).toMatchObject({ kind: "reloaded" });
      expect(await served()).toBe("new.lab");
      await hand.kill();
    }
    await expect.poll(served, { timeout: 60_000 }).toBe("nginx.lab");
    expect(await state()).toBe(atFirst);
    await using hand = await openDeploymentSession(startShellIn(host));
    await expect
      .poll(() => stopDeploymentTimer(hand, DEPLOYMENT), { timeout: 20_000 })
      .toEqual({ kind: "fired" });
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "fired" });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run("ls -A /var/lib")).not.toContain("latchkey");
  },
);

lab.each(WAYS)("what was called off stays, and what is armed does not end, by %s", async (way) => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stage(hand);
  expect(await startDeploymentTimer(hand, { ...pair, timer: way, seconds: 3, services: [NGINX] })).toEqual({
    kind: "armed",
  });
  expect(await startDeploymentTimer(hand, { ...pair, timer: way, seconds: 3, services: [NGINX] })).toEqual({
    kind: "armed",
  });
  await swapDeployment(hand, pair);
  expect(await finishDeployment(hand, DEPLOYMENT)).toMatchObject({ kind: "refused", why: "armed" });
  expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "disarmed" });
  expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "disarmed" });
  const swapped = await state();
  // The stand-in's timers cannot be stopped: they fire, and find nothing to do.
  await host.run(
    `until [ -z "$(pgrep -f '[l]atchkey.*${DEPLOYMENT.token}'; find /var/spool/cron/atjobs -type f ! -name .SEQ)" ]; do sleep 0.1; done`,
  );
  expect(await state()).toBe(swapped);
  await rollBackDeployment(hand, pair);
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab.each(WAYS)("what a described server starts when it is told by the host stays, by %s", async (way) => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stage(hand);
  const reload = "sleep 9876 >/dev/null 2>&1 &";
  const consumers = [{ ...serviceOf("described"), described: { test: null, reload } }];
  expect(await startDeploymentTimer(hand, { ...pair, timer: way, seconds: 1, services: consumers })).toEqual({
    kind: "armed",
  });
  await host.run(`until pgrep -f '^sleep 9876' && [ -z "$(pgrep -f '[r]evert-pair')" ]; do sleep 0.1; done`);
  expect(await host.run("pgrep -cf '^sleep 9876'; pkill -f '^sleep 9876'")).toBe("1\n");
  expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "fired" });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab(
  "an end takes away what a try has left that was killed, and nothing of others in the place of one",
  async () => {
    await using hand = await openDeploymentSession(startShellIn(host));
    const name = `latchkey-try-${DEPLOYMENT.token}-deployment`;
    await stage(hand);
    await host.run(`mkdir /run/${name} /tmp/${name}; : > /tmp/${name}/store; : > /run/${name}/key.pem`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run("ls -A /run /tmp")).not.toContain("latchkey-try");
    await stage(hand);
    await host.run(
      `mkdir /run/theirs; : > /run/theirs/precious; chown daemon: /run/theirs; ln -s /run/theirs /tmp/${name}`,
    );
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    await host.run(`rm /tmp/${name}; mv /run/theirs /tmp/${name}`);
    await stage(hand);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await host.run(`ls /tmp/${name}; rm -r /tmp/${name}`)).toBe("precious\n");
  },
);

lab("a signal that is taken for good, and not obeyed, is seen by what is served alone", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stage(hand, true);
  await swapDeployment(hand, pair);
  // nginx's own reload tests the files first, and reports what is wrong.
  expect(await reloadService(hand, NGINX)).toMatchObject({
    kind: "not-reloaded",
    said: expect.stringContaining("key values mismatch"),
  });
  const hasty = {
    ...serviceOf("described"),
    described: { test: null, reload: "kill -HUP $(cat /run/nginx.pid)" },
  };
  expect(await reloadService(hand, hasty)).toMatchObject({ kind: "reloaded" });
  expect(await served()).toBe("nginx.lab");
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await reloadService(hand, NGINX)).toMatchObject({ kind: "reloaded" });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});
