import { execFile, execFileSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import type { KeyFile } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);
const FORGER = join(import.meta.dirname, "forge-bundle.py");

type BundleParts = {
  /** A folder for temporary files. */
  folder: string;
  nonce: string;
  /** Seconds after the time of the sample. */
  later: number;
  /** The only host key that it names. */
  named: KeyFile;
  /** The keys whose signatures it has, in this order. */
  signers: readonly KeyFile[];
  change?: (records: string) => string;
};

/** A whole bundle of web1, with valid signatures by these signers. */
export async function writeBundle({
  folder,
  nonce,
  later,
  named,
  signers,
  change = (records) => records,
}: BundleParts): Promise<Buffer> {
  const [written, lastLine] = [join(folder, "written"), join(folder, "last-line")];
  const stream = answerScript(`--nonce '${nonce}'''`, (records) =>
    change(records.replace("time:1795613274", `time:${1_795_613_274 + later}`)),
  );
  await writeFile(written, stream, "latin1");
  const args = [FORGER, written, "--key", `${named.path}.pub`];
  const { stdout: bundle } = await run("python3", args, { encoding: "buffer", maxBuffer: 1 << 26 });
  await writeFile(lastLine, bundle.subarray(bundle.lastIndexOf("\n", bundle.length - 2) + 1));
  const parts = [bundle, Buffer.from(signers.length > 0 ? "host-signature 1\n" : "")];
  for (const { path } of signers) {
    await rm(`${lastLine}.sig`, { force: true });
    await run("ssh-keygen", ["-Y", "sign", "-q", "-n", "latchkey-host-bundle", "-f", path, lastLine]);
    parts.push(await readFile(`${lastLine}.sig`));
  }
  return Buffer.concat(parts);
}

const PROGRAM = join(import.meta.dirname, "forge-bundle.py");

/** The bundle at `path` after forge-bundle.py has changed it. */
export const forge = (path: string, ...request: string[]): Buffer =>
  execFileSync("python3", [PROGRAM, path, ...request], { maxBuffer: 64 * 1024 * 1024 });
