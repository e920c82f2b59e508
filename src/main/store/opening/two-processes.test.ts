import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const WRITER = fileURLToPath(new URL("../testing/writer.ts", import.meta.url));

test("another process is named as the holder; killed at any moment, it loses nothing it has acknowledged", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  await using writer = startWriter(path);
  await writer.said("open");
  await writer.said("50");
  expect(() => openStore({ path, access: "write" })).toThrow(`is held by process ${writer.child.pid} since`);

  const acknowledged = await writer.kill();
  const store = openStore({ path, access: "write" });
  expect(store.events.findBreak()).toBeNull();
  expect(store.events.count()).toBeGreaterThanOrEqual(acknowledged);
  store.close();
});

/** Vite runs it, for the program's own bundler is what gives it its migrations. */
function startWriter(path: string) {
  const run = 'const { runnerImport } = await import("vite"); await runnerImport(process.argv[1]);';
  const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", run, WRITER], {
    env: { ...process.env, LATCHKEY_TEST_DB: path },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const waiting = new Map<string, () => void>();
  const ended = once(child, "close");
  createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
    lines.push(line);
    waiting.get(line)?.();
  });
  return {
    child,
    said: (line: string): Promise<void> =>
      lines.includes(line) ? Promise.resolve() : new Promise((resolve) => waiting.set(line, resolve)),

    /** Gives the number of the last event that was acknowledged. */
    async kill(): Promise<number> {
      child.kill("SIGKILL");
      await ended;
      return Number(lines.at(-1));
    },

    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
