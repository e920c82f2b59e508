import { implement } from "@orpc/server";
import { overview } from "#shared/contract/overview.ts";
import type { Store } from "#store/store.ts";

type ReportDeps = { store: Store; now: () => Date };

export function createOverview({ store, now }: ReportDeps) {
  const os = implement(overview);
  return { read: os.read.handler(() => store.overview.read(now())) };
}
