import { afterAll, beforeAll, expect, test } from "vitest";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { type HostReading, SSH_LIMITS } from "./collect.ts";
import { gatherIdentities } from "./identities.ts";
import { collectBySsh2, type ProbeOptions } from "./testing/collect-by.ts";

const NONCE = "0123456789abcdef";
const SCRIPT = `
sudo=no
while [ $# -gt 0 ]; do
	case $1 in --nonce) nonce=$2; shift ;; --login-key) key=$2; shift ;; --login-account) account=$2; shift ;; --sudo) sudo=yes ;; esac
	shift
done
printf 'begin %s\\n%s %s %s %s\\n' "$nonce" "$(id -un)" "$account" "$key" "$sudo"
`;

const lab = test.skipIf(!canStartHosts());

type Name = "good" | "rsa" | "ecdsa" | "stranger" | "locked";
let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let keys: Record<Name, KeyFile>;
let host: LabHost;

beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  keys = {
    good: await makeKeyFile(folder.path, "good"),
    rsa: await makeKeyFile(folder.path, "rsa", ["-t", "rsa", "-b", "2048", "-N", ""]),
    ecdsa: await makeKeyFile(folder.path, "ecdsa", ["-t", "ecdsa", "-N", ""]),
    stranger: await makeKeyFile(folder.path, "stranger"),
    locked: await makeKeyFile(folder.path, "locked", ["-t", "ed25519", "-N", "secret"]),
  };
  const granted = [keys.good, keys.rsa, keys.ecdsa].map(({ publicLine }) => publicLine).join("");
  host = await startHost({
    name: "web1",
    prepare: `
      grant() {
        useradd --create-home --shell "$2" "$1"
        mkdir "/home/$1/.ssh"
        cat > "/home/$1/.ssh/authorized_keys" <<'KEYS'
${granted}KEYS
        chown -R "$1:" "/home/$1/.ssh"
      }
      grant alice /bin/bash
      printf 'echo welcome; echo oh >&2\\nread line\\n' > /home/alice/.bashrc
      grant admin /bin/sh
      mkdir -p /etc/sudoers.d
      echo 'admin ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/admin
      grant nobody2 /usr/sbin/nologin
      grant boxed /bin/rbash
      grant forced /bin/sh
      sed -i 's/^/command="cat" /' /home/forced/.ssh/authorized_keys
    `,
  });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function visit(user: string, names: Name[], options: Partial<ProbeOptions> = {}): Promise<HostReading> {
  const identityFiles = names.map((name) => keys[name].path);
  const { identities } = await gatherIdentities({ identityFiles, home: "/nonexistent", agentSocket: null });
  return collectBySsh2({
    target: { host: host.address, port: 22 },
    user,
    identities,
    useSudo: false,
    nonce: NONCE,
    collectorScript: Buffer.from(SCRIPT),
    limits: SSH_LIMITS,
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: ["ssh-ed25519"],
    signal: new AbortController().signal,
    ...options,
  });
}

const textOf = (reading: HostReading) =>
  "stream" in reading ? Buffer.from(reading.stream).toString() : reading.message;

lab.each(["good", "rsa", "ecdsa"] as const)("a real sshd lets us in by a key file: %s", async (name) => {
  const reading = await visit("admin", [name]);
  expect(reading).toMatchObject({
    state: "ok",
    outcome: "collected",
    ending: null,
    loginKey: keys[name].fingerprint,
    peerAddress: host.address,
  });
  expect(textOf(reading)).toBe(`begin ${NONCE}\nadmin admin ${keys[name].fingerprint} no\n`);
});

lab("a real sshd gets the whole script through a noisy rc file that reads what is not its own", async () => {
  const reading = await visit("alice", ["good"]);
  expect(textOf(reading)).toBe(`welcome\nbegin ${NONCE}\nalice alice ${keys.good.fingerprint} no\n`);
});

lab("a real sshd runs it as root only where sudo asks for nothing", async () => {
  expect(textOf(await visit("admin", ["good"], { useSudo: true }))).toContain(
    `\nroot admin ${keys.good.fingerprint} yes\n`,
  );
  expect(textOf(await visit("boxed", ["good"], { useSudo: true }))).toContain(
    `\nboxed boxed ${keys.good.fingerprint} no\n`,
  );
});

lab(
  "a real sshd is asked with the agent's keys, a locked file's among them, in the order of the files named",
  async () => {
    await using agent = await startSshAgent(folder.path, [keys.stranger.path, keys.rsa.path]);
    const { identities, unusable } = await gatherIdentities({
      identityFiles: [keys.locked.path, keys.good.path],
      home: folder.path,
      agentSocket: agent.socketPath,
    });
    expect(identities.map(({ fingerprint, source }) => [fingerprint, source])).toEqual([
      [keys.good.fingerprint, keys.good.path],
      [keys.stranger.fingerprint, "agent"],
      [keys.rsa.fingerprint, "agent"],
    ]);
    expect(unusable).toEqual([
      { source: keys.locked.path, why: expect.stringContaining("it has a passphrase"), isLocked: true },
    ]);
    const reading = await visit("admin", [], { identities: identities.slice(1) });
    expect(reading).toMatchObject({ state: "ok", loginKey: keys.rsa.fingerprint });
  },
);

lab("a real sshd refuses an unknown user and an unknown key, and we say who asked with what", async () => {
  expect(await visit("mallory", ["good"])).toMatchObject({
    outcome: "login-refused",
    message: expect.stringMatching(/mallory.*1 key was offered: .*good/),
  });
  expect(await visit("admin", ["stranger"])).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("stranger"),
  });
  expect(await visit("admin", ["locked"])).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("no key to log in with"),
  });
});

lab("a real sshd may give an account no shell, or another command: those are restricted", async () => {
  expect(await visit("nobody2", ["good"])).toMatchObject({
    outcome: "restricted-shell",
    message: expect.stringContaining("currently not available"),
  });
  expect(await visit("forced", ["good"])).toMatchObject({ outcome: "restricted-shell" });
  expect(await visit("boxed", ["good"])).toMatchObject({ outcome: "collected" });
});

lab("a real sshd that is stopped takes the connection and says nothing", async () => {
  process.kill(host.pid, "SIGSTOP");
  try {
    const limits = { ...SSH_LIMITS, readyMs: 500 };
    expect(await visit("admin", ["good"], { limits })).toMatchObject({
      outcome: "timed-out",
      message: expect.stringContaining("said nothing"),
    });
  } finally {
    process.kill(host.pid, "SIGCONT");
  }
});

test.skipIf(!canStartHosts())(
  "an sshd that penalises this address is told as throttled, not as down",
  async () => {
    await using host = await startHost({ name: "strict", keepPenalties: true });
    const outcomes: string[] = [];
    while (outcomes.length < 30 && outcomes.at(-1) !== "throttled") {
      const reading = await collectBySsh2({
        target: { host: host.address, port: 22 },
        user: "root",
        identities: [],
        useSudo: false,
        nonce: NONCE,
        collectorScript: Buffer.from(SCRIPT),
        limits: SSH_LIMITS,
        verifyHostKey: () => ({ kind: "trusted" }),
        hostKeyTypes: ["ssh-ed25519"],
        signal: new AbortController().signal,
      });
      outcomes.push(reading.outcome);
    }
    expect(new Set(outcomes)).toEqual(new Set(["login-refused", "throttled"]));
  },
);
