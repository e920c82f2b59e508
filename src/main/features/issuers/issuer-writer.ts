import type { Vault } from "#net/vault/vault.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { IssuerId, IssuerKind } from "#shared/model/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

export type WriterDeps = { store: Store; vault: Vault; now: () => Date };

/** Writes new issuers down, each with its settings or not at all. */
export function createIssuerWriter({ store, vault, now }: WriterDeps) {
  return { refuseTwin, write, keeping };

  function refuseTwin(name: string): void {
    if (store.issuers.findByName(name))
      throw new Refusal(
        "conflict",
        `there is an issuer ${name} already; give it another name, or remove that one`,
      );
  }

  function write(
    { name, kind, note }: { name: string; kind: IssuerKind; note: string },
    detail: object,
    add: (issuer: IssuerId) => void,
  ): Promise<IssuerId> {
    return store.inTurn(() => {
      refuseTwin(name);
      const createdAt = toInstant(now());
      const id = store.issuers.add({ name, kind, createdAt, note });
      add(id);
      store.events.append({ at: createdAt, kind: "issuer-added", detail: { name, kind, ...detail } });
      return id;
    });
  }

  /** The vault keeps no secret of an issuer that is not there. */
  async function keeping<T>(secrets: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      for (const id of secrets) await vault.forget(id);
      throw error;
    }
  }
}
