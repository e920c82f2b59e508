import { implement } from "@orpc/server";
import { findings } from "#shared/contract/findings.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date };

export function createFindings({ store, now }: Deps) {
  const os = implement(findings);
  return { list: os.list.handler(({ input }) => store.findings.list({ ...input, now: now() })) };
}
