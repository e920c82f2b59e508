import { implement } from "@orpc/server";
import { findings } from "#shared/contract/findings.ts";
import type { Finding } from "#shared/model/finding.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date };

export function createFindings({ store, now }: Deps) {
  const os = implement(findings);
  return {
    list: os.list.handler(({ input }) => store.findings.list({ ...input, now: now() })),
    find: os.find.handler(({ input }) => find(input.id)),
  };

  function find(id: string): Finding {
    const finding = store.findings.find(id, now());
    if (!finding)
      throw new Refusal("not-found", `there is no finding ${id}; what it said may have been put right`);
    return finding;
  }
}
