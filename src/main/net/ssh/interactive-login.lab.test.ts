import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PromptRequest } from "#shared/model/hosts/prompt.ts";
import { Redacted } from "#shared/model/secret.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { SSH_LIMITS } from "./collect.ts";
import { gatherIdentities } from "./identities.ts";
import { createInteractiveLogins } from "./interactive-login.ts";
import { collectBySsh2 } from "./testing/collect-by.ts";

const lab = test.skipIf(!canStartHosts());
const NONCE = "0123456789abcdef";
const SCRIPT = `printf '%s:%s\\n' ${NONCE} "$*"\n`;

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
let key: KeyFile;
let host: LabHost;

/** By PAM: ann by a password, bob by PAM's own prompts, cay by a key and a password, dan by either. */
beforeAll(async () => {
  if (!canStartHosts()) return;
  folder = await makeTemporaryFolder();
  key = await makeKeyFile(folder.path, "key");
  host = await startHost({
    name: "web1",
    prepare: `
      for user in ann bob cay dan; do
        useradd --create-home --shell /bin/sh "$user"
        echo "$user:secret-of-$user" | chpasswd
      done
      mkdir /home/cay/.ssh
      echo '${key.publicLine.trim()}' > /home/cay/.ssh/authorized_keys
      chown -R cay: /home/cay/.ssh
      sed -i '/^KbdInteractiveAuthentication/d' /etc/ssh/sshd_config
      cat >> /etc/ssh/sshd_config <<'END'
LogLevel VERBOSE
UsePAM yes
KbdInteractiveAuthentication yes
Match User ann
  KbdInteractiveAuthentication no
Match User bob
  PasswordAuthentication no
Match User cay
  AuthenticationMethods publickey,password
END
    `,
  });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function visit(user: string, replies: readonly string[], identityFiles: string[] = []) {
  const { identities } = await gatherIdentities({ identityFiles, home: "/nonexistent", agentSocket: null });
  const asked: Omit<PromptRequest, "id">[] = [];
  const typed = createInteractiveLogins(async (question) => {
    const reply = replies[asked.length];
    asked.push(question);
    return reply === undefined ? null : { answers: [new Redacted(reply)], isForSameUser: false };
  });
  const reading = await collectBySsh2({
    target: { host: host.address, port: 22 },
    user,
    identities,
    interactive: typed,
    useSudo: false,
    nonce: NONCE,
    collectorScript: Buffer.from(SCRIPT),
    limits: SSH_LIMITS,
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: ["ssh-ed25519"],
    signal: new AbortController().signal,
  });
  const text = "stream" in reading ? Buffer.from(reading.stream).toString() : reading.message;
  return { reading, text, asked: asked.map(({ about, prompts }) => [about.kind, prompts[0]?.text]) };
}

const logOf = async (user: string) =>
  (await readFile(`${host.root}/var/log/auth.log`, "utf8"))
    .split("\n")
    .flatMap((line) => new RegExp(`(Accepted|Failed|Partial) \\S+ for ${user} `).exec(line)?.[0] ?? []);

lab("a real sshd lets us in by a password, and is told of no key that would have", async () => {
  const { reading, text, asked } = await visit("ann", ["secret-of-ann"]);
  expect(reading).toMatchObject({ state: "ok", loginKey: null });
  expect(text).toBe(`${NONCE}:--nonce ${NONCE} --login-account ann\n`);
  expect(asked).toEqual([["password", "Password"]]);
  expect(await logOf("ann")).toEqual(["Accepted password for ann "]);
});

lab("a real sshd asks by PAM, in PAM's words, and a wrong answer is asked for again", async () => {
  const { reading, asked } = await visit("bob", ["wrong", "secret-of-bob"]);
  expect(reading).toMatchObject({ state: "ok", loginKey: null });
  expect(asked).toEqual(Array(2).fill(["keyboard-interactive", "Password:"]));
  expect(await logOf("bob")).toContain("Accepted keyboard-interactive/pam for bob ");
});

lab(
  "a real sshd that wants a key and a password gets both, and the key is told as the one it took",
  async () => {
    const { reading } = await visit("cay", ["secret-of-cay"], [key.path]);
    expect(reading).toMatchObject({ state: "ok", loginKey: key.fingerprint });
    expect(await logOf("cay")).toEqual(["Partial publickey for cay ", "Accepted password for cay "]);
  },
);

lab("a real sshd that refuses a key is sent no password when nobody types one", async () => {
  const { text } = await visit("dan", [], [key.path]);
  expect(text).toMatch(/^nothing was typed for dan at .*:22; 1 key was offered/);
  expect((await logOf("dan")).filter((line) => !line.includes("publickey"))).toEqual([]);
});
