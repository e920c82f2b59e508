import { implement } from "@orpc/server";
import { access } from "#shared/contract/access.ts";
import type { GrantDetail } from "#shared/model/grant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

export function createAccess({ store }: { store: Store }) {
  const os = implement(access);
  return {
    list: os.list.handler(({ input }) => store.access.list(input)),
    find: os.find.handler(({ input }) => find(input.id)),
  };

  function find(id: number): GrantDetail {
    const grant = store.access.find(id);
    if (!grant) throw new Refusal("not-found", `there is no grant ${id}`);
    return grant;
  }
}
