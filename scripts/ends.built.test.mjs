import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { runToEnds, writeKeys } from "./run-to-ends.mjs";

const PROGRAM = "out/main/latchkey.js";

/** Says what held the process wherever it did not end by having nothing left to do. */
const TELLS = `
const tell = (way) => () => {
  process.stderr.write("ended by " + way + ", held by " + process.getActiveResourcesInfo().join(" ") + "\\n");
  process.kill(process.pid, "SIGKILL");
};
Object.assign(process, { execve: tell("execve"), exit: tell("exit"), reallyExit: tell("reallyExit") });`;

/**
 * @param {readonly string[]} args
 * @param {{ input?: string, stopAt?: RegExp }} [options] `stopAt`: it is told to stop once it has said that
 */
async function end(args, { input = "", stopAt } = {}) {
  const preload = `data:text/javascript,${encodeURIComponent(TELLS)}`;
  const child = spawn(process.execPath, ["--import", preload, PROGRAM, ...args]);
  child.stdin.end(input);
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
    if (stopAt?.test(said)) child.kill("SIGTERM");
  });
  const [err, [code, signal]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code, signal, held: /ended by .*/.exec(err)?.[0] ?? null };
}

test("commands end by having nothing left to do, with their code", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-ends-"));
  const db = ["--db", join(folder.path, "latchkey.db")];
  const [file, secret] = [join(folder.path, "a.pub"), join(folder.path, "passphrase")];
  await writeFile(file, writeKeys(1));
  await writeFile(secret, "correct horse battery staple\n", { mode: 0o600 });
  const ended = { signal: null, held: null };

  expect(await end(["--help"])).toEqual({ code: 0, ...ended });
  expect(await end(["no-such-command"])).toEqual({ code: 2, ...ended });
  expect(await end(["inspect", file, "--json"])).toEqual({ code: 0, ...ended });
  expect(await end(["inspect", "-"], { input: writeKeys(1) })).toEqual({ code: 0, ...ended });
  expect(await end([...db, "scan", "127.0.0.1:1", "--strict"])).toEqual({ code: 1, ...ended });
  expect(await end([...db, "certificates", "--json"])).toEqual({ code: 0, ...ended });
  expect(await end([...db, "vault", "create", "--no-recovery", "--vault-passphrase-file", secret])).toEqual({
    code: 0,
    ...ended,
  });
  expect(await end([...db, "serve"], { stopAt: /Latchkey is at/ })).toEqual({ code: 0, ...ended });
});

test("six runs whose reader leaves early end, beside two busy loops", async () => {
  expect(await runToEnds({ program: PROGRAM, runs: 6, withinMs: 100_000 })).toMatchObject({
    runs: 6,
    hangs: [],
  });
});
