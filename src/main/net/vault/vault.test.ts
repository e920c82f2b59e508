import { createHmac, createPublicKey, verify } from "node:crypto";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createReceiver, sealTo } from "./sealed-box.ts";
import { COST, typed } from "./testing/typed.ts";
import type { Hash } from "./vault.ts";
import { createVault, forkVaultProcess } from "./vault-client.ts";

const TSIG = { kind: "tsig", label: "of ns1" };
const textOf = (secret: Redacted<Uint8Array>) => Buffer.from(Redacted.reveal(secret)).toString();

/** A folder for a vault that does not exist yet, and what became of it. */
async function openDesk() {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db.vault");
  const changes: string[] = [];
  const vault = createVault({ path, cost: COST, onChange: () => changes.push(vault.state()) });
  return {
    vault,
    path,
    changes,
    folder: folder.path,
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("a vault is created, locked, and unlocked by either passphrase and by no other", async () => {
  await using desk = await openDesk();
  const { vault } = desk;
  expect(vault.state()).toBe("absent");
  await expect(vault.keep(typed("the secret"), TSIG)).rejects.toThrow(/there is no vault yet; create it/);
  await vault.create(typed("the passphrase"), typed("the recovery"));
  expect(vault.state()).toBe("open");
  expect((await stat(desk.path)).mode & 0o777).toBe(0o600);
  const { id } = await vault.keep(typed("the secret"), TSIG);

  await vault.lock();
  expect(vault.state()).toBe("locked");
  await expect(vault.open(id)).rejects.toMatchObject({ code: "locked" });
  expect(await vault.unlock(typed("another passphrase"))).toEqual({ kind: "wrong" });
  expect(vault.state()).toBe("locked");
  await expect(vault.open(id)).rejects.toMatchObject({ code: "locked" });
  expect(await vault.unlock(typed("the recovery"))).toEqual({ kind: "open" });
  await vault.lock();
  expect(await vault.unlock(typed("the passphrase"))).toEqual({ kind: "open" });
  expect(textOf(await vault.open(id))).toBe("the secret");
  expect(desk.changes).toEqual(["open", "locked", "open", "locked", "open"]);
  expect(await vault.status()).toMatchObject({
    wraps: [{ kind: "passphrase" }, { kind: "recovery" }],
    kept: [{ kind: "tsig", count: 1 }],
    problem: null,
  });
});

test("what is given is overwritten once it is taken", async () => {
  await using desk = await openDesk();
  const [passphrase, secret] = [Buffer.from("the passphrase"), Buffer.from("the secret")];
  await desk.vault.create(new Redacted(passphrase), null);
  await desk.vault.keep(new Redacted(secret), TSIG);
  expect([...passphrase, ...secret].every((byte) => byte === 0)).toBe(true);
});

const KINDS: [KeyKind, Hash | null][] = [
  ["p256", "SHA-256"],
  ["p384", "SHA-384"],
  ["rsa-2048", "SHA-256"],
  ["ed25519", null],
];

test("a key of each kind is made inside, and what it signs is good by its public key", async () => {
  await using desk = await openDesk();
  await desk.vault.create(typed("the passphrase"), null);
  const data = Buffer.from("what is signed");
  for (const [kind, hash] of KINDS) {
    const { id, spki } = await desk.vault.createKey(kind, { kind: "authority-key", label: "of tests" });
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    for (const ecdsa of ["der", "ieee-p1363"] as const) {
      const signature = await desk.vault.sign(id, data, { hash, ecdsa });
      expect(verify(hash, data, { key, dsaEncoding: ecdsa }, signature), kind).toBe(true);
    }
    const other = hash === null ? "SHA-256" : null;
    await expect(desk.vault.sign(id, data, { hash: other, ecdsa: "der" })).rejects.toThrow(
      /is not made with/,
    );
    await expect(desk.vault.open(id)).rejects.toThrow(/a secret of the kind authority-key never leaves/);
  }
});

test("a private key that is to be sent to a host leaves as PKCS#8, and one that is forgotten is gone", async () => {
  await using desk = await openDesk();
  const { vault } = desk;
  await vault.create(typed("the passphrase"), null);
  const { id, spki } = await vault.createKey("p256", { kind: "certificate-key", label: "of a pair" });
  const key = createPublicKey({
    key: Buffer.from(Redacted.reveal(await vault.open(id))),
    format: "der",
    type: "pkcs8",
  } as never);
  expect(key.export({ type: "spki", format: "der" })).toEqual(Buffer.from(spki));
  await vault.forget(id);
  await vault.forget(id);
  await expect(vault.open(id)).rejects.toThrow(/has no secret/);
});

test("an HMAC is made of a key that is kept, which authorities hand out in base64url", async () => {
  await using desk = await openDesk();
  await desk.vault.create(typed("the passphrase"), null);
  const { id } = await desk.vault.keep(typed("dGhlIGtleQ"), { kind: "account-eab", label: "of tests" });
  expect(Buffer.from(await desk.vault.hmacSha256(id, Buffer.from("data")))).toEqual(
    createHmac("sha256", "the key").update("data").digest(),
  );
  await expect(desk.vault.sign(id, Buffer.from("data"), { hash: null, ecdsa: "der" })).rejects.toThrow(
    /is no private key/,
  );
});

test("a passphrase is changed by the one before or by the recovery passphrase, and the one before opens nothing", async () => {
  await using desk = await openDesk();
  const { vault } = desk;
  await vault.create(typed("the passphrase"), typed("the recovery"));
  const { id } = await vault.keep(typed("the secret"), TSIG);
  await vault.lock();
  expect(await vault.changePassphrase(typed("not this one"), typed("the second"))).toEqual({ kind: "wrong" });
  expect(await vault.changePassphrase(typed("the recovery"), typed("the second"))).toEqual({
    kind: "changed",
  });
  expect(await vault.changeRecovery(typed("the second"), typed("its recovery"))).toEqual({ kind: "changed" });
  await vault.lock();
  for (const old of ["the passphrase", "the recovery"])
    expect(await vault.unlock(typed(old))).toEqual({ kind: "wrong" });
  expect(await vault.unlock(typed("its recovery"))).toEqual({ kind: "open" });
  expect(textOf(await vault.open(id))).toBe("the secret");
  await vault.changeRecovery(typed("the second"), null);
  expect((await vault.status()).wraps.map(({ kind }) => kind)).toEqual(["passphrase"]);
});

test("no vault is made by a passphrase that is short, by one twice, or where there is one", async () => {
  await using desk = await openDesk();
  const { vault } = desk;
  await expect(vault.create(typed("seven.."), null)).rejects.toThrow(/shorter than 8 characters/);
  await expect(vault.create(typed("the passphrase"), typed("the passphrase"))).rejects.toThrow(
    /the recovery passphrase is the passphrase itself/,
  );
  expect(existsSync(desk.path)).toBe(false);
  await vault.create(typed("the passphrase"), null);
  await expect(vault.create(typed("the passphrase"), null)).rejects.toThrow(/there is a vault already/);
});

test("what was sealed to a vault process that has ended, or did not arrive whole, is asked for once more", async () => {
  await using desk = await openDesk();
  const before = sealTo(await desk.vault.receiver(), typed("the passphrase"));
  await desk.vault.lock();
  await expect(desk.vault.create(before, null)).rejects.toThrow(/type it again/);
  const now = sealTo(await desk.vault.receiver(), typed("the passphrase"));
  const { box } = sealTo(createReceiver().receiver, typed("the passphrase"));
  await expect(desk.vault.create({ ...now, box }, null)).rejects.toThrow(/type it again/);
  await desk.vault.create(now, null);
});

test("after it is locked, by hand or after a while, no process of it is left", async () => {
  await using desk = await openDesk();
  const pids: (number | undefined)[] = [];
  const start = async () => {
    const vaultProcess = await forkVaultProcess();
    pids.push(vaultProcess.pid);
    return vaultProcess;
  };
  const isGone = (pid: number | undefined) => !existsSync(`/proc/${pid}`);
  await using vault = createVault({ path: desk.path, cost: COST, start });
  await vault.create(typed("the passphrase"), null);
  expect(pids.map(isGone)).toEqual([false]);
  await vault.lock();
  expect(pids.map(isGone)).toEqual([true]);

  const idle = Promise.withResolvers<void>();
  const onChange = () => brief.state() === "locked" && idle.resolve();
  await using brief = createVault({ path: desk.path, cost: COST, start, idleMs: 300, onChange });
  await brief.unlock(typed("the passphrase"));
  await idle.promise;
  expect(pids.map(isGone)).toEqual([true, true]);
  await expect(brief.keep(typed("the secret"), TSIG)).rejects.toMatchObject({ code: "locked" });
});

test("a vault process that is killed locks the vault, and what it had kept is there", async () => {
  await using desk = await openDesk();
  let kill = () => {};
  const start = async () => {
    const vaultProcess = await forkVaultProcess();
    kill = vaultProcess.kill;
    return vaultProcess;
  };
  await using vault = createVault({ path: desk.path, cost: COST, start });
  await vault.create(typed("the passphrase"), null);
  const { id } = await vault.keep(typed("the secret"), TSIG);
  const asked = vault.createKey("rsa-4096", { kind: "certificate-key", label: "" });
  kill();
  await expect(asked).rejects.toThrow(/was locked before it had answered/);
  expect(vault.state()).toBe("locked");
  await vault.unlock(typed("the passphrase"));
  expect(textOf(await vault.open(id))).toBe("the secret");
});
