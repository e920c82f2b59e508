import { spawn } from "node:child_process";
import { once } from "node:events";
import { withoutRemarks } from "#shared/text/without-remarks.ts";
import { readCollector } from "#testing/read-collector.ts";
import type { LabHost } from "./start-host.ts";

type Run = {
  /** The shell with its options: "busybox sh". */
  shell?: string;
  /** Who runs it; root by default. */
  user?: string;
  args?: readonly string[];
  /** Shell text that runs before the collector, as rc files would. */
  before?: string;
  /** What stands before the shell, such as ["strace", "-f"]; `user` comes after it. */
  wrap?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Stops it when it has said this, as a client does at its limit. */
  until?: RegExp;
};

/** Runs the collector inside a host, fed on standard input as over SSH; answers with its standard output. */
export async function runCollector(
  host: LabHost,
  { shell = "sh", user, args = [], before = "", wrap = [], environment = {}, until }: Run = {},
): Promise<Buffer> {
  const enter = ["-t", String(host.pid), "-m", "-n", "-p", "-u", "-r", "-w"];
  const asUser = user ? ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] : [];
  const env = ["env", ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  const command = [...wrap, ...asUser, ...env, ...shell.split(" ").map(absolute), "-s", "--", ...args];
  const process = spawn("nsenter", [...enter, ...command], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const chunks: Buffer[] = [];
  process.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    if (!until?.test(Buffer.concat(chunks).toString())) return;
    process.stdout.destroy();
    process.kill("SIGKILL");
  });
  process.stdin.on("error", () => undefined);
  process.stdin.end(`${before}\n${withoutRemarks(await readCollector())}`);
  await once(process, "close");
  return Buffer.concat(chunks);
}

/** The shell itself by its path, so that a strange PATH does not lose it. */
const absolute = (word: string, index: number): string => (index === 0 ? `/usr/bin/${word}` : word);
