import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { withoutRemarks } from "#shared/text/scripts.ts";
import { readCollector } from "#testing/read-scripts.ts";
import type { LabHost } from "./start-host.ts";

type Run = {
  /** The shell with its options: "busybox sh". */
  shell?: string;
  /** The user that runs it; root by default. */
  user?: string;
  args?: readonly string[];
  /** Shell text that runs before the collector, as shell start files would. */
  before?: string;
  /** The words before the shell, such as ["strace", "-f"]; `user` follows them. */
  wrap?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Stops it once it has printed this, as a client does at its limit. */
  until?: RegExp;
};

/** Runs the collector inside a host, with its script on standard input as over SSH; returns its standard output. */
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

/** The full path of the shell, so that it is found whatever PATH is. */
const absolute = (word: string, index: number): string => (index === 0 ? `/usr/bin/${word}` : word);

type ShellOptions = {
  /** The shell with its options: "busybox sh". */
  shell?: string;
  /** The user that runs it; root by default. */
  user?: string;
  /** The words before the shell, such as ["strace", "-f"]; the user follows them. */
  wrap?: readonly string[];
};

type ShellInHost = {
  send(text: string): void;
  follow(told: { out(chunk: Buffer): void; over(why: string): void }): void;
  /** Ends its input, and waits until it has ended. */
  leave(): Promise<void>;
  /** Kills it at once, with everything that it has started and that is still in its process group. */
  kill(): Promise<void>;
};

/** For a shell that does not end when its input does. */
const PATIENCE_MS = 5_000;

/** A shell inside a host that reads its script from standard input, as sshd starts one. */
export function startShellIn(
  host: LabHost,
  { shell = "sh", user, wrap = [] }: ShellOptions = {},
): ShellInHost {
  const enter = ["-t", String(host.pid), "-m", "-n", "-p", "-u", "-r", "-w"];
  const asUser = user ? ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] : [];
  const [program = "", ...rest] = shell.split(" ");
  return startShell(["nsenter", ...enter, ...wrap, ...asUser, `/usr/bin/${program}`, ...rest, "-s"]);
}

/** A shell by the command that starts it. */
export function startShell([command = "", ...args]: readonly string[]): ShellInHost {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "ignore"],
    // In a process group of its own.
    detached: true,
  });
  const closed = once(child, "close");
  const kill = () => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  child.stdin.on("error", () => undefined);
  return {
    send: (text) => void child.stdin.write(text),
    follow({ out, over }) {
      child.stdout.on("data", out);
      void closed.then(() => over("the shell has ended"));
    },
    async leave() {
      child.stdin.end();
      const timer = setTimeout(kill, PATIENCE_MS);
      await closed;
      clearTimeout(timer);
    },
    async kill() {
      kill();
      await closed;
    },
  };
}

/** The shells that hosts may run the collector with. */
export const SHELLS = ["dash", "busybox sh", "bash", "bash --posix", "ksh"];

/** The two that differ most; the long tests run all of them. */
export const SOME_SHELLS = process.env.LATCHKEY_TEST_SHELLS === "all" ? SHELLS : ["dash", "busybox sh"];

/** The text of every file in a folder and the names in each folder of it, as a scan returns them from a host. */
export function readTree(folder: string): { files: Map<string, string>; folders: Map<string, string[]> } {
  const tree = { files: new Map<string, string>(), folders: new Map<string, string[]>() };
  readInto(tree, folder);
  return tree;
}

function readInto(tree: ReturnType<typeof readTree>, folder: string): void {
  const names = readdirSync(folder).sort();
  tree.folders.set(folder, names);
  for (const path of names.map((name) => join(folder, name))) {
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry?.isDirectory()) readInto(tree, path);
    else if (entry?.isFile()) tree.files.set(path, readFileSync(path, "utf8"));
  }
}
