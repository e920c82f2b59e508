import { implement } from "@orpc/server";
import { activity } from "#shared/contract/activity.ts";
import type { Store } from "#store/store.ts";

export function createActivity({ store }: { store: Store }) {
  const os = implement(activity);
  return {
    verify: os.verify.handler(() => ({
      eventCount: store.events.count(),
      brokenAt: store.events.findBreak(),
    })),
  };
}
