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
    read: os.read.handler(async ({ input }) => {
      const known = readCoverage(input);
      const moment = { now: now(), readSince: sinceOf(known.maxAgeDays) };
      return { ...known, lines: await gatherLines(store, moment) };
    }),
    coverage: os.coverage.handler(({ input }) => readCoverage(input)),
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

  function readCoverage(input: { maxAgeDays: number | null }) {
    const maxAgeDays = input.maxAgeDays ?? store.settings.maxAgeDays();
    return {
      isEmpty: store.scans.latest() === null,
      coverage: store.gaps.coverage(sinceOf(maxAgeDays)),
      maxAgeDays,
    };
  }

  /** To the minute, so that counts are kept for the next call. */
  function sinceOf(maxAgeDays: number): Date {
    const since = addDays(now(), -maxAgeDays);
    since.setUTCSeconds(0, 0);
    return since;
  }
}
