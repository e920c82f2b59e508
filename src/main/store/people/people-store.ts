import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { orphanClock } from "#store/access/orphan-clock.ts";
import type { Lists } from "#store/lists/lists.ts";
import { heldKeyTable } from "./held-key-table.ts";
import { personTable } from "./person-table.ts";
import type { peopleSourceTable } from "./roster-table.ts";
import type { inventoryTable } from "./scope-table.ts";

type Deps = {
  lists: Lists;
  rosters: ReturnType<typeof peopleSourceTable>;
  scope: ReturnType<typeof inventoryTable>;
};

/** People, private keys known elsewhere, and the scope: what owners of grants are judged by. */
export function peopleStore(db: Database, { lists, rosters, scope }: Deps) {
  const people = personTable(db, lists);
  const heldKeys = heldKeyTable(db);
  const dateOrphans = orphanClock(db);
  type Settled = Parameters<typeof people.settle>[0];
  type Held = Parameters<typeof heldKeys.replace>;

  return {
    list: people.list,
    entries: people.entries,
    rosters: rosters.list,
    replaceRoster: rosters.replace,
    removeRoster: rosters.remove,
    countRoster: rosters.count,
    heldKeys: heldKeys.list,
    scope: scope.read,
    declareScope: scope.declare,

    /** Who is still there. Grants are judged anew with it. */
    settle(settled: Settled, at: Instant): void {
      people.settle(settled);
      dateOrphans(at);
    },

    /** The private keys of this computer, by their public halves. */
    holdHere(found: Held[0], wasLookedAt: Held[1], at: Instant): void {
      heldKeys.replace(found, wasLookedAt, at);
      dateOrphans(at);
    },
  };
}
