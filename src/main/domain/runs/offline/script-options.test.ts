import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { BEFORE, makeScript } from "#domain/runs/testdata/make-script.ts";
import { readCarriedParts } from "#testing/runs/offline-hosts.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

test("a script says how it is run to whoever runs it in another way, and does nothing", async () => {
  await using folder = await makeTemporaryFolder();
  const script = join(folder.path, "script.sh");
  const made = makeScript(BEFORE)(1_000, "ssh-ed25519 AAAA", await readCarriedParts());
  await writeFile(script, made.script);
  const ended = await run("sh", [script, "--no-such-option"]).catch((error) => error);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toMatch(/^usage: sh .*script\.sh \[--check\] \[--signer /);
  expect(ended.stdout).toBe("");
});
