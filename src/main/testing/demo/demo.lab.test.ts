import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

test("the demo shows hosts and endpoints that were scanned, and Ctrl-C leaves nothing behind", async () => {
  await using folder = await makeTemporaryFolder();
  await using demo = await startDemo(folder.path);

  expect(await demo.untilLine(/^Latchkey is at http:\/\/lk-[0-9a-f]+\.localhost:\d+\/#launch=/)).toBe(true);
  const certificates: { locations: { kind: string; host: string; port?: number }[] }[] = (
    await demo.ask("certificates")
  ).certificates;
  const locations = certificates.flatMap((certificate) => certificate.locations);
  const endpoints = locations.filter(({ kind }) => kind === "endpoint");
  expect(new Set(endpoints.map(({ host, port }) => `${host}:${port}`)).size).toBe(20);
  const grants: { host: string; verdict: { effective: { state: string } } }[] = (await demo.ask("access"))
    .grants;
  expect(new Set(grants.map(({ host }) => host)).size).toBe(3);
  expect(new Set(grants.map(({ verdict }) => verdict.effective.state))).toEqual(
    new Set(["yes", "no", "unknown"]),
  );

  expect(await demo.pressCtrlC()).toBe(0);
  expect(await readdir(demo.temporary)).toEqual([]);
  expect(await findProcessesOf(demo.temporary)).toEqual([]);
});

test("Ctrl-C while the demo is being made leaves nothing behind either", async () => {
  await using folder = await makeTemporaryFolder();
  await using demo = await startDemo(folder.path);
  expect(await demo.untilLine(/^Starting three hosts/)).toBe(true);
  await demo.pressCtrlC();
  expect(await readdir(demo.temporary)).toEqual([]);
  expect(await findProcessesOf(demo.temporary)).toEqual([]);
});

/** The demo of the built program, in a process group of its own, as a terminal makes one. */
async function startDemo(folder: string) {
  const temporary = join(folder, "tmp");
  await mkdir(temporary);
  const child = spawn(process.execPath, ["scripts/demo.mjs"], {
    env: { ...process.env, TMPDIR: temporary, DISPLAY: "", WAYLAND_DISPLAY: "" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const signal = (name: NodeJS.Signals) =>
    child.pid && child.exitCode === null && process.kill(-child.pid, name);

  return {
    temporary,
    async untilLine(pattern: RegExp): Promise<boolean> {
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        if (pattern.test(line.value)) return true;
      }
      return false;
    },
    async ask(command: string) {
      const [name = ""] = (await readdir(temporary)).filter((entry) => entry.startsWith("latchkey-demo-"));
      const database = join(temporary, name, "latchkey.db");
      const args = ["out/main/latchkey.js", "--db", database, command, "--json"];
      return JSON.parse((await run(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 })).stdout);
    },
    async pressCtrlC(): Promise<number> {
      signal("SIGINT");
      const [code] = await ended;
      return code;
    },
    async [Symbol.asyncDispose]() {
      signal("SIGKILL");
      await ended;
    },
  };
}

/** The command lines of the processes that were started with that temporary folder. */
async function findProcessesOf(temporary: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (environment.includes(temporary))
      found.push(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => pid));
  }
  return found;
}
