import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";

const lab = test.skipIf(!canStartHosts());

const VERBOSE = ["-o", "LogLevel=VERBOSE"];

/** What its sshd has written of its clients, without times and process ids. */
const readLog = async (host: { run(script: string): Promise<string> }): Promise<string[]> =>
  (await host.run("cat /var/log/auth.log"))
    .split("\n")
    .flatMap((line) => /(?:sshd|sshd-session)\[\d+\]: (.*)$/.exec(line)?.[1] ?? []);

/** How many connections were open at a time, by the log. */
function countMost(log: readonly string[]): { connections: number; most: number } {
  let [connections, open, most] = [0, 0, 0];
  for (const line of log) {
    if (line.startsWith("Connection from ")) {
      connections++;
      most = Math.max(most, ++open);
    }
    if (/^(Disconnected from|Connection closed by|Connection reset by)/.test(line)) open--;
  }
  return { connections, most };
}

lab(
  "a scan and a rescan of a host, as a target and as a jump host, cost no penalty and two connections at most",
  async () => {
    await using desk = await makeDesk();
    const prepare = `useradd --create-home deploy; ${letIn(desk.publicKey)} ${letIn(desk.publicKey, "deploy")}`;
    const strict = { prepare, keepPenalties: true, sshdOptions: VERBOSE };
    await using bastion = await startHost({ name: "bastion", ...strict });
    await using web = await startHost({ name: "web", ...strict });
    await writeFile(
      join(desk.home, ".ssh/config"),
      `Host bastion\nHostName ${bastion.address}\nHost web\nHostName ${web.address}\nProxyJump bastion\n`,
    );
    await using app = desk.open();
    const text = "bastion deploy@bastion web deploy@web";
    const outcomes = (await scanAll(app, { text, acceptNew: true })).map(({ outcome }) => outcome);
    expect([...outcomes, ...(await scanAll(app, { text })).map(({ outcome }) => outcome)]).toEqual(
      Array(8).fill("collected"),
    );
    const [onBastion, onWeb] = [await readLog(bastion), await readLog(web)];
    expect([...onBastion, ...onWeb].filter((line) => /penal/i.test(line))).toEqual([]);
    expect(countMost(onWeb)).toEqual({ connections: 4, most: 1 });
    expect(countMost(onBastion)).toEqual({ connections: 6, most: 2 });
  },
);

lab(
  "a host whose certificate decides is asked for it once a scan, by a connection that has ended before the login",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)} ${letIn(desk.publicKey, "deploy")}
      ssh-keygen -q -t ed25519 -N '' -f /root/ca
      ssh-keygen -q -s /root/ca -I web -h -n '127.0.*' -V -1d:+1d /etc/ssh/ssh_host_rsa_key.pub`,
      sshdOptions: [...VERBOSE, "-o", "HostCertificate=/etc/ssh/ssh_host_rsa_key-cert.pub"],
      keepPenalties: true,
    });
    await appendFile(
      join(desk.home, ".ssh/known_hosts"),
      `@cert-authority 127.* ${await host.run("cat /root/ca.pub")}`,
    );
    await using app = desk.open();
    const probes = await scanAll(app, { text: `root@${host.address} deploy@${host.address}` });
    expect(probes.map(({ outcome }) => outcome)).toEqual(["collected", "collected"]);
    const log = await readLog(host);
    expect(countMost(log)).toEqual({ connections: 3, most: 1 });
    expect(log.filter((line) => /activating|already exists/.test(line))).toEqual([]);
  },
);

lab("what a scan leaves in the log of a host is what any login leaves", async () => {
  await using desk = await makeDesk();
  await using host = await startHost({
    name: "web",
    prepare: `echo 127.0.0.1 web >> /etc/hosts
      ${letIn(desk.publicKey, "deploy")}
      echo 'deploy ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/deploy`,
  });
  await using app = desk.open();
  await scanAll(app, { text: `deploy@${host.address}`, acceptNew: true, useSudo: true });
  const log = await host.run("cat /var/log/auth.log");
  const kinds = [
    /Accepted publickey for deploy from [\d.]+ port \d+ ssh2: ED25519 SHA256:/,
    /pam_unix\(sshd:session\): session opened for user deploy/,
    /sudo.*deploy.*USER=root.*COMMAND=.*sh -s -- --sudo/,
    /pam_unix\(sudo:session\): session (opened|closed) for user root/,
    /Received disconnect from [\d.]+ port \d+:11/,
    /Disconnected from user deploy/,
    /pam_unix\(sshd:session\): session closed for user deploy/,
  ];
  for (const kind of kinds) expect(log).toMatch(kind);
  const other = log
    .trim()
    .split("\n")
    .filter((line) => !/syslogd started|Server listening|useradd|groupadd/.test(line))
    .filter((line) => !kinds.some((kind) => kind.test(line)));
  expect(other).toEqual([]);
});
