import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

type Start = {
  /** A bundled script. */
  script: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The command that runs it, such as ["strace", "-f"]. */
  under?: readonly string[];
};

/** A script in a process of its own, whose output is read line by line. It is killed when the test ends. */
export function startChild({ script, args = [], env = {}, under = [] }: Start) {
  const [command = process.execPath, ...rest] = [...under, process.execPath, script, ...args];
  // Node keeps compiled code in files: a child that writes them would spoil the count of its calls.
  const environment = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1", ...env };
  const child = spawn(command, rest, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    waiting.get(line)?.();
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, lines, complaints }));
  return {
    pid: child.pid,
    lines,
    ended,
    /** Rejects if it ends before it has printed that line. */
    said: async (line: string): Promise<void> => {
      if (lines.includes(line)) return;
      const heard = new Promise<"heard">((resolve) => waiting.set(line, () => resolve("heard")));
      const first = await Promise.race([heard, ended]);
      if (first !== "heard" && !lines.includes(line))
        throw new Error(`the child ended without "${line}": ${first.complaints}`);
    },
    tell: (text: string) => child.stdin.write(`${text}\n`),
    /** Stops it until it is killed. */
    freeze: () => child.kill("SIGSTOP"),
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await ended;
    },
    async [Symbol.asyncDispose]() {
      await this.kill();
    },
  };
}

export type Ended = Awaited<ReturnType<typeof startChild>["ended"]>;
