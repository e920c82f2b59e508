import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut } from "#testing/runs/follow.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);

const ACCOUNTS = ["root", "deploy", "app"] as const;
const CONFIG = "/etc/ssh/sshd_config";
const AUTHORITY = "/etc/ssh/authority.pub";

/**
 * By what else than a line of authorized_keys the key logs in; `before`: before sshd starts, `after`: once it listens.
 */
type Method = {
  name: string;
  before?: (key: string) => string;
  options?: string[];
  after?: (key: string, address: string) => string;
  /** The key itself logs in; false: only a certificate of it. */
  isTaken: boolean;
};

const METHODS: readonly Method[] = [
  { name: "nothing else", isTaken: false },
  {
    name: "authorized_keys2",
    before: (key) =>
      `for home in /root /home/deploy /home/app; do echo '${key}' > $home/.ssh/authorized_keys2; done`,
    isTaken: true,
  },
  {
    name: "AuthorizedKeysCommand",
    before: (key) => `echo '${key}' > /etc/ssh/more`,
    options: [
      "-o",
      "AuthorizedKeysCommand=/usr/bin/cat /etc/ssh/more",
      "-o",
      "AuthorizedKeysCommandUser=root",
    ],
    isTaken: true,
  },
  {
    name: "a daemon with -o AuthorizedKeysFile",
    before: (key) => `echo '${key}' > /etc/ssh/everybody`,
    options: ["-o", "AuthorizedKeysFile=.ssh/authorized_keys /etc/ssh/everybody"],
    isTaken: true,
  },
  {
    name: "a second sshd",
    after: (key, address) =>
      `echo '${key}' > /etc/ssh/second; /usr/sbin/sshd -p 2222 -o ListenAddress=${address} -o PidFile=/run/second.pid -o PerSourcePenalties=no -o AuthorizedKeysFile=/etc/ssh/second`,
    isTaken: true,
  },
  {
    name: "TrustedUserCAKeys with principals",
    options: ["-o", `TrustedUserCAKeys=${AUTHORITY}`, "-o", "AuthorizedPrincipalsFile=/etc/ssh/principals"],
    before: () => "echo team > /etc/ssh/principals",
    isTaken: false,
  },
  {
    name: "a configuration that was not read again",
    before: (key) => `echo '${key}' > /etc/ssh/everybody
      sed -i '1i AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/everybody' ${CONFIG}`,
    after: () => `sed -i 1d ${CONFIG}`,
    isTaken: true,
  },
];

/** What the real sshd answers to a login by OpenSSH with that key file, and with no certificate from elsewhere. */
async function getsIn(host: LabHost, account: string, keyFile: string, port: number): Promise<boolean> {
  const options = ["-F", "none", "-i", keyFile, "-p", String(port)].concat(
    [
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "IdentitiesOnly=yes",
      "BatchMode=yes",
    ].flatMap((option) => ["-o", option]),
    ["-o", "IdentityAgent=none", "-o", "LogLevel=ERROR", `${account}@${host.address}`, "true"],
  );
  return run("ssh", options).then(
    () => true,
    () => false,
  );
}

async function grantsOf(
  { client }: App,
  fingerprint: string,
  accounts: readonly string[],
): Promise<number[]> {
  const { rows } = await client.access.list({ search: fingerprint });
  return rows
    .filter(({ file, account }) => file.endsWith("/.ssh/authorized_keys") && accounts.includes(account))
    .map(({ id }) => id);
}

test.skipIf(!canStartHosts()).each(METHODS)(
  "what a removal says at its end is what sshd then says of that key to each account, where it gets in by $name",
  { timeout: 600_000 },
  async ({ before, options = [], after, isTaken }) => {
    await using desk = await makeDesk();
    const guest = await makeKeyFile(desk.home, "guest");
    const authority = await makeKeyFile(desk.home, "authority");
    const certified = await makeKeyFile(desk.home, "certified");
    await run("ssh-keygen", ["-q", "-s", authority.path, "-I", "jo", "-n", "team", `${certified.path}.pub`]);
    const key = guest.publicLine.trim();
    const own = [key, certified.publicLine.trim()];
    await using web = await startHost({
      name: "web",
      prepare: `${letIn(desk.publicKey)}
        ${["deploy", "app"].map((account) => letIn(own.join("\n"), account)).join("\n")}
        for account in deploy app; do chown -R $account: /home/$account/.ssh; done
        printf '%s\\n' '${own.join("' '")}' >> /root/.ssh/authorized_keys
        echo '${authority.publicLine.trim()}' > ${AUTHORITY}
        ${before?.(key) ?? ":"}`,
      sshdOptions: options,
    });
    if (after) await web.run(after(key, web.address));
    await using app = desk.open();
    await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
    const grants = (
      await Promise.all([guest, certified].map(({ fingerprint }) => grantsOf(app, fingerprint, ACCOUNTS)))
    ).flat();
    expect(grants).toHaveLength(2 * ACCOUNTS.length);
    const ended = await carryOut(app, { kind: "remove-grants", grants });
    const ports = after?.(key, web.address).includes("2222") ? [22, 2222] : [22];
    for (const account of ACCOUNTS) {
      const said = ended.accessChecks.find(
        (check) => check.account === account && check.fingerprint === guest.fingerprint,
      );
      const tried = await Promise.all(ports.map((port) => getsIn(web, account, guest.path, port)));
      expect(tried.includes(true), account).toBe(isTaken);
      expect(said?.answer, account).toBe(isTaken ? "accepted" : "refused");
    }
    // That is about the key alone: only its authority can revoke a certificate of it.
    expect(await getsIn(web, "deploy", certified.path, 22)).toBe(
      options.includes(`TrustedUserCAKeys=${AUTHORITY}`),
    );
    expect(ended.state).toBe(isTaken ? "needs-attention" : "committed");
  },
);
