import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { Answerer, createVaultFile, openByPassphrase } from "./answer-requests.ts";
import { unwrapByKeyring } from "./key-wraps.ts";
import type { OpenVault } from "./open-vault.ts";
import { createUnmasking, sealTo } from "./sealed-box.ts";
import { COST, typed } from "./testing/typed.ts";
import { readVault } from "./vault-file.ts";

const AT = "2026-06-01T00:00:00Z";
const TSIG = { kind: "tsig", label: "of ns1" };
const SPELT = ["caf\u00e9 and a horse", "cafe\u0301 and a horse"] as const;

async function openFile() {
  const folder = await makeTemporaryFolder();
  const options = { path: join(folder.path, "a.vault"), cost: COST };
  const answerer = new Answerer(options);
  const seal = async (text: string) =>
    sealTo((await answerer.answer({ what: "receiver" })) as never, typed(text));
  return {
    options,
    answerer,
    seal,
    [Symbol.asyncDispose]: folder.remove,
    create: () => createVaultFile(options, typed("the passphrase"), typed("the recovery"), AT),
    read: () => JSON.parse(JSON.stringify(readVault(options.path)?.content)),
    write: (content: object) => {
      const sha256 = createHash("sha256").update(JSON.stringify(content)).digest("hex");
      return writeFile(options.path, `${JSON.stringify({ ...content, sha256 })}\n`);
    },
    unlock: async (text: string) =>
      answerer.answer({ what: "unlock", passphrase: await seal(text) }) as Promise<string>,
  };
}

function textOf(vault: OpenVault | null, id: string): string {
  const mine = createUnmasking();
  if (!vault) throw new Error("it does not open");
  return Buffer.from(Redacted.reveal(mine.open(vault.open(id, mine.publicKey)))).toString();
}

test("an older copy's passphrase opens nothing that was written after it was changed", async () => {
  await using file = await openFile();
  const vault = file.create();
  const { id } = vault.keep(typed("the secret"), TSIG);
  const { wraps: before } = file.read();
  vault.wrap("passphrase", typed("the second"), AT);
  const { id: later } = vault.keep(typed("the later"), TSIG);
  const after = file.read();
  for (const word of ["the second", "the recovery"])
    for (const [which, text] of [
      [id, "the secret"],
      [later, "the later"],
    ] as const)
      expect(textOf(openByPassphrase(file.options, typed(word)), which)).toBe(text);

  // The passphrase's wrap from the older copy: unchanged, and with the new file's other fields.
  const [old] = before;
  const [recovery] = after.wraps;
  for (const wrap of [old, { ...old, to: recovery.to, dataKey: recovery.dataKey }]) {
    await file.write({ ...after, wraps: [wrap] });
    const opened = openByPassphrase(file.options, typed("the passphrase"));
    if (opened) for (const each of [id, later]) expect(() => textOf(opened, each)).toThrow(/was altered/);
  }
});

test("what is removed opens nothing any more, with its old wrap either", async () => {
  await using file = await openFile();
  const vault = file.create();
  const key = Buffer.alloc(32, 7);
  vault.wrapBy(key, AT);
  const { id } = vault.keep(typed("the secret"), TSIG);
  const before = file.read();
  expect(unwrapByKeyring(before, key)).not.toBeNull();
  vault.wrapBy(null, AT);
  vault.wrap("recovery", null, AT);
  const after = file.read();
  expect(after.wraps.map(({ kind }: { kind: string }) => kind)).toEqual(["passphrase"]);
  expect(textOf(openByPassphrase(file.options, typed("the passphrase")), id)).toBe("the secret");
  await file.write({ ...after, wraps: before.wraps });
  expect(() => textOf(openByPassphrase(file.options, typed("the recovery")), id)).toThrow(/was altered/);
});

test("nobody is given the new key who put a key pair of his own into the file", async () => {
  await using file = await openFile();
  file.create();
  const content = file.read();
  const [passphrase, recovery] = content.wraps;
  const [theirs] = await (async () => {
    await using other = await openFile();
    other.create();
    return other.read().wraps;
  })();
  await file.write({ ...content, wraps: [passphrase, { ...recovery, to: theirs.to }] });
  const vault = openByPassphrase(file.options, typed("the passphrase"));
  const before = await readFile(file.options.path, "utf8");
  expect(() => vault?.wrap("passphrase", typed("the second"), AT)).toThrow(
    /what opens the vault .* \(recovery\) was altered; put a copy/,
  );
  expect(await readFile(file.options.path, "utf8")).toBe(before);
});

test("neither passphrase is changed to the other one", async () => {
  await using file = await openFile();
  const vault = file.create();
  for (const [kind, word] of [
    ["passphrase", "the recovery"],
    ["recovery", "the passphrase"],
  ] as const)
    expect(() => vault.wrap(kind, typed(word), AT)).toThrow(/write another one/);
  expect(openByPassphrase(file.options, typed("the recovery"))).not.toBeNull();
});

test("a wrap that holds less than a tag does not keep the other from opening", async () => {
  await using file = await openFile();
  const { id } = file.create().keep(typed("the secret"), TSIG);
  const content = file.read();
  const [passphrase, recovery] = content.wraps;
  await file.write({ ...content, wraps: [{ ...passphrase, sealed: "AAAA" }, recovery] });
  expect(() => readVault(file.options.path)).toThrow(/was altered/);
  for (const broken of [
    { ...passphrase, sealed: Buffer.alloc(17).toString("base64") },
    { ...passphrase, dataKey: { ...passphrase.dataKey, publicKey: Buffer.alloc(65).toString("base64") } },
  ]) {
    await file.write({ ...content, wraps: [broken, recovery] });
    expect(openByPassphrase(file.options, typed("the passphrase"))).toBeNull();
    expect(textOf(openByPassphrase(file.options, typed("the recovery")), id)).toBe("the secret");
  }
});

test("a passphrase opens in whichever of both ways its characters are written", async () => {
  for (const made of SPELT) {
    await using file = await openFile();
    await file.answerer.answer({ what: "create", passphrase: await file.seal(made), recovery: null, at: AT });
    for (const text of SPELT) expect(await file.unlock(text)).toBe("open");
    expect(await file.unlock("cafe and a horse")).toBe("wrong");

    // As earlier versions of the command line made one.
    await using older = await openFile();
    createVaultFile(older.options, typed(made), null, AT);
    for (const text of SPELT) expect(await older.unlock(text)).toBe("open");
  }
});
