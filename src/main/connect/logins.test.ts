import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { OpensshRequest } from "#domain/ssh-config/ssh-config.ts";
import { findSsh } from "#net/ssh/client/start-ssh.ts";
import { gatherIdentities } from "#net/ssh/identities.ts";
import type { TransportRequest } from "#shared/model/hosts/probe.ts";
import { scanAll } from "#testing/lab/desk.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { startSshAgent } from "#testing/ssh/key-files.ts";
import { formatHost, openWorkstation } from "#testing/ssh/open-workstation.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { chooseTransport, createLoginAttempts } from "./logins.ts";

const NOTHING: OpensshRequest = {
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
  isSetByUser: false,
};
const command = (isUser: boolean): OpensshRequest => ({
  ...NOTHING,
  proxyCommand: { value: "nc %h %p", location: "config:3", isUser },
  isSetByUser: isUser,
});
const SYSTEM_GSSAPI = { ...NOTHING, gssapi: true };
const OWN_CERTIFICATE = { ...NOTHING, certificateFiles: ["/c"], isSetByUser: true };

const choose = (
  openssh: OpensshRequest | null,
  requested: TransportRequest,
  ssh: string | null = "/usr/bin/ssh",
) => {
  const chosen = chooseTransport({ name: "web1", ...(openssh && { openssh }) }, requested, ssh);
  return typeof chosen === "string" ? chosen : chosen.why;
};

test.each<[what: string, openssh: OpensshRequest | null, auto: string, ssh2: string]>([
  ["nothing", null, "either", "ssh2"],
  ["GSSAPI in the system's files", SYSTEM_GSSAPI, "either", "ssh2"],
  ["a certificate in one's own files", OWN_CERTIFICATE, "system", "ssh2"],
  ["ProxyCommand in one's own files", command(true), "system", "which OpenSSH's ssh alone runs"],
  [
    "ProxyCommand in the system's files",
    command(false),
    "run only where the transport is system",
    "which OpenSSH's ssh alone runs",
  ],
])(
  "where ssh_config asks for %s, what carries the login follows from whose files these are",
  (_, openssh, auto, ssh2) => {
    expect(choose(openssh, "auto")).toContain(auto);
    expect(choose(openssh, "ssh2")).toContain(ssh2);
    expect(choose(openssh, "system")).toBe("system");
  },
);

test("where no ssh is installed, that is said of what needs it, and all else goes by ssh2", () => {
  expect(choose(null, "auto", null)).toBe("either");
  expect(choose(OWN_CERTIFICATE, "auto", null)).toBe("either");
  expect(choose(null, "system", null)).toContain("none was found on this computer");
  expect(choose(command(true), "auto", null)).toBe(
    "ssh_config reaches web1 by ProxyCommand at config:3, which OpenSSH's ssh alone runs: none was found on this computer; install its client (openssh-client, or openssh-clients)",
  );
});

const ACCEPTING = { only: "ssh", acceptNew: true } as const;
const withSsh = test.skipIf(findSsh() === null);

/** A host that answers as one that runs the collector does. */
const startHost = () =>
  startSshServer({
    run: async ({ channel, script }) => {
      channel.write(Buffer.from(answerScript(await script), "latin1"));
      channel.exit(0);
      channel.end();
    },
  });

/** A ProxyCommand that connects to a port of loopback, whatever the host. */
const LEAD = `ProxyCommand '${process.execPath}' -e 'const s = require("net").connect(%p, "127.0.0.1"); process.stdin.pipe(s).pipe(process.stdout)'`;

withSsh(
  "a host is read through the ProxyCommand of one's own ssh_config, which alone need know its name",
  async () => {
    await using host = await startHost();
    await using desk = await openWorkstation(
      formatHost("db", { host: "db.inside.invalid", port: host.port }, LEAD),
    );
    expect(await scanAll(desk.app, { text: "db", ...ACCEPTING })).toMatchObject([
      { state: "ok", outcome: "collected", transport: "system" },
    ]);
    expect(desk.pauses).toEqual([]);
    expect(await desk.app.client.hosts.list({})).toMatchObject({
      rows: [{ host: "db", grantCount: expect.any(Number), state: "ok" }],
    });
  },
);

withSsh("what a ProxyCommand complains of is said where it did not lead to the host", async () => {
  // A shell of its own keeps the connection open until all is written: ssh ends the command once it is closed.
  const complain = "sh -c 'echo the tunnel is closed >&2; exit 1'";
  await using desk = await openWorkstation(`Host db\n  ProxyCommand ${complain}\n`);
  expect(await scanAll(desk.app, { text: "db", ...ACCEPTING })).toMatchObject([
    {
      state: "failed",
      outcome: "jump-failed",
      transport: "system",
      message:
        'the ProxyCommand at ~/.ssh/config:2 ended before db:22 sent its SSH banner: it said "the tunnel is closed"',
    },
  ]);
});

withSsh("a target keeps what carries its login, and another scan may say otherwise", async () => {
  await using host = await startHost();
  await using desk = await openWorkstation(formatHost("db", host));
  const { client } = desk.app;
  const carried = async (request: Parameters<typeof scanAll>[1]) =>
    (await scanAll(desk.app, request)).map(({ outcome, transport }) => `${outcome} by ${transport}`);

  await client.targets.add({ text: "db", only: "ssh", transport: "system" });
  expect(await carried({ text: "", acceptNew: true })).toEqual(["collected by system"]);
  expect(await carried({ text: "db", only: "ssh" })).toEqual(["collected by system"]);
  expect(await carried({ text: "db", only: "ssh", transport: "ssh2" })).toEqual(["collected by ssh2"]);
  expect(await carried({ text: "" })).toEqual(["collected by ssh2"]);
  expect(await client.targets.list()).toMatchObject([{ transport: "ssh2" }]);
});

withSsh(
  "behind a jump host, OpenSSH's client goes through the channel that ssh2 has opened there",
  async () => {
    await using jump = await startSshServer({ run: null, forwards: true });
    await using host = await startHost();
    await using desk = await openWorkstation(
      formatHost("bastion", jump) + formatHost("db", host, "ProxyJump bastion"),
    );
    const request = { text: "db", ...ACCEPTING, transport: "system" } as const;
    expect(await scanAll(desk.app, request)).toMatchObject([{ outcome: "collected", transport: "system" }]);
    expect(await scanAll(desk.app, request)).toMatchObject([{ outcome: "collected", transport: "system" }]);
    await host.untilLeft();
    await jump.untilLeft();
    // An unknown host key costs one connection more, which hangs up before any login.
    expect({ host: host.seen.clients, jump: jump.seen.clients }).toEqual({ host: 3, jump: 2 });
  },
);

withSsh(
  "a host whose key is not the one that is known is not logged in to, and its key is shown",
  async () => {
    await using host = await startHost();
    await using desk = await openWorkstation(formatHost("db", host));
    expect(await scanAll(desk.app, { text: "db", only: "ssh", transport: "system" })).toMatchObject([
      {
        state: "failed",
        outcome: "host-key-unknown",
        transport: "system",
        hostKey: { keyType: "ssh-ed25519", fingerprint: expect.stringMatching(/^SHA256:/) },
      },
    ]);
    expect(host.attempts).toEqual([]);
  },
);

/** An agent with six keys to offer, and a certificate of a seventh, which only OpenSSH's client can use. */
async function startFullAgent(folder: string) {
  const run = promisify(execFile);
  const files = Array.from({ length: 7 }, (_, index) => join(folder, `key${index}`));
  for (const file of files) await writeFile(file, makeKeyPair().private, { mode: 0o600 });
  const [certified = "", ...ordinary] = files;
  const { stdout } = await run("ssh-keygen", ["-y", "-f", certified]);
  await writeFile(`${certified}.pub`, stdout);
  await run("ssh-keygen", ["-q", "-s", ordinary[0] ?? "", "-I", "jo", "-n", "jo", `${certified}.pub`]);
  return startSshAgent(folder, [...ordinary, certified]);
}

withSsh(
  "a host that only a certificate lets into is offered it at each session of a run, whatever else the agent holds, and others there their keys",
  async () => {
    await using folder = await makeTemporaryFolder();
    await using agent = await startFullAgent(folder.path);
    await using host = await startSshServer({
      run: null,
      admits: ({ user, keyType }) => user === "ann" || keyType === "ssh-ed25519-cert-v01@openssh.com",
    });
    const found = await gatherIdentities({
      identityFiles: [],
      home: folder.path,
      agentSocket: agent.socketPath,
    });
    const attemptLogin = createLoginAttempts(findSsh());
    const visit = async (user: string) => {
      const met = await attemptLogin(
        {
          target: host,
          route: { addresses: [host.host] },
          user,
          identities: found.identities,
          unusable: found.unusable,
          client: {
            address: host.host,
            hostKeyAlias: null,
            agentSocket: agent.socketPath,
            proxyCommand: null,
            certificateFiles: [],
            pkcs11Provider: null,
            securityKeyProvider: null,
            gssapi: false,
          },
          verifyHostKey: () => ({ kind: "trusted" }),
          hostKeyTypes: ["ssh-ed25519"],
          limits: { connectMs: 20_000, readyMs: 20_000 },
          signal: new AbortController().signal,
        },
        "either",
        "true",
      );
      if ("outcome" in met) return met.message;
      await met.close();
      return `${met.transport}: ${met.clientKeys.length}`;
    };
    expect([await visit("jo"), await visit("jo"), await visit("jo")]).toEqual([
      "system: 1",
      "system: 1",
      "system: 1",
    ]);
    expect(await visit("ann")).toBe("system: 5");
  },
);
