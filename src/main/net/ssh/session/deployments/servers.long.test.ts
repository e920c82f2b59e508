import { afterAll, beforeAll, expect, test } from "vitest";
import { inspectDeploymentFile, reloadService, testDeployment } from "#net/ssh/session/inspect-deployment.ts";
import {
  finishDeployment,
  rollBackDeployment,
  stageDeployment,
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

const SERVERS = ["nginx", "apache", "haproxy"] as const;
type Name = (typeof SERVERS)[number];

let host: ServersHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startServersHost(SERVERS);
});
afterAll(() => host?.[Symbol.asyncDispose]());

type Hand = Awaited<ReturnType<typeof openDeploymentSession>>;

const served = (name: Name) => requestName({ host: host.address, port: SERVED[name].port, name: null });
const filesOf = async (hand: Hand, name: Name) =>
  name === "haproxy"
    ? [await planFile(hand, "/etc/haproxy/certs/haproxy.pem", "key+chain")]
    : [
        await planFile(hand, `/etc/tls/${name}.pem`, "chain"),
        await planFile(hand, `/etc/tls/${name}.key`, "key"),
      ];
const state = () =>
  host.run(
    "cd /etc; ls -A tls haproxy/certs; sha256sum tls/* haproxy/certs/*; stat -c '%n %i %U %G %a' tls/* haproxy/certs/*; ls -A /var/lib/latchkey 2>/dev/null || :",
  );

/** `isBad`: the key is of another certificate. */
async function stageNew(hand: Hand, name: Name, isBad = false) {
  const files = await filesOf(hand, name);
  const [made, other] = await Promise.all([makeCertificate({ names: ["new.lab"] }), makeCertificate()]);
  const key = new Redacted(Buffer.from((isBad ? other : made).keyPem));
  const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(made.pem), key });
  if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
  return { ...DEPLOYMENT, files, newHashes: staged.newHashes };
}

lab.each(SERVERS)("%s serves what it is told to read, and what was there once that is back", async (name) => {
  const atFirst = await state();
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stageNew(hand, name);
  const consumer = serviceOf(name);
  expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "passed" });
  expect(await served(name)).toBe(`${name}.lab`);
  expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
  const told = await reloadService(hand, consumer, pair);
  expect(told).toMatchObject({ kind: "reloaded", pid: { before: expect.any(Number) } });
  if (told.kind === "reloaded") expect(told.pid.after).toBe(told.pid.before);
  await expect.poll(() => served(name), { timeout: 20_000 }).toBe("new.lab");
  expect(await rollBackDeployment(hand, pair)).toEqual({ kind: "back", already: false });
  expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
  await expect.poll(() => served(name), { timeout: 20_000 }).toBe(`${name}.lab`);
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  expect(await state()).toBe(atFirst);
});

const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  "openssl and its own test": [],
  "its own test where there is no openssl": ["openssl"],
  "its own test on a copy where nothing can be mounted": ["openssl", "unshare"],
};

lab.each(
  SERVERS.flatMap((name) => Object.entries(WITHOUT).map(([words, programs]) => ({ name, words, programs }))),
)("a key of another certificate is found for $name by $words, before anything is touched", async (wish) => {
  const { name, programs } = wish;
  const atFirst = await state();
  const away = programs.map((program) => `/usr/bin/${program}`);
  for (const path of away) await host.run(`mv ${path} ${path}.away`);
  try {
    await using hand = await openDeploymentSession(startShellIn(host));
    const consumer = serviceOf(name);
    const bad = await testDeployment(hand, { ...(await stageNew(hand, name, true)), service: consumer });
    const good = await testDeployment(hand, { ...(await stageNew(hand, name)), service: consumer });
    // Apache's own test reads no key; a second Apache must run in a network namespace.
    const isBlind = name === "apache" && programs.includes("unshare");
    expect({ bad, good }).toMatchObject(
      isBlind
        ? { bad: { kind: "untested" }, good: { kind: "untested" } }
        : { bad: { kind: "failed" }, good: { kind: "passed" } },
    );
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  } finally {
    for (const path of away) await host.run(`mv ${path}.away ${path}`);
  }
  expect(await served(name)).toBe(`${name}.lab`);
  expect(await state()).toBe(atFirst);
});

lab(
  "HAProxy without a master is told by its socket, of a file and of a pair of files in a store",
  async () => {
    const config = "/etc/haproxy/alone.cfg";
    const [both, chain, key] = ["/srv/both.pem", "/srv/one.pem", "/srv/one.key"];
    const made = await makeCertificate({ names: ["alone.lab"] });
    await host.run(`
    printf '%s' '${made.pem}${made.keyPem}' > ${both}; printf '%s' '${made.pem}' > ${chain}; printf '%s' '${made.keyPem}' > ${key}
    cat > ${config} <<'END'
global
  maxconn 32
  stats socket unix@/run/alone.sock mode 600 level admin
crt-store files
  load crt ${chain} key ${key} alias own
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend both
  bind ${host.address}:7443 ssl crt ${both}
frontend own
  bind ${host.address}:7444 ssl crt @files/own
END
    haproxy -D -f ${config} -p /run/alone.pid`);
    const at = (port: number) => requestName({ host: host.address, port, name: null });
    const consumer = serviceOf("haproxy", config);
    await using hand = await openDeploymentSession(startShellIn(host));
    for (const { port, files } of [
      { port: 7443, files: [await planFile(hand, both, "key+chain")] },
      { port: 7444, files: [await planFile(hand, chain, "chain"), await planFile(hand, key, "key")] },
    ]) {
      await expect.poll(() => at(port)).toBe("alone.lab");
      const next = await makeCertificate({ names: ["new.lab"] });
      const staged = await stageDeployment(hand, {
        ...DEPLOYMENT,
        files,
        chain: Buffer.from(next.pem),
        key: new Redacted(Buffer.from(next.keyPem)),
      });
      if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
      const pair = { ...DEPLOYMENT, files, newHashes: staged.newHashes };
      expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "passed" });
      await swapDeployment(hand, pair);
      expect(await reloadService(hand, consumer, pair)).toMatchObject({
        kind: "reloaded",
        said: expect.stringContaining("Success"),
      });
      expect(await at(port)).toBe("new.lab");
      await rollBackDeployment(hand, pair);
      expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
      expect(await at(port)).toBe("alone.lab");
      expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
    }
  },
);

lab("an Apache that a bad pair has ended is started by its service once the pair is back", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const pair = await stageNew(hand, "apache", true);
  await swapDeployment(hand, pair);
  const consumer = serviceOf("apache");
  expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "not-reloaded" });
  expect(await served("apache")).toBe("apache.lab");
  // A careless reload: Apache's own test finds nothing wrong, and Apache ends.
  await host.run(
    "apache2 -t -f /etc/apache2/apache2.conf 2>/dev/null; kill -USR1 $(cat /run/apache2.pid); while pgrep -x apache2 >/dev/null; do sleep 0.1; done",
  );
  await rollBackDeployment(hand, pair);
  expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "not-reloaded" });
  // Stands in for systemctl, because no service manager runs here.
  await host.run(`mkdir -p /run/systemd/system; mv /usr/bin/systemctl /usr/bin/systemctl.away
    cat > /usr/bin/systemctl <<'END'
#!/bin/sh
case $* in
	'is-failed apache2.service') echo failed ;;
	'start apache2.service') exec apache2 -k start -f /etc/apache2/apache2.conf ;;
	*) exit 1 ;;
esac
END
    chmod 755 /usr/bin/systemctl`);
  expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
  await host.run("mv /usr/bin/systemctl.away /usr/bin/systemctl; rm -r /run/systemd/system");
  await expect.poll(() => served("apache"), { timeout: 20_000 }).toBe("apache.lab");
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
});

lab("the name of a folder is no line of a second Apache's configuration", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const made = await makeCertificate();
  // On another file system, so that the staged file's path has the folder's name in it.
  const plain = `/mnt/odd/a" b`;
  const odd = `/mnt/odd/a"\nErrorLog "|/usr/bin/touch /run/owned"\n#`;
  await host.run(`mkdir -p /mnt/odd; mount -t tmpfs -o mode=755 tmpfs /mnt/odd
    for folder in '${plain}' '${odd}'; do
      mkdir -p "$folder"
      printf '%s' '${made.pem}' >"$folder/one.pem"; printf '%s' '${made.keyPem}' >"$folder/one.key"
    done
    ln -s '${odd}' /mnt/odd/link`);
  const files = [
    await planFile(hand, `${plain}/one.pem`, "chain"),
    await planFile(hand, `${plain}/one.key`, "key"),
  ];
  const next = await makeCertificate();
  const key = new Redacted(Buffer.from(next.keyPem));
  const staged = await stageDeployment(hand, { ...DEPLOYMENT, files, chain: Buffer.from(next.pem), key });
  if (staged.kind !== "staged") throw new Error(JSON.stringify(staged));
  const pair = { ...DEPLOYMENT, files, newHashes: staged.newHashes };
  expect(await testDeployment(hand, { ...pair, service: serviceOf("apache") })).toEqual({
    kind: "passed",
    said: "a second Apache accepts the certificate",
  });
  expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  expect(await inspectDeploymentFile(hand, "/mnt/odd/link/one.pem")).toMatchObject({
    file: { refusal: { why: "odd-path" } },
  });
  await host.run("umount /mnt/odd; rmdir /mnt/odd");
});

/** A second site of each server, whose files somebody has half replaced after the server read them. */
const OTHER_SITE = (address: string) => ({
  nginx: `cat >/etc/nginx/conf.d/other.conf <<'END'
server { listen ${address}:444 ssl; ssl_certificate /srv/other.pem; ssl_certificate_key /srv/other.key; }
END`,
  apache: `cat >/etc/apache2/sites-enabled/other.conf <<'END'
Listen ${address}:8444 https
<VirtualHost *:8444>
  SSLEngine on
  SSLCertificateFile '/srv/other.pem'
  SSLCertificateKeyFile "/srv/other.key"
</VirtualHost>
END`,
  haproxy: `cat >>/etc/haproxy/haproxy.cfg <<'END'
frontend other
    bind ${address}:9444 ssl crt /srv/other-both.pem
END`,
});

lab("a server is not touched where the pair of another of its sites would not be taken", async () => {
  await using web = await startServersHost(SERVERS);
  const [sound, half] = [await makeCertificate(), await makeCertificate()];
  const lay = (pem: string) =>
    web.run(`printf '%s' '${pem}' >/srv/other.pem; printf '%s' '${sound.keyPem}' >/srv/other.key
      cat /srv/other.pem /srv/other.key >/srv/other-both.pem`);
  const at = (port: number) => requestName({ host: web.address, port, name: null });
  await using hand = await openDeploymentSession(startShellIn(web));
  await lay(sound.pem);
  for (const name of SERVERS) {
    const consumer = serviceOf(name);
    await web.run(OTHER_SITE(web.address)[name]);
    expect(await reloadService(hand, consumer)).toMatchObject({ kind: "reloaded" });
    const pair = await stageNew(hand, name);
    expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({ kind: "passed" });
    await lay(half.pem);
    expect(await testDeployment(hand, { ...pair, service: consumer })).toMatchObject({
      kind: "failed",
      said: expect.stringContaining("/srv/other"),
    });
    expect(await swapDeployment(hand, pair)).toEqual({ kind: "swapped", already: false });
    expect(await reloadService(hand, consumer, pair)).toMatchObject({
      kind: "not-reloaded",
      said: expect.stringContaining("/srv/other"),
    });
    expect(await at(SERVED[name].port)).toBe(`${name}.lab`);
    await lay(sound.pem);
    expect(await reloadService(hand, consumer, pair)).toMatchObject({ kind: "reloaded" });
    await expect.poll(() => at(SERVED[name].port), { timeout: 20_000 }).toBe("new.lab");
    expect(await finishDeployment(hand, DEPLOYMENT)).toEqual({ kind: "ended" });
  }
});

lab("nginx and HAProxy go on where they are told of a site whose pair they cannot take", async () => {
  await using web = await startServersHost(["nginx", "haproxy"]);
  const [one, other] = [await makeCertificate(), await makeCertificate()];
  await web.run(`printf '%s' '${one.pem}' >/srv/other.pem; printf '%s' '${other.keyPem}' >/srv/other.key
    cat /srv/other.pem /srv/other.key >/srv/other-both.pem
    ${OTHER_SITE(web.address).nginx}
    ${OTHER_SITE(web.address).haproxy}`);
  await web.run("kill -HUP $(cat /run/nginx.pid); kill -USR2 $(pgrep -o -x haproxy)");
  const at = (port: number) => requestName({ host: web.address, port, name: null });
  await expect.poll(() => web.run("cat /var/log/nginx.log")).toContain("mismatch");
  // The master re-executes itself; if it could not read everything, it waits beside the old worker.
  await expect
    .poll(() => web.run("tr '\\0' ' ' </proc/$(cat /run/haproxy.pid)/environ"))
    .toContain("HAPROXY_MWORKER_WAIT_ONLY=1");
  for (const name of ["nginx", "haproxy"] as const) expect(await at(SERVED[name].port)).toBe(`${name}.lab`);
});
