import { implement } from "@orpc/server";
import { served } from "#shared/contract/served.ts";
import type { Store } from "#store/store.ts";

/** What hosts are to serve by their configurations, laid beside what they do. */
export function createServed({ store }: { store: Store }) {
  const os = implement(served);
  return { list: os.list.handler(({ input }) => store.servings.list(input)) };
}
