import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type KeyFile = {
  path: string;
  /** Its .pub file. */
  publicLine: string;
  fingerprint: string;
  /** Puts a passphrase on the private key. */
  lock(passphrase: string): Promise<void>;
  /** Makes a user certificate of the other key, beside it. */
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
