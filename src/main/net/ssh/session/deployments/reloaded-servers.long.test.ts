import { afterAll, beforeAll, expect, test } from "vitest";
import { inspectServer, reloadService, testDeployment } from "#net/ssh/session/inspect-deployment.ts";
import {
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  startDeploymentTimer,
  stopDeploymentTimer,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import type { DeploymentFile } from "#shared/model/runs/deployment.ts";
import { RESTART } from "#shared/model/runs/deployment.ts";
import { Redacted } from "#shared/model/secret.ts";
import { standInForSystemd } from "#testing/lab/own-clock.ts";
import { SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import {
  type HostedServer,
  SERVED,
  type ServersHost,
  startServersHost,
  startWithLdapi,
} from "#testing/lab/start-servers-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { PID_OF } from "#testing/runs/failing-renewals.ts";
import { DEPLOYMENT, openDeploymentSession, planFile, serviceOf } from "./testing/deployment-session.ts";
import { servedBy } from "./testing/served-by.ts";

const lab = test.skipIf(!canStartHosts());

/** What each server does on reload with files that it cannot read. */
const WITH_A_BAD_PAIR = {
  postfix: { server: "postfix", told: "reloaded", keeps: false },
  dovecot: { server: "dovecot", told: "reloaded", keeps: false },
  slapd: { server: "slapd", told: "not-reloaded", keeps: false },
  postgresql: { server: "postgresql", told: "not-reloaded", keeps: true },
  mysql: { server: "mariadb", told: "not-reloaded", keeps: true },
} as const;
type Name = keyof typeof WITH_A_BAD_PAIR;
const NAMES = Object.keys(WITH_A_BAD_PAIR) as Name[];

let host: ServersHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startWithLdapi(NAMES);
}, 120_000);
afterAll(() => host?.[Symbol.asyncDispose]());

const served = (name: HostedServer, where = host) => servedBy({ host: where.address, ...SERVED[name] });
type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;

const planned = async (hand: Hand, name: HostedServer) => [
  await planFile(hand, `/etc/tls/${name}.pem`, "chain"),
  await planFile(hand, `/etc/tls/${name}.key`, "key"),
];

async function stage(hand: Hand, files: DeploymentFile[], { pem, keyPem }: { pem: string; keyPem: string }) {
  const key = new Redacted(Buffer.from(keyPem));
  const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(pem), key });
  if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
  return { ...DEPLOYMENT, files, newHashes: staged.newHashes };
}

async function swapIn(hand: Hand, name: HostedServer, made: { pem: string; keyPem: string }) {
  const pair = await stage(hand, await planned(hand, name), made);
  expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
  return pair;
}

lab.each(NAMES)("%s: a pair that it cannot read is never taken for served, and goes back", async (name) => {
  const { server, told, keeps } = WITH_A_BAD_PAIR[name];
  const old = await served(name);
  const [one, other] = [await makeCertificate(), await makeCertificate()];
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await swapIn(hand, name, { pem: one.pem, keyPem: other.keyPem });
  expect(await reloadService(hand, serviceOf(server), pair)).toMatchObject({ kind: told });
  const now = await served(name);
  expect(now).not.toBe(hashOf(one.der));
  expect(now === old).toBe(keeps);
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await reloadService(hand, serviceOf(server), pair)).toMatchObject({ kind: "reloaded" });
  expect(await served(name)).toBe(old);
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab("Dovecot says that it keeps what it had where a file is missing", async () => {
  const old = await served("dovecot");
  await using hand = await openDeploymentSession(startShellIn(host));
  await host.run("mv /etc/tls/dovecot.key /etc/tls/away");
  expect(await reloadService(hand, serviceOf("dovecot"))).toMatchObject({
    kind: "not-reloaded",
    said: expect.stringContaining("/etc/tls/dovecot.key"),
  });
  expect(await served("dovecot")).toBe(old);
  await host.run("mv /etc/tls/away /etc/tls/dovecot.key");
  expect(await reloadService(hand, serviceOf("dovecot"))).toMatchObject({ kind: "reloaded" });
});

lab(
  "a name that Postfix has in a table with a certificate of its own gets the new one, and the old one again",
  async () => {
    const [first, made] = [await makeCertificate({ names: ["sni.lab"] }), await makeCertificate()];
    await host.run(`
cat >/etc/tls/sni.pem <<'END'\n${first.pem}END
cat >/etc/tls/sni.key <<'END'\n${first.keyPem}END
    echo 'sni.lab /etc/tls/sni.key, /etc/tls/sni.pem' >/etc/postfix/sni
    echo 'tls_server_sni_maps = hash:/etc/postfix/sni' >>/etc/postfix/main.cf
    postmap -F hash:/etc/postfix/sni
    postfix reload 2>/dev/null
  `);
    const named = () => servedBy({ host: host.address, ...SERVED.postfix, serverName: "sni.lab" });
    const other = await served("postfix");
    expect(await named()).toBe(hashOf(first.der));
    await using hand = await openDeploymentSession(startShellIn(host));
    const files = [
      await planFile(hand, "/etc/tls/sni.pem", "chain"),
      await planFile(hand, "/etc/tls/sni.key", "key"),
    ];
    const pair = await stage(hand, files, made);
    const consumer = serviceOf("postfix");
    expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "passed" });
    expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "swapped" });
    expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
    expect(await named()).toBe(hashOf(made.der));
    expect(await served("postfix")).toBe(other);
    expect(await rollBackDeployment(hand, pair)).toMatchObject({ kind: "back" });
    expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
    expect(await named()).toBe(hashOf(first.der));
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  },
);

lab(
  "what nobody says is well goes back by itself, and the server is told of that, too",
  async () => {
    const old = await served("postgresql");
    const made = await makeCertificate();
    const consumer = serviceOf("postgresql");
    await using hand = await openDeploymentSession(startShellIn(host));
    const files = await planned(hand, "postgresql");
    const pair = await stage(hand, files, made);
    const arming = { ...pair, timer: "sleep" as const, seconds: 3, services: [consumer] };
    expect(await startDeploymentTimer(hand, arming)).toEqual({ kind: "armed" });
    expect(await swapDeployment(hand, pair)).toMatchObject({ kind: "swapped" });
    expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
    expect(await served("postgresql")).toBe(hashOf(made.der));
    await expect.poll(() => served("postgresql"), { timeout: 60_000 }).toBe(old);
    expect(await stopDeploymentTimer(hand, DEPLOYMENT)).toEqual({ kind: "fired" });
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  },
  90_000,
);

lab("nothing is written into the root folder where servers are told", async () => {
  const before = await host.run("ls -A /");
  await using hand = await openDeploymentSession(startShellIn(host));
  const paths = ["/etc/tls/postgresql.pem", "/etc/tls/postgresql.key"];
  expect(await inspectServer(hand, { server: "postgresql", config: null, paths })).toMatchObject({
    reloadedBy: "command",
  });
  for (const name of ["postfix", "dovecot"] as const)
    expect(await reloadService(hand, serviceOf(name))).toMatchObject({ kind: "reloaded" });
  expect(await host.run("ls -A /")).toBe(before);
});

lab("a server that a service manager looks after is told by it: tried with a stand-in", async () => {
  const pidOf = {
    postfix: "$(tr -d ' ' </var/spool/postfix/pid/master.pid)",
    dovecot: "$(cat /run/dovecot/master.pid)",
    postgresql: "$(head -n 1 /var/lib/postgresql/17/lab/postmaster.pid)",
  };
  const manager = await standInForSystemd(host, [
    { unit: "postfix@-.service", pid: pidOf.postfix, reload: "postfix reload" },
    { unit: "dovecot.service", pid: pidOf.dovecot, reload: "doveadm reload" },
    {
      unit: "postgresql@17-lab.service",
      pid: pidOf.postgresql,
      reload: "kill -HUP $(head -n 1 /var/lib/postgresql/17/lab/postmaster.pid)",
    },
  ]);
  await using hand = await openDeploymentSession(startShellIn(host));
  for (const name of ["postfix", "dovecot", "postgresql"] as const) {
    const made = await makeCertificate();
    const pair = await swapIn(hand, name, made);
    const paths = pair.files.map(({ real }) => real);
    expect(await inspectServer(hand, { server: name, config: null, paths })).toMatchObject({
      reloadedBy: "unit",
    });
    expect(await reloadService(hand, serviceOf(name), pair)).toMatchObject({ kind: "reloaded" });
    expect(await served(name)).toBe(hashOf(made.der));
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  }
  expect(await manager.asked()).toBe(
    "reload postfix@-.service\nreload dovecot.service\nreload postgresql@17-lab.service\n",
  );
});

lab("a PostgreSQL whose log may not be read is not said to have taken a pair that it refuses", async () => {
  const old = await served("postgresql");
  const [one, other] = [await makeCertificate(), await makeCertificate()];
  const log = "/var/lib/postgresql/17/lab/log";
  const pid = "$(head -n 1 /var/lib/postgresql/17/lab/postmaster.pid)";
  await standInForSystemd(host, [{ unit: "postgresql@17-lab.service", pid, reload: `kill -HUP ${pid}` }]);
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await swapIn(hand, "postgresql", { pem: one.pem, keyPem: other.keyPem });
  // Root's own file, as if a systemd unit appends to it.
  const mode = await host.run(`stat -c %a ${log}; chown root: ${log}; chmod 600 ${log}`);
  expect(await reloadService(hand, serviceOf("postgresql"), pair)).toMatchObject({
    kind: "reloaded",
    said: expect.stringContaining("is not known: its log could not be read"),
  });
  expect(await served("postgresql")).toBe(old);
  await host.run(`chmod ${mode.trim()} ${log}`);
  expect(await reloadService(hand, serviceOf("postgresql"), pair)).toMatchObject({ kind: "not-reloaded" });
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await reloadService(hand, serviceOf("postgresql"), pair)).toMatchObject({
    kind: "reloaded",
    said: expect.not.stringContaining("not known"),
  });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab("a Postfix whose first process is stopped is given up before the session is", async () => {
  await using stopped = await startServersHost(["postfix"]);
  await using hand = await openDeploymentSession(startShellIn(stopped));
  // Nothing restarts the log writer, and messages wait once its buffer is full.
  await stopped.run(`kill -STOP ${PID_OF.postfix}; kill $(pidof postlogd)
    while timeout 1 postlog -t lab full; do :; done`);
  expect(await reloadService(hand, serviceOf("postfix"))).toMatchObject({
    kind: "not-reloaded",
    said: expect.stringContaining("postfix was given 45 seconds, and had not ended"),
  });
});

lab("slapd that root cannot tell is started again, and only where that was agreed to", async () => {
  await using alone = await startServersHost(["slapd"]);
  const paths = ["/etc/tls/slapd.pem", "/etc/tls/slapd.key"];
  const look = { server: "slapd", config: null, paths } as const;
  await using hand = await openDeploymentSession(startShellIn(alone));
  expect(await inspectServer(hand, look)).toMatchObject({
    reloadedBy: "none",
    said: expect.stringContaining("no supervisor"),
  });
  const start = `slapd -h "ldap://${alone.address} ldaps://${alone.address}" -F /etc/ldap/slapd.d`;
  const manager = await standInForSystemd(alone, [
    {
      unit: "slapd.service",
      pid: "$(cat /run/slapd/slapd.pid)",
      restart: `kill $(cat /run/slapd/slapd.pid); while [ -e /run/slapd/slapd.pid ]; do sleep 0.02; done; ${start} >/dev/null 2>&1`,
    },
  ]);
  const old = await served("slapd", alone);
  const made = await makeCertificate();
  const pair = await swapIn(hand, "slapd", made);
  expect(await inspectServer(hand, look)).toMatchObject({ reloadedBy: "restart" });
  expect(await reloadService(hand, serviceOf("slapd"), pair)).toMatchObject({ kind: "not-reloaded" });
  expect(await served("slapd", alone)).toBe(old);
  expect(await manager.asked()).toBe("");
  const agreed = { ...serviceOf("slapd"), reload: RESTART };
  expect(await reloadService(hand, agreed, pair)).toMatchObject({ kind: "reloaded" });
  // It has begun, and may not listen yet.
  await expect.poll(() => served("slapd", alone), { timeout: 60_000 }).toBe(hashOf(made.der));
  expect(await manager.asked()).toBe("restart slapd.service\n");
});

lab("a described server is tried and told by the commands that its user has given", async () => {
  await using web = await startServersHost(["nginx"]);
  const consumer = {
    ...serviceOf("described"),
    described: { test: "nginx -t -q", reload: "nginx -s reload" },
  };
  await using hand = await openDeploymentSession(startShellIn(web));
  const [one, other] = [await makeCertificate(), await makeCertificate()];
  const files = await planned(hand, "nginx");
  const bad = await stage(hand, files, { pem: one.pem, keyPem: other.keyPem });
  await web.run("mv /usr/bin/openssl /usr/bin/openssl.kept");
  expect(await testDeployment(hand, { ...bad, service: consumer })).toMatchObject({
    kind: "failed",
    said: expect.stringContaining("key values mismatch"),
  });
  await web.run("mv /usr/bin/openssl.kept /usr/bin/openssl");
  const good = await stage(hand, files, one);
  expect(await testDeployment(hand, { ...good, service: consumer })).toMatchObject({ kind: "passed" });
  const untried = { ...consumer, described: { ...consumer.described, test: null } };
  expect(await testDeployment(hand, { ...good, service: untried })).toMatchObject({ kind: "untested" });
  expect(await swapDeployment(hand, good)).toEqual({ kind: "swapped", already: false });
  expect(await reloadService(hand, consumer, good)).toMatchObject({ kind: "reloaded" });
  // A signal makes it reload; the command returns before nginx has read anything.
  await expect.poll(() => served("nginx", web)).toBe(hashOf(one.der));
  const wrong = { ...consumer, described: { test: null, reload: "echo no such service >&2; exit 5" } };
  expect(await reloadService(hand, wrong, good)).toMatchObject({
    kind: "not-reloaded",
    said: "no such service",
  });
  // A background process, such as a server that the command started, is not waited for.
  const left = "sleep 600 & echo $! >/run/left; echo told";
  for (const shell of SHELLS) {
    await using other = await openDeploymentSession(startShellIn(web, { shell }));
    const starting = { ...consumer, described: { test: left, reload: left } };
    expect(await reloadService(other, starting, good), shell).toMatchObject({
      kind: "reloaded",
      said: "told",
    });
    await web.run("kill $(cat /run/left)");
    expect(await testDeployment(other, { ...good, service: starting }), shell).toMatchObject({
      kind: "passed",
      said: "told",
    });
    await web.run("kill $(cat /run/left)");
  }
  expect(await web.run("ls /run | grep latchkey-output || :")).toBe("");
});
