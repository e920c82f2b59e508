import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { gatherIdentities } from "#net/ssh/identities.ts";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { findClosedEndpoint, startTlsServer } from "#testing/servers.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { begin, end, write } from "./host-files.ts";
import { inspectHost } from "./inspect-host.ts";
import { openSessionBy, type SessionLogin } from "./testing/open-session-by.ts";
import { readSessionScript } from "./testing/open-session-in.ts";
import { beginOn, insertLine, TOKEN } from "./testing/session-requests.ts";

const lab = test.skipIf(!canStartHosts());

/** Login shells, and what the account's own files do before a command runs, by account. */
const SHELLS: Record<string, { shell: string; files?: string }> = {
  plain: { shell: "/bin/sh" },
  tcsh: { shell: "/bin/tcsh", files: "echo 'echo welcome; set noglob' > $home/.cshrc" },
  fish: {
    shell: "/usr/bin/fish",
    files: "mkdir -p $home/.config/fish; echo 'echo welcome' > $home/.config/fish/config.fish",
  },
  strict: { shell: "/bin/bash", files: "echo 'set -euo pipefail; set -o noclobber' > $home/.bashrc" },
  noisy: {
    shell: "/bin/bash",
    files: "echo 'cat /etc/services; echo oh no >&2; read answer; alias sh=false ls=false' > $home/.bashrc",
  },
  behind: { shell: "/bin/bash", files: "echo 'sleep 1000 &' > $home/.bashrc" },
};
const NO_SHELLS: Record<string, string> = { nologin: "/usr/sbin/nologin", false: "/bin/false" };

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let key: KeyFile;
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  key = await makeKeyFile(folder.path, "id");
  const accounts = [
    ...Object.entries(SHELLS).map(([name, { shell, files = "" }]) => [name, shell, files]),
    ...Object.entries(NO_SHELLS).map(([name, shell]) => [name, shell, ""]),
    ["admin", "/bin/sh", "echo 'admin ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/admin"],
  ];
  host = await startHost({
    name: "hands",
    prepare: accounts
      .map(
        ([name, shell, files]) => `
          home=/home/${name}
          useradd --create-home --shell ${shell} ${name}; mkdir $home/.ssh
          echo '${key.publicLine.trim()}' > $home/.ssh/authorized_keys
          ${files}
          chown -R ${name}: $home`,
      )
      .join("\n"),
  });
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const NOTHING_ASKED = {
  hostKeyAlias: null,
  agentSocket: null,
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
};

async function open(user: string, by: "ssh2" | "system", more: Partial<SessionLogin> = {}) {
  const { identities } = await gatherIdentities({
    identityFiles: [key.path],
    home: "/nonexistent",
    agentSocket: null,
  });
  const line = await host.run("cat /etc/ssh/ssh_host_ed25519_key.pub");
  const trusted = Buffer.from(line.split(" ")[1] ?? "", "base64");
  const options: SessionLogin = {
    target: { host: host.address, port: 22 },
    user,
    identities,
    useSudo: false,
    script: await readSessionScript(),
    verifyHostKey: ({ blob }) =>
      trusted.equals(blob)
        ? { kind: "trusted" }
        : { kind: "refused", outcome: "host-key-changed", message: "not that one" },
    trustedKeys: [trusted],
    client: { address: host.address, ...NOTHING_ASKED },
    hostKeyTypes: ["ssh-ed25519"],
    limits: SSH_LIMITS,
    signal: new AbortController().signal,
    ...more,
  };
  return openSessionBy(options, by);
}

const TRANSPORTS = ["ssh2", "system"] as const;

lab.each(TRANSPORTS)("a hand does its work through every login shell, noisy or odd, over %s", async (by) => {
  for (const user of Object.keys(SHELLS)) {
    const opened = await open(user, by);
    if ("outcome" in opened) throw new Error(`${user}: ${opened.message}`);
    await using hand = opened;
    expect(hand, user).toMatchObject({ user, transport: by, loginKey: key.fingerprint });
    expect(hand.hostKey.keyType).toBe("ssh-ed25519");
    expect(await inspectHost(hand), user).toMatchObject({ host: { user, hashTool: "sha256sum" } });
    const path = `/home/${user}/.ssh/authorized_keys`;
    const before = Buffer.from(await host.run(`cat ${path}`));
    await begin(hand, beginOn(path));
    const { after, ...wish } = insertLine(path, before, { at: before.length, line: "# new\n" });
    expect(await write(hand, wish), user).toEqual({ kind: "written", already: false });
    expect(await host.run(`cat ${path}`), user).toBe(String(after));
    expect(await end(hand, { path, token: TOKEN }), user).toEqual({ kind: "ended" });
    await host.run(`sed -i '/# new/d' ${path}; chown ${user}: ${path}`);
  }
});

lab(
  "a hand leads to what its host reaches, unless sshd forbids that or OpenSSH's client carries it",
  async () => {
    await using server = await startTlsServer();
    const closed = await findClosedEndpoint();
    const ask = async (way: ProxyRoute | null, { host, port }: { host: string; port: number }) => {
      const target = { kind: "tls", host, port, serverName: null, protocol: "tls" } as const;
      const { signal } = new AbortController();
      const { outcome, message } = await createTlsProber().probeEndpoint(target, signal, { proxy: way });
      return `${outcome} ${message}`;
    };
    {
      const opened = await open("plain", "ssh2");
      if ("outcome" in opened) throw new Error(opened.message);
      await using hand = opened;
      expect(await ask(hand.proxy, server.endpoint)).toBe("presented ");
      expect(await ask(hand.proxy, closed)).toMatch(/^refused .* itself cannot connect to 127\.0\.0\.1:\d+/);
    }
    const keys = "/home/plain/.ssh/authorized_keys";
    await host.run(`sed -i 's/^/no-port-forwarding /' ${keys}`);
    {
      const opened = await open("plain", "ssh2");
      if ("outcome" in opened) throw new Error(opened.message);
      await using hand = opened;
      expect(await ask(hand.proxy, server.endpoint)).toMatch(
        /^jump-failed the sshd of .* connects nobody to 127/,
      );
      // The session itself goes on.
      expect(await inspectHost(hand)).toMatchObject({ kind: "seen" });
    }
    await host.run(`sed -i 's/^no-port-forwarding //' ${keys}`);
    const bySystem = await open("plain", "system");
    if ("outcome" in bySystem) throw new Error(bySystem.message);
    await using hand = bySystem;
    expect(hand.proxy).toBeNull();
  },
);

lab.each(TRANSPORTS)("a login that runs nothing is told as that, over %s", async (by) => {
  for (const user of Object.keys(NO_SHELLS)) {
    expect(await open(user, by), user).toMatchObject({ outcome: "restricted-shell" });
  }
});

lab.each(TRANSPORTS)("root's rights are taken where sudo asks for nothing, over %s", async (by) => {
  for (const [user, uid] of [
    ["admin", 0],
    ["plain", Number((await host.run("id -u plain")).trim())],
  ] as const) {
    const opened = await open(user, by, { useSudo: true });
    if ("outcome" in opened) throw new Error(opened.message);
    await using hand = opened;
    expect(hand.uid).toBe(uid);
  }
});

lab.each(TRANSPORTS)("a host with another key gets nothing of ours, over %s", async (by) => {
  const other = ssh2.utils.generateKeyPairSync("ed25519");
  const blob = (ssh2.utils.parseKey(other.public) as ssh2.ParsedKey).getPublicSSH();
  const failed = await open("plain", by, {
    trustedKeys: [blob],
    verifyHostKey: () => ({ kind: "refused", outcome: "host-key-changed", message: "not that one" }),
  });
  expect(failed).toMatchObject({ outcome: "host-key-changed", isKeyRefused: true });
});

lab.each(TRANSPORTS)(
  "a connection that is cut makes the hand lost, and the file old or new, over %s",
  async (by) => {
    const opened = await open("plain", by);
    if ("outcome" in opened) throw new Error(opened.message);
    await using hand = opened;
    await host.run("pkill -KILL -u plain sshd-session || pkill -KILL -u plain sshd");
    expect(await hand.ended).toMatchObject({ kind: "lost" });
    expect(await inspectHost(hand)).toMatchObject({ kind: "lost" });
  },
);
