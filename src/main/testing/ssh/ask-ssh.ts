import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * What `ssh -G` says of a host by one file of ssh_config: the values of each keyword. Null where it refuses to say.
 * It runs what Match exec says: never give it that.
 */
export async function askSsh(
  file: string,
  host: string,
  options: readonly string[] = [],
): Promise<((keyword: string) => string[]) | null> {
  const { stdout } = await run("ssh", ["-G", "-F", file, ...options, host]).catch(() => ({ stdout: "" }));
  if (stdout === "") return null;
  const lines = stdout.split("\n").map((line) => line.split(/ (.*)/s));
  return (keyword) => lines.filter(([name]) => name === keyword).map(([, value = ""]) => value);
}
