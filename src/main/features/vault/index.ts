import { implement } from "@orpc/server";
import type { Vault } from "#net/vault/vault.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { vault as contract } from "#shared/contract/vault.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Store;
  vault: Vault;
  now: () => Date;
  announce: (announcement: Announcement) => void;
};

type VaultEvent = "vault-created" | "vault-unlocked" | "vault-locked" | "vault-changed";

/** The kind of entry for a keystore's passphrase. No issuer removes it, for it belongs to none. */
const STORE_PASSPHRASE = "store-passphrase";

/** Opens and locks the vault. Its entries are the business of the features that use them. */
export function createVaultFeature({ store, vault, now, announce }: Deps) {
  const os = implement(contract);
  const record = (kind: VaultEvent, detail: object = {}) =>
    store.queueWrite(() => store.events.append({ at: toInstant(now()), kind, detail }));

  return {
    status: os.status.handler(() => vault.status()),
    receiver: os.receiver.handler(() => vault.receiver()),
    create: os.create.handler(async ({ input: { passphrase, recovery } }) => {
      await vault.create(passphrase, recovery);
      await record("vault-created", { hasRecovery: recovery !== null });
      return {};
    }),
    unlock: os.unlock.handler(async ({ input }) => {
      const answer = await vault.unlock(input.passphrase);
      await record("vault-unlocked", { by: "passphrase", isOpen: answer.kind === "open" });
      return answer;
    }),
    unlockByKeyring: os.unlockByKeyring.handler(async () => {
      await vault.unlockByKeyring();
      await record("vault-unlocked", { by: "keyring", isOpen: true });
      return {};
    }),
    lock: os.lock.handler(async () => {
      const wasOpen = vault.state() === "open";
      await vault.lock();
      if (wasOpen) await record("vault-locked");
      return { wasOpen };
    }),
    changePassphrase: os.changePassphrase.handler(async ({ input: { current, next } }) => {
      const answer = await vault.changePassphrase(current, next);
      if (answer.kind === "changed") await record("vault-changed", { what: "passphrase" });
      return answer;
    }),
    changeRecovery: os.changeRecovery.handler(async ({ input: { current, next } }) => {
      const answer = await vault.changeRecovery(current, next);
      if (answer.kind === "changed")
        await record("vault-changed", { what: "recovery", isSet: next !== null });
      return answer;
    }),
    passphrases: os.passphrases.handler(() => vault.listed(STORE_PASSPHRASE)),
    forgetPassphrase: os.forgetPassphrase.handler(async ({ input: { id } }) => {
      if (!(await vault.listed(STORE_PASSPHRASE)).some((kept) => kept.id === id))
        throw new Refusal(
          "not-found",
          `the vault keeps no passphrase of a keystore as ${id}; look which there are (latchkey vault passphrases, or Settings > Issuers and vault)`,
        );
      await vault.forget(id);
      await record("vault-changed", { what: "store-passphrase", isSet: false });
      announce({ kind: "vault-changed" });
      return {};
    }),
    setKeyring: os.setKeyring.handler(async ({ input: { isUsed } }) => {
      await vault.setKeyring(isUsed);
      await record("vault-changed", { what: "keyring", isSet: isUsed });
      return {};
    }),
  };
}
