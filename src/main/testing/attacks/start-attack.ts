import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";

/** The user nobody: on this computer, and not us. */
const OTHER_USER = 65_534;

/** Without root we cannot become another user: then the same program attacks as ourselves. */
const canBeOther = (): boolean => process.platform === "linux" && process.getuid?.() === 0;

export type Attack = AsyncDisposable & {
  /** Everything that the program has printed so far. */
  readonly said: readonly Record<string, unknown>[];
  /** The first printed message with this field, past or future. Fails if the program ends before. */
  until(field: string): Promise<Record<string, unknown>>;
};

/** Starts a Python program of this folder as another user of this computer, who cannot read our files. */
export async function startAttack(program: string, ...args: readonly (string | number)[]): Promise<Attack> {
  const source = await readFile(new URL(program, import.meta.url), "utf8");
  const python = ["/usr/bin/python3", "-c", source, ...args.map(String)];
  const as = ["setpriv", "--reuid", `${OTHER_USER}`, "--regid", `${OTHER_USER}`, "--clear-groups"];
  const [command = "", ...words] = canBeOther() ? [...as, "--pdeathsig", "KILL", ...python] : python;
  const child = spawn(command, words, { cwd: "/", stdio: ["ignore", "pipe", "inherit"], env: {} });
  const ended = once(child, "close");
  const said: Record<string, unknown>[] = [];
  const heard = new EventEmitter<{ line: [] }>();
  createInterface(child.stdout).on("line", (line) => {
    said.push(JSON.parse(line));
    heard.emit("line");
  });
  return {
    said,
    async until(field) {
      for (;;) {
        const found = said.find((what) => field in what);
        if (found) return found;
        const isOver = await Promise.race([once(heard, "line").then(() => false), ended.then(() => true)]);
        if (isOver && !said.some((what) => field in what))
          throw new Error(`${program} ended before ${field}`);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
