import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reloadService, testDeployment } from "#net/ssh/session/inspect-deployment.ts";
import {
  createDeploymentKey,
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
  swapDeployment,
} from "#net/ssh/session/replace-deployment.ts";
import { hashOf } from "#net/ssh/session/testing/session-requests.ts";
import { Redacted } from "#shared/model/secret.ts";
import { SHELLS, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import {
  type HostedServer,
  SERVED,
  type ServersHost,
  startWithLdapi,
} from "#testing/lab/start-servers-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { issueForRequest } from "#testing/tls/make-request.ts";
import { makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { DEPLOYMENT, openDeploymentSession, planFile, serviceOf } from "./testing/deployment-session.ts";
import { servedBy } from "./testing/served-by.ts";

const lab = test.skipIf(!canStartHosts());

/** Their kinds, by their names on the host with all servers. */
const SERVERS = {
  postfix: "postfix",
  dovecot: "dovecot",
  slapd: "slapd",
  postgresql: "postgresql",
  mysql: "mariadb",
} as const satisfies Partial<Record<HostedServer, string>>;
type Name = keyof typeof SERVERS;
const NAMES = Object.keys(SERVERS) as Name[];

let host: ServersHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startWithLdapi(NAMES);
}, 120_000);
afterAll(() => host?.[Symbol.asyncDispose]());

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;
const filesOf = async (hand: Hand, name: Name) => [
  await planFile(hand, `/etc/tls/${name}.pem`, "chain"),
  await planFile(hand, `/etc/tls/${name}.key`, "key"),
];
/** Each by a different shell. */
const openHand = (name: Name) =>
  openDeploymentSession(startShellIn(host, { shell: SHELLS[NAMES.indexOf(name) % SHELLS.length] ?? "sh" }));
const stateOf = (name: Name) =>
  host.run(
    `cd /etc/tls; ls -A; sha256sum ${name}.*; stat -c '%n %i %U %G %a' ${name}.*; getfacl -p ${name}.*; ls -A /var/lib/latchkey /run/latchkey-try-* 2>/dev/null || :`,
  );
const served = (name: Name) => servedBy({ host: host.address, ...SERVED[name] });
const derOf = (pem: Uint8Array) => new X509Certificate(pem).raw;

async function stage(hand: Hand, name: Name, { pem, keyPem }: { pem: string; keyPem: string }) {
  const files = await filesOf(hand, name);
  const key = new Redacted(Buffer.from(keyPem));
  const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(pem), key });
  if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
  return { ...DEPLOYMENT, files, newHashes: staged.newHashes };
}

lab.each(NAMES)(
  "%s serves a pair whose key was made on its host after it was told, by the same process, and the one before once that is back",
  async (name) => {
    const consumer = serviceOf(SERVERS[name]);
    const atFirst = await stateOf(name);
    const old = await served(name);
    await using hand = await openHand(name);
    const made = await createDeploymentKey(hand, { ...DEPLOYMENT, key: "p256", names: [`${name}.lab`] });
    if (made.kind !== "made") throw new Error(JSON.stringify(made));
    const files = await filesOf(hand, name);
    const chain = await issueForRequest(made.csr, `${name}.lab`);
    const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain, key: "made-there" });
    if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
    const pair = { ...DEPLOYMENT, files, newHashes: staged.newHashes };
    expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "passed" });
    expect(await served(name)).toBe(old);
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
    const told = await reloadService(hand, consumer, pair);
    expect(told).toMatchObject({ kind: "reloaded", pid: { before: expect.any(Number) } });
    if (told.kind === "reloaded") expect(told.pid.after).toBe(told.pid.before);
    expect(await served(name)).toBe(hashOf(derOf(chain)));
    expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
    expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
    expect(await served(name)).toBe(old);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    expect(await stateOf(name)).toBe(atFirst);
  },
);

lab.each(NAMES)("%s: a key of another certificate is refused before anything is touched", async (name) => {
  const atFirst = await stateOf(name);
  const [one, other] = [await makeCertificate(), await makeCertificate()];
  await using hand = await openHand(name);
  const pair = await stage(hand, name, { pem: one.pem, keyPem: other.keyPem });
  const consumer = serviceOf(SERVERS[name]);
  expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "failed" });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  expect(await stateOf(name)).toBe(atFirst);
});

lab.each(NAMES.filter((name) => name !== "dovecot"))(
  "%s itself refuses a key of another certificate where the host has no openssl that would",
  async (name) => {
    const atFirst = await stateOf(name);
    const [one, other] = [await makeCertificate(), await makeCertificate()];
    await host.run("mv /usr/bin/openssl /usr/bin/openssl.kept");
    try {
      await using hand = await openHand(name);
      const pair = await stage(hand, name, { pem: one.pem, keyPem: other.keyPem });
      const consumer = serviceOf(SERVERS[name]);
      expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "failed" });
      expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    } finally {
      await host.run("mv /usr/bin/openssl.kept /usr/bin/openssl");
    }
    expect(await stateOf(name)).toBe(atFirst);
  },
);

lab("Dovecot itself refuses a pair that belongs together, and is too weak for it", async () => {
  await using folder = await makeTemporaryFolder();
  const weak = await makeWithOpenssl(folder.path, "weak", { algorithm: "rsa-1024" });
  await using hand = await openHand("dovecot");
  const pair = await stage(hand, "dovecot", weak);
  const tested = await testDeployment(hand, { ...pair, service: serviceOf("dovecot") });
  expect(tested).toMatchObject({ kind: "failed", said: expect.stringContaining("SSL") });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab("PostgreSQL's account gets nothing to read by a link that it has put into its own folder", async () => {
  const data = "/var/lib/postgresql/17/lab";
  await using hand = await openHand("postgresql");
  const pair = await stage(hand, "postgresql", await makeCertificate());
  const consumer = serviceOf("postgresql");
  await host.run(`mv ${data}/PG_VERSION /root/PG_VERSION; chown root: /root/PG_VERSION; chmod 600 /root/PG_VERSION
    ln -s /root/PG_VERSION ${data}/PG_VERSION; chown -h postgres: ${data}/PG_VERSION`);
  expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({
    kind: "untested",
    said: expect.stringContaining("could not be written"),
  });
  await host.run(`rm ${data}/PG_VERSION; mkfifo ${data}/PG_VERSION; chown postgres: ${data}/PG_VERSION`);
  expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "untested" });
  await host.run(
    `rm ${data}/PG_VERSION; mv /root/PG_VERSION ${data}/PG_VERSION; chown postgres: ${data}/PG_VERSION`,
  );
  expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "passed" });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

/** Makes each test command wait, after its files were copied, until something is written to /run/go. */
const HOLD_TRIES = `mv /usr/bin/timeout /usr/bin/timeout.kept; mkfifo /run/held /run/go; chmod 666 /run/held /run/go
  cat >/usr/bin/timeout <<'END'
#!/bin/sh
case "$*" in *' /usr/'*) echo held >/run/held; read -r go </run/go ;; esac
exec timeout.kept "$@"
END
  chmod 755 /usr/bin/timeout`;

lab.each(["slapd", "mysql", "dovecot"] as const)(
  "%s: a key that its folder guards is read by nobody else while it is tried",
  async (name) => {
    const consumer = serviceOf(SERVERS[name]);
    const mode = await host.run(`stat -c %a /etc/tls/${name}.key; chmod 644 /etc/tls/${name}.key`);
    await using hand = await openHand(name);
    const pair = await stage(hand, name, await makeCertificate());
    await host.run(HOLD_TRIES);
    const tested = testDeployment(hand, { ...pair, service: consumer });
    expect(await host.run("cat /run/held")).toBe("held\n");
    expect(await host.run("find /run/latchkey-try-* -name key.pem -perm 644")).not.toBe("");
    const read = "cat /run/latchkey-try-*/key.pem /run/latchkey-try-*/files/key.pem 2>/dev/null || :";
    expect(await host.run(`setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '${read}'`)).toBe("");
    await host.run("echo go >/run/go");
    expect(await tested).toMatchObject({ kind: "passed" });
    await host.run(`mv /usr/bin/timeout.kept /usr/bin/timeout; rm /run/held /run/go`);
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    await host.run(`chmod ${mode.trim()} /etc/tls/${name}.key`);
  },
);
