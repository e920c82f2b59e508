import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/** A key pair by ssh-keygen, of which only the public half is kept. */
export async function makeKeyLine(comment: string): Promise<{ line: string; fingerprint: string }> {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
  const line = (await readFile(`${path}.pub`, "utf8")).trim();
  const { stdout } = await run("ssh-keygen", ["-l", "-f", `${path}.pub`]);
  return { line, fingerprint: stdout.split(" ")[1] ?? "" };
}
