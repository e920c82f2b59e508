import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { COST, typed } from "./testing/typed.ts";
import type { Vault } from "./vault.ts";
import { createVault } from "./vault-client.ts";

const TSIG = { kind: "tsig", label: "of ns1" };

/** Two vault processes of one file, both open. */
async function openTwo() {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "a.vault");
  const locked = Promise.withResolvers<void>();
  const onChange = () => one.state() === "locked" && locked.resolve();
  const one = createVault({ path, cost: COST, onChange });
  const other = createVault({ path, cost: COST });
  await one.create(typed("the passphrase"), typed("the recovery"));
  await other.unlock(typed("the passphrase"));
  return {
    one,
    other,
    path,
    folder: folder.path,
    locked: locked.promise,
    async [Symbol.asyncDispose]() {
      for (const each of [one, other, folder]) await each[Symbol.asyncDispose]();
    },
  };
}

const textOf = async (vault: Vault, id: string) =>
  Buffer.from(Redacted.reveal(await vault.open(id))).toString();

test("of two that have it open each finds and keeps what the other has written", async () => {
  await using two = await openTwo();
  const { one, other } = two;
  const { id: first } = await other.keep(typed("the other's"), TSIG);
  expect(await textOf(one, first)).toBe("the other's");
  const { id: second } = await other.keep(typed("the other's second"), TSIG);
  const { id: mine } = await one.keep(typed("mine"), TSIG);
  for (const vault of [one, other]) {
    expect(await textOf(vault, second)).toBe("the other's second");
    expect(await textOf(vault, mine)).toBe("mine");
  }
  await other.forget(first);
  await expect(one.open(first)).rejects.toThrow(/has no secret/);
  expect(await readdir(two.folder)).toEqual(["a.vault"]);
});

test("what is open works on where its file has gone, and writes nothing then", async () => {
  await using two = await openTwo();
  const { id } = await two.one.keep(typed("the secret"), TSIG);
  await rm(two.path);
  expect(await textOf(two.one, id)).toBe("the secret");
  await expect(two.one.keep(typed("another"), TSIG)).rejects.toThrow(/changed by another program meanwhile/);
  expect(await readdir(two.folder)).toEqual([]);
});

test("a passphrase that is changed in one program locks the vault in the other", async () => {
  await using two = await openTwo();
  const { id } = await two.other.keep(typed("the secret"), TSIG);
  await two.other.changePassphrase(typed("the passphrase"), typed("the second"));
  await expect(two.one.open(id)).rejects.toThrow(/sealed anew by another program/);
  expect(two.one.state()).toBe("locked");
  await two.one.unlock(typed("the second"));
  expect(await textOf(two.one, id)).toBe("the secret");
});

test("whoever locks it locks it in every program, also where nothing is asked of it", async () => {
  await using two = await openTwo();
  await two.other.lock();
  await two.locked;
  expect([two.one.state(), two.other.state()]).toEqual(["locked", "locked"]);
  await two.one.unlock(typed("the passphrase"));
  const { id } = await two.one.keep(typed("the secret"), TSIG);
  await two.other.lock();
  await expect(two.one.open(id)).rejects.toMatchObject({ code: "locked" });
  expect(two.one.state()).toBe("locked");
});
