import { spawn } from "node:child_process";
import { once } from "node:events";
import type { LabHost } from "./start-host.ts";

type Wish = {
  /** The shell with its options: "busybox sh". */
  shell?: string;
  /** Who runs it; root by default. */
  user?: string;
  /** What stands before the shell, such as ["strace", "-f"]; the user comes after it. */
  wrap?: readonly string[];
};

export type ShellInHost = {
  send(text: string): void;
  follow(told: { out(chunk: Buffer): void; over(why: string): void }): void;
  /** Ends its input, and answers when it has ended. */
  leave(): Promise<void>;
  /** Ends it, and all that it has started and that has not left its group, at once. */
  kill(): Promise<void>;
};

/** For a shell that does not end when its input does. */
const PATIENCE_MS = 5_000;

/** A shell inside a host that reads its script from standard input, as sshd starts one. */
export function startShellIn(host: LabHost, { shell = "sh", user, wrap = [] }: Wish = {}): ShellInHost {
  const enter = ["-t", String(host.pid), "-m", "-n", "-p", "-u", "-r", "-w"];
  const asUser = user ? ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] : [];
  const [program = "", ...rest] = shell.split(" ");
  return startShell(["nsenter", ...enter, ...wrap, ...asUser, `/usr/bin/${program}`, ...rest, "-s"]);
}

/** A shell by the command that starts it. */
export function startShell([command = "", ...args]: readonly string[]): ShellInHost {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "ignore"],
    // A group of its own.
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
