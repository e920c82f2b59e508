import { execFile } from "node:child_process";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { makeSecurityKey, type SecurityKey, startSecurityKeyAgent } from "#testing/matrix/login-keys.ts";
import { startSshAgent } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);
const lab = test.skipIf(!canStartHosts());

const PQ_ONLY = ["-o", "KexAlgorithms=mlkem768x25519-sha256,sntrup761x25519-sha512@openssh.com"];
const VERBOSE = ["-o", "LogLevel=VERBOSE"];

/** The outcome of each probe, and its transport. */
const carried = async (app: App, request: Parameters<typeof scanAll>[1]): Promise<string[]> =>
  (await scanAll(app, request)).map(({ outcome, transport, message }) =>
    [`${outcome} by ${transport}`, message].filter(Boolean).join(": "),
  );

/**
 * A host with an account for certificates that an authority issues, and the certificate beside the workstation's key.
 */
async function startCertified(desk: Desk) {
  const authority = join(desk.home, "authority");
  const key = join(desk.home, ".ssh/id_ed25519");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", authority]);
  await run("ssh-keygen", ["-q", "-s", authority, "-I", "jo", "-n", "deploy,other", `${key}.pub`]);
  const { stdout } = await run("cat", [`${authority}.pub`]);
  return startHost({
    name: "web",
    keepPenalties: true,
    sshdOptions: [...VERBOSE, "-o", "TrustedUserCAKeys=/etc/ssh/authority.pub"],
    prepare: `useradd --create-home deploy; useradd --create-home other; echo '${stdout.trim()}' > /etc/ssh/authority.pub`,
  });
}

/**
 * The penalties that sshd logs for this address: it refuses connections from 15 s on, and only counts less than that.
 */
const formatPenalties = async (host: LabHost): Promise<string[]> =>
  (await host.run("cat /var/log/auth.log"))
    .split("\n")
    .flatMap((line) => /srclimit_penalise: .*?: \S+ \S+ (.*)$/.exec(line)?.[1] ?? []);

const ONE_STRANGER =
  "deferred penalty of 1 seconds for penalty: connections without attempting authentication";
const ONE_REFUSAL = "deferred penalty of 5 seconds for penalty: failed authentication";

lab(
  "a host that speaks only post-quantum key exchange is read, and its sshd turns nobody away for that",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({
      name: "web",
      keepPenalties: true,
      sshdOptions: [...PQ_ONLY, ...VERBOSE],
      prepare: letIn(desk.publicKey),
    });
    await using app = desk.open();
    const text = `root@${host.address}`;
    expect(await carried(app, { text, acceptNew: true })).toEqual(["collected by system"]);
    expect(await carried(app, { text })).toEqual(["collected by system"]);
    expect(await carried(app, { text, transport: "system" })).toEqual(["collected by system"]);
    expect(await carried(app, { text, transport: "ssh2" })).toEqual([
      expect.stringContaining("and this program have no key exchange algorithm in common"),
    ]);
    const log = await host.run("cat /var/log/auth.log");
    expect(log.match(/Connection from /g)).toHaveLength(3 + 2 + 1 + 1);
    expect(new Set(await formatPenalties(host))).toEqual(new Set([ONE_STRANGER]));
  },
);

lab(
  "a user certificate logs in where the key alone is refused, from beside its file and from the agent",
  async () => {
    await using desk = await makeDesk();
    await using host = await startCertified(desk);
    const text = `deploy@${host.address}`;
    await using app = desk.open();
    const both = `${text} other@${host.address}`;
    expect(await carried(app, { text: both, acceptNew: true })).toEqual([
      "collected by system",
      "collected by system",
    ]);

    await using agent = await startSshAgent(desk.home, [join(desk.home, ".ssh/id_ed25519")]);
    const home = join(desk.home, "elsewhere");
    await mkdir(home);
    await using other = createApp({
      databasePath: ":memory:",
      workstation: { user: "deploy", home, agentSocket: agent.socketPath },
    });
    expect(await carried(other, { text, acceptNew: true })).toEqual(["collected by system"]);
    expect(await formatPenalties(host)).toEqual([ONE_REFUSAL]);
    const accepted = (await host.run("cat /var/log/auth.log")).match(/Accepted publickey for .*/g);
    expect(accepted).toHaveLength(3);
    for (const line of accepted ?? []) expect(line).toContain("ED25519-CERT");
  },
);

lab(
  "a host whose only grant is of a security key is read by OpenSSH's ssh, which is chosen by itself",
  async () => {
    await using desk = await makeDesk();
    const [first, second] = [makeSecurityKey("ed25519"), makeSecurityKey("ecdsa")];
    await using host = await startHost({
      name: "web",
      sshdOptions: VERBOSE,
      prepare: `${letIn(first.publicLine)} ${letIn(second.publicLine, "deploy")}`,
    });
    const home = join(desk.home, "elsewhere");
    await mkdir(home);
    const read = async (keys: SecurityKey[], user: string, home: string) => {
      await using agent = await startSecurityKeyAgent(join(desk.home, "agent"), keys, "touches");
      const workstation = { user: "root", home, agentSocket: agent.socketPath };
      await using app = createApp({ databasePath: ":memory:", workstation });
      return await carried(app, { text: `${user}@${host.address}`, acceptNew: true });
    };
    expect(await read([first], "root", home)).toEqual(["collected by system"]);
    expect(await read([second], "deploy", home)).toEqual(["collected by system"]);
    // The workstation's own key file is tried, and refused, before.
    expect(await read([first], "root", desk.home)).toEqual(["collected by system"]);
    expect(await read([first], "deploy", home)).toEqual([expect.stringMatching(/^login-refused by system/)]);
    const log = await host.run("cat /var/log/auth.log");
    const accepted = [...log.matchAll(/Accepted publickey for (\S+) .* ssh2: (\S+) /g)];
    expect(accepted.map(([, account, kind]) => `${account} ${kind}`)).toEqual([
      "root ED25519-SK",
      "deploy ECDSA-SK",
      "root ED25519-SK",
    ]);
  },
);

lab("CertificateFile of one's own ssh_config goes to OpenSSH's ssh at once", async () => {
  await using desk = await makeDesk();
  await using host = await startCertified(desk);
  const certificate = join(desk.home, "deploy-cert.pub");
  await rename(join(desk.home, ".ssh/id_ed25519-cert.pub"), certificate);
  await writeFile(
    join(desk.home, ".ssh/config"),
    `Host web\n  HostName ${host.address}\n  User deploy\n  CertificateFile ~/deploy-cert.pub\n`,
    { mode: 0o600 },
  );
  await using app = desk.open();
  expect(await carried(app, { text: "web", acceptNew: true })).toEqual(["collected by system"]);
  const log = await host.run("cat /var/log/auth.log");
  expect(log).not.toMatch(/Connection from [\s\S]*ssh2js/);
  expect(log.match(/Connection from /g)).toHaveLength(2);
});

lab("a host behind `ProxyCommand ssh -W` is read through that command", async () => {
  await using desk = await makeDesk();
  await using bastion = await startHost({ name: "bastion", prepare: letIn(desk.publicKey) });
  await using host = await startHost({ name: "db", prepare: letIn(desk.publicKey) });
  const key = join(desk.home, ".ssh/id_ed25519");
  const options = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
  await writeFile(
    join(desk.home, ".ssh/config"),
    `Host db\n  HostName ${host.address}\n  User root\n  ProxyCommand ssh ${options} -i ${key} -W %h:%p root@${bastion.address}\n`,
    { mode: 0o600 },
  );
  await using app = desk.open();
  expect(await carried(app, { text: "db", acceptNew: true })).toEqual(["collected by system"]);
  expect(await app.client.hosts.list({})).toMatchObject({ rows: [{ host: "db", hostname: "db" }] });
  expect(await bastion.run("cat /var/log/auth.log")).toContain("Accepted publickey for root");
});

lab("both transports bring home the same of one host", async () => {
  await using desk = await makeDesk();
  const more = "useradd --create-home deploy; mkdir -m 700 /home/deploy/.ssh; chown deploy /home/deploy/.ssh";
  await using host = await startHost({ name: "web", prepare: `${letIn(desk.publicKey)} ${more}` });
  const read = async (transport: "ssh2" | "system") => {
    const workstation = { user: "root", home: desk.home, agentSocket: null };
    await using app = createApp({ databasePath: ":memory:", workstation });
    const text = `root@${host.address}`;
    expect(await carried(app, { text, acceptNew: true, transport })).toEqual([`collected by ${transport}`]);
    const [found] = (await app.client.hosts.list({})).rows;
    const detail = await app.client.hosts.find({ id: found?.id ?? 0 });
    return { detail, grants: (await app.client.access.list({})).rows };
  };
  const ssh2 = await read("ssh2");
  expect(ssh2.grants).toMatchObject([
    {
      account: "root",
      verdict: {
        effective: { state: "yes", reasons: expect.arrayContaining(["this scan logged in with it"]) },
      },
    },
  ]);
  expect(withoutTimes(await read("system"))).toEqual(withoutTimes(ssh2));
});

/** Leaves out what depends on the time of reading, and on the last login: it is not of the host. */
const withoutTimes = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, held) =>
      /^use$|^logWindows$|At$|^last|^first|^clock|^since$/.test(name) ? null : held,
    ),
  );
