import { execFile } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

/** V8 makes code for whatever WebAssembly calls at the second call, and says when a thread that needed it is gone. */
const FLAGS = ["--wasm-wrapper-tiering-budget=1", "--stress-wasm-code-gc", "--trace-wasm-code-gc"];

/** A thread with a module of WebAssembly whose one function calls one that is given to it. */
const CALLS_BACK = `
const bytes = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  ...[1, 4, 1, 96, 0, 0],
  ...[2, 7, 1, 1, 101, 1, 102, 0, 0],
  ...[3, 2, 1, 0],
  ...[7, 5, 1, 1, 114, 0, 1],
  ...[10, 6, 1, 4, 0, 16, 0, 11],
];
const work = \`
  const module = new WebAssembly.Module(new Uint8Array([\${bytes}]));
  const { r } = new WebAssembly.Instance(module, { e: { f() {} } }).exports;
  for (let nth = 0; nth < 9; nth++) r();\`;
new (require("node:worker_threads").Worker)(work, { eval: true });`;

test("no WebAssembly that calls back is in a thread of what is built (decision 0035)", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-wasm-"));
  const scan = ["out/main/latchkey.js", "--db", join(folder.path, "latchkey.db"), "scan", "127.0.0.1:1"];
  const { stdout } = await run(process.execPath, [...FLAGS, ...scan]);
  expect(stdout).toContain("1 target: 0 read, 1 not read");
  expect(stdout).not.toContain("wasm-gc");
  const { stdout: said } = await run(process.execPath, [...FLAGS, "-e", CALLS_BACK]);
  expect(said).toContain("[wasm-gc] Freeing 1 wrapper");
});
