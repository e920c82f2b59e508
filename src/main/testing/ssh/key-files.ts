import { execFile, spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import ssh2 from "ssh2";

const run = promisify(execFile);

export type KeyFile = {
  path: string;
  /** Its .pub file. */
  publicLine: string;
  fingerprint: string;
  /** Puts a passphrase on the private key. */
  lock(passphrase: string): Promise<void>;
  /** Makes a user certificate for the other key, beside that key. */
  sign(other: { path: string }): Promise<void>;
};

/** A private key file by ssh-keygen, with its .pub beside it. `options` are ssh-keygen's. */
export async function makeKeyFile(
  folder: string,
  name: string,
  options: readonly string[] = ["-t", "ed25519", "-N", ""],
): Promise<KeyFile> {
  const path = join(folder, name);
  await run("ssh-keygen", ["-q", ...options, "-f", path]);
  const { stdout } = await run("ssh-keygen", ["-lf", `${path}.pub`]);
  return {
    path,
    publicLine: await readFile(`${path}.pub`, "utf8"),
    fingerprint: stdout.split(" ")[1] ?? "",
    lock: async (passphrase) =>
      void (await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", path])),
    sign: async (other) =>
      void (await run("ssh-keygen", ["-q", "-s", path, "-I", "id", "-n", "jo", `${other.path}.pub`])),
  };
}

type LockOptions = { passphrase: string; cipher?: string; rounds?: number };

/**
 * An Ed25519 private key under a passphrase, as ssh-keygen would write it. ssh2 makes a broken one if the public key
 * begins with a zero byte, as one in 128 does: then another one is made.
 */
export function makeLockedKey({ passphrase, cipher = "aes256-ctr", rounds = 1 }: LockOptions): string {
  const options = { passphrase, cipher, rounds } as Parameters<typeof ssh2.utils.generateKeyPairSync>[1];
  const pair = ssh2.utils.generateKeyPairSync("ed25519", options);
  const isBroken = ssh2.utils.parseKey(pair.private, passphrase) instanceof Error;
  return isBroken ? makeLockedKey({ passphrase, cipher, rounds }) : pair.private;
}

/** OpenSSH's own agent, with the keys of these files loaded; it ends with the returned value. */
export async function startSshAgent(
  folder: string,
  keyFiles: readonly string[],
): Promise<AsyncDisposable & { socketPath: string }> {
  const socketPath = join(folder, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socketPath], { stdio: ["ignore", "pipe", "ignore"] });
  await once(agent.stdout, "data");
  const stop = async () => {
    const exit = once(agent, "exit");
    agent.kill();
    await exit;
  };
  try {
    for (const path of keyFiles)
      await run("ssh-add", ["-q", path], { env: { ...process.env, SSH_AUTH_SOCK: socketPath } });
  } catch (error) {
    await stop();
    throw error;
  }
  return { socketPath, [Symbol.asyncDispose]: stop };
}

/** What would show that a private key was written somewhere: its numbers in every encoding that a program might use. */

/** How many bytes of a number are searched for: few enough to be within one line of any PEM. */
const FOUND_BYTES = 24;

export type Needle = { name: string; bytes: Buffer };

/** The secret numbers of a private key file. */
export function needlesOf(name: string, file: string, passphrase?: string): Needle[] {
  const parsed = [ssh2.utils.parseKey(file, passphrase)].flat()[0];
  const pem = parsed instanceof Error ? file : (parsed?.getPrivatePEM() ?? "");
  const { d, p, q } = createPrivateKey({ key: pem, passphrase }).export({ format: "jwk" });
  return [d, p, q].flatMap((number, index) =>
    number ? [{ name: `${name} ${"dpq"[index]}`, bytes: Buffer.from(number, "base64url") }] : [],
  );
}

/** Which secrets this contains: as they are, in hexadecimal, in base64 at any offset, as a list of numbers. */
export function findSecrets(needles: readonly Needle[], place: Buffer | string): string[] {
  const bytes = Buffer.from(place);
  const text = bytes.toString("latin1");
  const plain = text.replace(/\\n|\s/g, "");
  return needles.flatMap((needle) => {
    const some = needle.bytes.subarray(0, FOUND_BYTES);
    const isThere = bytes.includes(some) || spellings(some).some((spelling) => plain.includes(spelling));
    return isThere ? [needle.name] : [];
  });
}

function spellings(bytes: Buffer): string[] {
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    return [shifted.toString("base64"), shifted.toString("base64url")].map((said) =>
      said.slice(Math.ceil((offset * 4) / 3), Math.floor((shifted.length * 4) / 3)),
    );
  });
  return [hex, hex.toUpperCase(), [...bytes].join(","), ...base64];
}
