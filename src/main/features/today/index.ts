import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { today } from "#shared/contract/today.ts";
import { addDays, toInstant } from "#shared/model/instant.ts";
import type { Store } from "#store/store.ts";
import { gatherLines } from "./gather-lines.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** The first screen: what needs somebody now, and how much of the inventory that is known from. */
export function createToday({ store, announce, now }: Deps) {
  const os = implement(today);
  return {
    figures: os.figures.handler(() => store.today.figures(now())),
    read: os.read.handler(({ input }) => {
      const at = now();
      const maxAgeDays = input.maxAgeDays ?? store.settings.maxAgeDays();
      const readSince = addDays(at, -maxAgeDays);
      return {
        isEmpty: store.scans.latest() === null,
        lines: gatherLines(store, { now: at, readSince }),
        coverage: store.gaps.coverage(readSince),
        maxAgeDays,
      };
    }),
    setMaxAge: os.setMaxAge.handler(async ({ input: { days } }) => {
      const result = await store.queueWrite(() => {
        const before = store.settings.maxAgeDays();
        if (before === days) return { hasChanged: false };
        store.settings.setMaxAgeDays(days);
        store.events.append({ at: toInstant(now()), kind: "max-age-set", detail: { days, before } });
        return { hasChanged: true };
      });
      if (result.hasChanged) announce({ kind: "settings-changed" });
      return result;
    }),
  };
}
