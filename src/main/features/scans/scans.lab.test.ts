import { execFile } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";

const run = promisify(execFile);

test("the line that let a scan in is yes, as root, by sudo and as an ordinary account", async () => {
  await using desk = await openDesk();
  await using host = await startHost({
    name: "web",
    prepare: `
      useradd --create-home --shell /bin/bash deploy
      useradd --create-home --shell /bin/bash alice
      echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy
      ${letIn(desk.publicKey)} ${letIn(desk.publicKey, "deploy")} ${letIn(desk.publicKey, "alice")}`,
  });
  const { app } = desk;

  for (const [user, useSudo, readAs] of [
    ["root", false, "root"],
    ["deploy", true, "root by sudo"],
    ["deploy", false, "deploy"],
  ] as const) {
    await scan(app, `${user}@${host.address}`, { acceptNew: true, useSudo });
    const { rows } = await app.client.access.list({ account: user });
    expect(rows).toMatchObject([{ account: user, verdict: { effective: { state: "yes" } } }]);
    expect(await app.client.hosts.list({})).toMatchObject({ rows: [{ state: "ok", readAs }] });
  }
  const { rows } = await app.client.access.list({ account: "alice" });
  expect(rows).toMatchObject([{ account: "alice", file: "/home/alice/.ssh/authorized_keys", line: 1 }]);
});

test("of several logins to one host, the one that sees most has the last word", async () => {
  await using desk = await openDesk();
  await using host = await startHost({
    name: "web",
    prepare: `useradd --create-home deploy; ${letIn(desk.publicKey)} ${letIn(desk.publicKey, "deploy")}`,
  });
  await scan(desk.app, `root@${host.address} deploy@${host.address}`, { acceptNew: true });
  expect(await desk.app.client.hosts.list({})).toMatchObject({ rows: [{ user: "root", readAs: "root" }] });
  expect(await desk.app.client.targets.list()).toMatchObject([{ target: { user: "root" } }]);
});

test("what an ordinary account cannot read has not gone, and what it sees is missing has", async () => {
  await using desk = await openDesk();
  await using host = await startHost({
    name: "web",
    prepare: `
      useradd --create-home deploy; useradd --create-home alice; chmod 700 /home/alice
      ${letIn(desk.publicKey)} ${letIn(desk.publicKey, "alice")}
      ${letIn(`${desk.publicKey}\n${makeKeyPair().public}`, "deploy")}`,
  });
  const { app } = desk;
  const accounts = async () => {
    const { rows } = await app.client.access.list({});
    return rows.map(({ account, line }) => `${account}:${line}`);
  };

  await scan(app, `root@${host.address}`, { acceptNew: true });
  expect(await accounts()).toEqual(["alice:1", "deploy:1", "deploy:2", "root:1"]);
  await host.run("sed -i 2d /home/deploy/.ssh/authorized_keys; rm -r /home/alice/.ssh");
  await scan(app, `deploy@${host.address}`);
  expect(await accounts()).toEqual(["alice:1", "deploy:1", "root:1"]);
  await scan(app, `root@${host.address}`);
  expect(await accounts()).toEqual(["deploy:1", "root:1"]);
});

test("an unknown host is left alone until its key is trusted, and a changed one whatever is said", async () => {
  await using desk = await openDesk();
  await using host = await startHost({ name: "web", prepare: letIn(desk.publicKey) });
  const { app } = desk;
  const target = `root@${host.address}`;

  const first = await scan(app, target);
  const hostKey = first[0]?.hostKey;
  expect(first).toMatchObject([{ state: "failed", outcome: "host-key-unknown" }]);
  expect(await host.run("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")).toContain(hostKey?.fingerprint);
  expect(await authenticationsOn(host)).toBe(0);

  const key = { host: host.address, port: 22 };
  await expect(app.client.hosts.trustKey({ ...key, fingerprint: "SHA256:another" })).rejects.toMatchObject({
    code: "conflict",
  });
  await app.client.hosts.trustKey({ ...key, fingerprint: hostKey?.fingerprint ?? "" });
  await scan(app, target);
  expect(await app.client.hosts.list({})).toMatchObject({ rows: [{ state: "ok", outcome: "collected" }] });

  const before = await authenticationsOn(host);
  await changeHostKeys(host);
  expect(await scan(app, target, { acceptNew: true })).toMatchObject([
    { state: "failed", outcome: "host-key-changed" },
  ]);
  expect(await authenticationsOn(host)).toBe(before);
  expect(await app.client.findings.list({ rule: "host-key-changed" })).toMatchObject({
    rows: [{ severity: "critical", host: host.address }],
  });
  expect(await app.client.access.list({})).toMatchObject({ total: 1 });

  expect(await app.client.hosts.forgetPin(key)).toEqual({ hadPin: true });
  await scan(app, target, { acceptNew: true });
  expect(await app.client.findings.list({ rule: "host-key-changed" })).toMatchObject({ total: 0 });
});

test("a host that known_hosts has is trusted without a pin, and an identity file that is missing is refused", async () => {
  await using desk = await openDesk();
  await using host = await startHost({ name: "web", prepare: letIn(desk.publicKey) });
  const key = await readFile(`${host.root}/etc/ssh/ssh_host_rsa_key.pub`, "utf8");
  await appendFile(join(desk.home, ".ssh/known_hosts"), `${host.address} ${key}`);
  await run("ssh-keygen", ["-q", "-H", "-f", join(desk.home, ".ssh/known_hosts")]);

  await scan(desk.app, `root@${host.address}`);

  expect(await desk.app.client.hosts.find({ id: 1 })).toMatchObject({ state: "ok", pin: null });
  const missing = desk.app.client.scans.start({ text: host.address, identityFiles: ["/nowhere/key"] });
  await expect(missing).rejects.toMatchObject({ code: "invalid-input", message: /\/nowhere\/key/ });
});

test("a host that lacks what the collector needs is partial, and one where a program gives keys says so", async () => {
  await using desk = await openDesk();
  await using host = await startHost({
    name: "web",
    prepare: `
      printf 'AuthorizedKeysCommand /bin/true\\nAuthorizedKeysCommandUser nobody\\n' >> /etc/ssh/sshd_config
      ${letIn(desk.publicKey)}`,
  });
  const { app } = desk;
  await scan(app, `root@${host.address}`, { acceptNew: true });
  expect((await app.client.hosts.find({ id: 1 })).coverage?.notRead).toContainEqual({
    what: "AuthorizedKeysCommand /bin/true",
    why: "it was not run: keys that it gives sshd are not listed",
  });

  await host.run("rm $(command -v awk)");
  expect(await scan(app, `root@${host.address}`)).toMatchObject([
    { state: "partial", outcome: "truncated", message: "awk: the host has no such program" },
  ]);
  expect(await app.client.access.list({})).toMatchObject({ total: 1 });
});

/** A workstation, and the program on it. */
async function openDesk() {
  const desk = await makeDesk();
  const app = desk.open();
  return {
    ...desk,
    app,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await desk[Symbol.asyncDispose]();
    },
  };
}

type Host = Awaited<ReturnType<typeof startHost>>;

const authenticationsOn = async (host: Host): Promise<number> =>
  Number(await host.run("grep -cE 'Accepted|Failed|Postponed' /var/log/auth.log || :"));

async function changeHostKeys(host: Host): Promise<void> {
  await host.run("rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; kill -HUP 1");
  // The old daemon passes its socket on when it restarts.
  await host.run("until ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | head -0; do sleep 0.05; done");
}

const scan = (app: App, text: string, options: { acceptNew?: boolean; useSudo?: boolean } = {}) =>
  scanAll(app, { text, only: "ssh", ...options });
