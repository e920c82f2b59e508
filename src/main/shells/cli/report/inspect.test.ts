import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const STORES = join(import.meta.dirname, "../../../domain/keystores/testdata");

/** A folder with a locked store, and a terminal at which these lines are typed. */
async function sitDown(...typed: string[]) {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "server.p12");
  await copyFile(join(STORES, "aes.p12"), path);
  const asked: string[] = [];
  const type = openTerminal(join(folder.path, "latchkey.db"), {
    prompt: async (text, { isHidden }) => {
      asked.push(`${text}${isHidden ? "(hidden)" : ""}`);
      return typed.shift() ?? null;
    },
  });
  return { folder, path, asked, type, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test("at a terminal the password of a locked store is asked for until it opens, and what is typed is shown nowhere", async () => {
  await using desk = await sitDown("canary", "latchkey");
  const { code, out, err } = await desk.type("inspect", desk.path);
  expect([code, desk.asked]).toEqual([0, ["Password: (hidden)", "Password: (hidden)"]]);
  expect(out).toContain("CN=app.example");
  expect(err).toBe(
    `${desk.path} is locked; press Enter to go on without its password
wrong passphrase; 2 attempts left
${desk.path} is locked; press Enter to go on without its password`,
  );
  expect(out + err).not.toContain("canary");
});

test("Enter goes on without, three wrong ones are enough, and where nobody sits nothing is asked", async () => {
  await using without = await sitDown("");
  expect(await without.type("inspect", without.path)).toMatchObject({
    code: 0,
    out: expect.stringContaining("locked"),
  });
  expect(without.asked).toHaveLength(1);

  await using wrong = await sitDown("a", "b", "c", "latchkey");
  expect(await wrong.type("inspect", wrong.path)).toMatchObject({ code: 2 });
  expect(wrong.asked).toHaveLength(3);

  await using alone = await sitDown();
  const type = openTerminal(join(alone.folder.path, "other.db"));
  expect(await type("inspect", alone.path)).toMatchObject({ code: 0, err: "" });
});

test("a store that opens, or needs no password to be read, asks for none", async () => {
  await using desk = await sitDown("never");
  const passwords = join(desk.folder.path, "passwords");
  await writeFile(passwords, "latchkey\n");
  const jks = join(STORES, "java.jceks");
  const { code, out } = await desk.type("inspect", "--passphrase-file", passwords, desk.path, jks);
  expect([code, desk.asked]).toEqual([0, []]);
  expect(out.match(/integrity {3}unchanged/g)).toHaveLength(2);
  expect(await desk.type("inspect", jks)).toMatchObject({ code: 0 });
  expect(desk.asked).toEqual([]);
});

test("a list of passphrases that is too long is refused", async () => {
  await using desk = await sitDown();
  const passwords = join(desk.folder.path, "passwords");
  await writeFile(passwords, "a\n".repeat(40));
  expect(await desk.type("inspect", "--passphrase-file", passwords, desk.path)).toMatchObject({
    code: 2,
    err: `latchkey: ${passwords} has 40 lines; at most 32 passphrases can be tried`,
  });
});
