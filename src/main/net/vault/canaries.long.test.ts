import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/** Holds a core with a vault, and obeys messages. */
const CORE = join(import.meta.dirname, "testing/canary-core.ts");

/** Each secret is sent reversed, so that the process that sends it never holds it as it is. */
type VaultAnswer = { kind: "opened"; vaultProcess: number; secrets: string[] } | { kind: "locked" };

test("after it is locked no secret is in a core of the process that asked, nor in anything that was written", async () => {
  await using folder = await makeTemporaryFolder();
  const child = fork(CORE, [join(folder.path, "latchkey.db.vault")], { serialization: "advanced" });
  const next = async () => (await once(child, "message"))[0] as VaultAnswer;
  try {
    const opened = await next();
    if (opened.kind !== "opened") throw new Error("it was not opened");
    const wanted = opened.secrets.map((hex) => Buffer.from(hex, "hex").reverse());
    expect(wanted).toHaveLength(22);

    for (const file of ["cmdline", "environ"])
      expect(inBytes(await readFile(`/proc/${opened.vaultProcess}/${file}`), wanted), file).toEqual([]);

    child.send("lock");
    expect(await next()).toEqual({ kind: "locked" });
    await expect(readFile(`/proc/${opened.vaultProcess}/cmdline`)).rejects.toThrow("ENOENT");
    expect(await inCore(child.pid ?? 0, folder.path, wanted)).toEqual([]);
    for (const file of await readdir(folder.path))
      if (file.startsWith("latchkey.db"))
        expect(inBytes(await readFile(join(folder.path, file)), wanted), file).toEqual([]);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a search of a core finds what is there", async () => {
  await using folder = await makeTemporaryFolder();
  const planted = "canary-that-is-kept-on-purpose";
  const holder = fork(CORE, ["--hold", planted], { serialization: "advanced" });
  try {
    await once(holder, "message");
    expect(await inCore(holder.pid ?? 0, folder.path, [Buffer.from(planted)])).toEqual([0]);
  } finally {
    holder.kill("SIGKILL");
  }
});

/** The encodings in which a secret may be in memory: as it is, in two bytes a character, or as it is sent. */
const formsOf = (secret: Buffer): string[] =>
  [
    secret,
    Buffer.from(secret.toString("latin1"), "utf16le"),
    ...[secret.toString("base64").slice(0, -4), secret.toString("hex")].map((text) => Buffer.from(text)),
  ].map((form) => form.toString("hex"));

/** Dumps the memory of a process; the indexes of the secrets that are in it. */
async function inCore(pid: number, folder: string, wanted: readonly Buffer[]): Promise<number[]> {
  await run("gcore", ["-o", join(folder, "core"), `${pid}`]);
  const core = join(folder, `core.${pid}`);
  const searching = run("python3", [join(import.meta.dirname, "testing/find-in-core.py"), core]);
  searching.child.stdin?.end(JSON.stringify(wanted.map(formsOf)));
  const { searched, found } = JSON.parse((await searching).stdout);
  await rm(core);
  expect(searched).toBeGreaterThan(10_000_000);
  return found;
}

const inBytes = (bytes: Buffer, wanted: readonly Buffer[]): number[] =>
  wanted.flatMap((secret, place) =>
    formsOf(secret).some((form) => bytes.includes(Buffer.from(form, "hex"))) ? [place] : [],
  );
