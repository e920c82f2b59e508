import type { Announcement } from "#shared/contract/events.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { StartVaultProcess } from "./net/vault/vault.ts";
import { createVault, forkVaultProcess } from "./net/vault/vault-client.ts";
import type { Store } from "./store/store.ts";

type Options = {
  startVaultProcess?: StartVaultProcess;
  now: () => Date;
  announce: (announcement: Announcement) => void;
};

/** The vault's file is beside the database, and in none of its backups. A database in memory has no vault file. */
export function openAppVault(
  { facts }: Store,
  { startVaultProcess = forkVaultProcess, now, announce }: Options,
) {
  const { path } = facts();
  const refuse = () =>
    Promise.reject(new Refusal("unusable", "a database in memory has no vault; name one with --db"));
  const start = path === ":memory:" ? refuse : startVaultProcess;
  return createVault({
    path: `${path}.vault`,
    start,
    now,
    onChange: () => announce({ kind: "vault-changed" }),
  });
}
