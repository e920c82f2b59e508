import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { beginSession } from "#net/ssh/hand/session.ts";
import type { LabHost } from "./start-host.ts";

export const readHandScript = (): Promise<string> =>
  readFile(join(import.meta.dirname, "../../../../resources/rotation/hand.sh"), "utf8");

type Wish = {
  /** The shell with its options: "busybox sh". */
  shell?: string;
  /** Who runs it; root by default. */
  user?: string;
  /** What stands before the shell, such as ["strace", "-f"]. */
  wrap?: readonly string[];
};

export type HandInHost = Pick<Hand, "uid" | "ask" | "ended"> &
  AsyncDisposable & {
    /** Ends the shell and all that it has started in its session, as a host that falls. */
    kill(): Promise<void>;
  };

/** A hand in a shell of a lab host, without sshd between: the same lines as over SSH. */
export async function openHandIn(
  host: LabHost,
  { shell = "sh", user, wrap = [] }: Wish = {},
): Promise<HandInHost> {
  const enter = ["-t", String(host.pid), "-m", "-n", "-p", "-u", "-r", "-w"];
  const asUser = user ? ["setpriv", "--reuid", user, "--regid", user, "--init-groups"] : [];
  const [program = "", ...rest] = shell.split(" ");
  const command = [...wrap, ...asUser, `/usr/bin/${program}`, ...rest, "-s"];
  const child = spawn("nsenter", [...enter, ...command], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const closed = once(child, "close");
  child.stdin.on("error", () => undefined);
  const kill = async () => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // It has ended already.
    }
    await closed;
  };
  const begun = await beginSession(
    {
      send: (text) => void child.stdin.write(text),
      follow({ out, over }) {
        child.stdout.on("data", out);
        void closed.then(() => over("the shell has ended"));
      },
    },
    await readHandScript(),
    30_000,
  );
  if (!("ask" in begun)) {
    await kill();
    throw new Error(`the hand did not begin: ${begun.message}: ${begun.noise}`);
  }
  return {
    ...begun,
    kill,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2_000))]);
      await kill();
    },
  };
}
