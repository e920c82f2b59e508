import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { signBytes } from "./sign-bytes.ts";

const run = promisify(execFile);

const NO_KEY = "there is no such file, or it is no key";

const BYTES = Buffer.from("echo hello\n");

async function makeKey(passphrase: string) {
  const folder = await makeTemporaryFolder();
  const keyFile = join(folder.path, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", "jo", "-f", keyFile]);
  return { folder, keyFile, [Symbol.asyncDispose]: () => folder.remove() };
}

const wishOf = (keyFile: string) => ({ keyFile, namespace: "latchkey-script", agentSocket: null });

test("bytes are signed with a key file, as ssh-keygen signs them", async () => {
  await using key = await makeKey("");
  expect(await signBytes(BYTES, wishOf(key.keyFile))).toEqual({
    signature: expect.stringMatching(/^-----BEGIN SSH SIGNATURE-----\n[^-]+-----END SSH SIGNATURE-----\n$/),
  });
});

test("a key that is locked, is not there or is no key signs nothing, and it is said why", async () => {
  await using key = await makeKey("secret");
  const whyOf = async (path: string) => signBytes(BYTES, wishOf(path));
  expect(await whyOf(key.keyFile)).toEqual({
    why: "it is locked by a passphrase: put it into the agent first (ssh-add), and name its .pub file",
  });
  expect(await whyOf(join(key.folder.path, "none"))).toEqual({ why: NO_KEY });
  expect(await whyOf("/etc/hostname")).toEqual({ why: NO_KEY });
});

test("the agent signs with a key whose public key is named", async () => {
  await using key = await makeKey("");
  const { stdout } = await run("ssh-agent", ["-s", "-a", join(key.folder.path, "agent")]);
  const [, pid = ""] = /SSH_AGENT_PID=(\d+)/.exec(stdout) ?? [];
  try {
    const agentSocket = join(key.folder.path, "agent");
    await run("ssh-add", ["-q", key.keyFile], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket } });
    await run("rm", [key.keyFile]);
    const signed = await signBytes(BYTES, { ...wishOf(`${key.keyFile}.pub`), agentSocket });
    expect(signed).toEqual({ signature: expect.stringContaining("BEGIN SSH SIGNATURE") });
  } finally {
    process.kill(Number(pid));
  }
});
