import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createVaultFile, openByPassphrase } from "./answer-requests.ts";
import { createUnmasking } from "./sealed-box.ts";
import { COST, typed } from "./testing/typed.ts";
import { readVault, whileLocked } from "./vault-file.ts";

const AT = "2026-06-01T00:00:00Z";
const TSIG = { kind: "tsig", label: "of ns1" };

async function openFile() {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db.vault");
  const options = { path, cost: COST };
  const vault = createVaultFile(options, typed("the passphrase"), null, AT);
  return {
    vault,
    options,
    path,
    folder: folder.path,
    reopen: () => openByPassphrase(options, typed("the passphrase")),
    textOf: (from: typeof vault, id: string) => {
      const mine = createUnmasking();
      return Buffer.from(Redacted.reveal(mine.open(from.open(id, mine.publicKey)))).toString();
    },
    [Symbol.asyncDispose]: folder.remove,
  };
}

test.each<[string, (text: string) => string, RegExp]>([
  ["is cut off", (text) => text.slice(0, -20), /was cut off, or is no vault of Latchkey; nothing was done/],
  ["is empty", () => "", /was cut off, or is no vault/],
  ["is altered", (text) => text.replace("of ns1", "of ns2"), /was altered; .* put a copy of it/],
  ["has lost a field", (text) => text.replace(/"id":"\w+",/, ""), /was altered/],
  [
    "is of a later version",
    (text) => text.replace('"version":1', '"version":2'),
    /is of version 2, and this/,
  ],
  ["asks for all memory", (text) => text.replace('"N":1024', '"N":1073741824'), /was altered/],
])("a file that %s is refused in a sentence, and stays as it is", async (_, alter, sentence) => {
  await using file = await openFile();
  file.vault.keep(typed("the secret"), TSIG);
  const altered = alter(await readFile(file.path, "utf8"));
  await writeFile(file.path, altered);
  expect(() => readVault(file.path)).toThrow(sentence);
  expect(file.reopen).toThrow(sentence);
  expect(() => createVaultFile(file.options, typed("the passphrase"), null, AT)).toThrow(sentence);
  expect(() => file.vault.keep(typed("another"), TSIG)).toThrow(sentence);
  expect(await readFile(file.path, "utf8")).toBe(altered);
});

test("any one byte that is changed is noticed, whichever it is", async () => {
  await using file = await openFile();
  file.vault.keep(typed("the secret"), TSIG);
  const whole = await readFile(file.path);
  for (let at = 0; at < whole.length - 1; at++) {
    const altered = Buffer.from(whole);
    altered[at] = (whole[at] ?? 0) ^ 1;
    await writeFile(file.path, altered);
    expect(() => readVault(file.path), `byte ${at}`).toThrow(/was altered|was cut off|is of version/);
  }
});

test("an entry that was put in another's place does not open, and all others do", async () => {
  await using file = await openFile();
  const { id } = file.vault.keep(typed("the first"), TSIG);
  const { id: other } = file.vault.keep(typed("the second"), TSIG);
  const { sha256: _, ...content } = JSON.parse(await readFile(file.path, "utf8"));
  const [first, second] = content.entries;
  first.sealed = second.sealed;
  first.nonce = second.nonce;
  const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
  await writeFile(file.path, JSON.stringify({ ...content, sha256 }));
  const vault = file.reopen();
  if (!vault) throw new Error("it does not open");
  expect(() => file.textOf(vault, id)).toThrow(/was altered; put a copy/);
  expect(file.textOf(vault, other)).toBe("the second");
});

test("where the file cannot be written nothing is lost, and it is said", async () => {
  await using file = await openFile();
  const before = await readFile(file.path, "utf8");
  await rename(file.folder, `${file.folder}-moved`);
  expect(() => file.vault.keep(typed("the secret"), TSIG)).toThrow(/cannot be written \(ENOENT\)/);
  await rename(`${file.folder}-moved`, file.folder);
  expect(await readFile(file.path, "utf8")).toBe(before);
  const { id } = file.vault.keep(typed("the secret"), TSIG);
  expect(file.textOf(file.vault, id)).toBe("the secret");
});

test("what a killed writer has left is cleared away by the next one, and the mode of the file is mended", async () => {
  await using file = await openFile();
  await writeFile(join(file.folder, "latchkey.db.vault.0011223344556677.unfinished"), "half");
  await chmod(file.path, 0o644);
  file.vault.keep(typed("the secret"), TSIG);
  expect(await readdir(file.folder)).toEqual(["latchkey.db.vault"]);
  expect((await stat(file.path)).mode & 0o777).toBe(0o600);
});

const lockOf = (pid: number | undefined, host = hostname()) => `${pid} 0011223344556677 ${host}`;

test("while one acts on a file its lock is there, and after it, also after a fault, nothing is", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "a.vault");
  const seen: string[] = [];
  const act = () => whileLocked(path, () => seen.push("again"), 0);
  whileLocked(path, () => whileLocked(join(folder.path, "b.vault"), () => seen.push("other")));
  expect(() =>
    whileLocked(path, () => {
      throw new Error("a fault");
    }),
  ).toThrow("a fault");
  expect(await readdir(folder.path)).toEqual([]);
  act();
  expect(seen).toEqual(["other", "again"]);
});

test("what a program has left that is gone is taken away, and what one has that lives stays", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "a.vault");
  const { pid: gone } = spawnSync("true");
  await writeFile(`${path}.lock`, lockOf(gone));
  let times = 0;
  whileLocked(path, () => times++, 0);
  expect([times, await readdir(folder.path)]).toEqual([1, []]);

  // Whether another computer's process lives is unknown here, as for a truncated lock.
  for (const text of [lockOf(process.ppid), lockOf(gone, "elsewhere"), ""]) {
    await writeFile(`${path}.lock`, text);
    expect(() => whileLocked(path, () => times++, 20)).toThrow(
      `another program is writing ${path}, and nothing was written; try again, and if no Latchkey runs, delete ${path}.lock`,
    );
    expect(await readFile(`${path}.lock`, "utf8")).toBe(text);
  }
  expect(times).toBe(1);
});
