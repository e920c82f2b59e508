import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { printPem } from "#codec/pem.ts";
import { AT } from "#domain/x509/path/testing/judge.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { BROKEN_CHAINS } from "#testing/tls/broken-chains.ts";
import { CONSTRAINED_CHAINS, makeChain } from "#testing/tls/conforming-chain.ts";

const run = promisify(execFile);

test("openssl verify accepts of the broken chains those that are said to be accepted by it, and no others", async () => {
  await using folder = await makeTemporaryFolder();
  const path = (name: string) => join(folder.path, name);
  const theirs: Record<string, boolean> = {};
  const all = [...BROKEN_CHAINS, ...CONSTRAINED_CHAINS];
  for (const { what, changes } of all) {
    const chain = makeChain(changes());
    for (const [name, { der }] of Object.entries(chain)) await writeFile(path(name), printPem(der));
    const args = ["verify", "-no-CApath", "-no-CAstore", "-attime", String(AT / 1_000)];
    const files = ["-CAfile", path("root"), "-untrusted", path("middle"), path("leaf")];
    theirs[what] = await run("openssl", [...args, ...files]).then(
      () => true,
      () => false,
    );
  }
  const ours = all.map(({ what, acceptedBy }) => [what, acceptedBy.includes("openssl")]);
  expect(theirs).toEqual(Object.fromEntries(ours));
});
