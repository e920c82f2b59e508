import { join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expect, test } from "vitest";
import { COST, typed } from "#net/vault/testing/typed.ts";
import { createVault } from "#net/vault/vault-client.ts";
import { UtilityProcess } from "#testing/electron/utility-process.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { startVaultProcessesHere, VaultProcesses } from "./vault-processes.ts";

const VAULT_PROCESS = join(import.meta.dirname, "../../../net/vault/vault-process.ts");

/** A vault whose processes are utility processes, and how many of them have started and ended. */
async function openWorld() {
  const folder = await makeTemporaryFolder();
  const counts = { started: 0, ended: 0 };
  const vaultProcesses = new VaultProcesses<MessagePort>({
    fork: () => {
      counts.started++;
      const child = new UtilityProcess(VAULT_PROCESS);
      child.once("exit", () => counts.ended++);
      return child;
    },
    createChannel: () => new MessageChannel(),
  });
  const locked = Promise.withResolvers<void>();
  const onChange = () => vault.state() === "locked" && locked.resolve();
  const path = join(folder.path, "latchkey.db.vault");
  const vault = createVault({ path, cost: COST, start: startVaultProcessesHere(vaultProcesses), onChange });
  return {
    vault,
    vaultProcesses,
    counts,
    locked: locked.promise,
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("the vault's process is one of Electron's, and is gone when it is locked", async () => {
  await using world = await openWorld();
  const { vault, counts } = world;
  await vault.create(typed("the passphrase"), null);
  const { id } = await vault.createKey("p256", { kind: "certificate-key", label: "of tests" });
  await vault.lock();
  expect(counts).toEqual({ started: 1, ended: 1 });
  expect(await vault.unlock(typed("the passphrase"))).toEqual({ kind: "open" });
  const how = { hash: "SHA-256", ecdsa: "der" } as const;
  expect((await vault.sign(id, Buffer.from("data"), how)).length).toBeGreaterThan(60);
  expect(counts).toEqual({ started: 2, ended: 1 });
});

test("a vault process that is ended locks the vault, and its end is announced", async () => {
  await using world = await openWorld();
  await world.vault.create(typed("the passphrase"), null);
  world.vaultProcesses.end(1);
  await world.locked;
  await expect(world.vault.createKey("p256", { kind: "certificate-key", label: "" })).rejects.toThrow(
    /is locked/,
  );
});
