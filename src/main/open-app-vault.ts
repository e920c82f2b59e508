import { Refusal } from "#shared/model/refusal.ts";
import { createVault } from "./net/vault/create-vault.ts";
import { forkKeeper } from "./net/vault/fork-keeper.ts";
import type { StartKeeper } from "./net/vault/keeper-messages.ts";
import { sealTo } from "./net/vault/sealed-box.ts";
import type { Store } from "./store/store.ts";

export type { StartKeeper } from "./net/vault/keeper-messages.ts";

/** Beside the database, and in none of its backups. One that is only in memory has none. */
export function openAppVault({ facts }: Store, start: StartKeeper = forkKeeper, onChange: () => void) {
  const { path } = facts();
  const refuse = () =>
    Promise.reject(new Refusal("unusable", "a database in memory has no vault; name one with --db"));
  return createVault({ path: `${path}.vault`, start: path === ":memory:" ? refuse : start, onChange });
}

/** Seals what was typed in this process, and overwrites it. */
export const sealFor =
  ({ receiver }: Pick<ReturnType<typeof openAppVault>, "receiver">) =>
  async (typed: Parameters<typeof sealTo>[1]) =>
    sealTo(await receiver(), typed);
