import { implement } from "@orpc/server";
import { settleStandings } from "#domain/people/standing.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { people } from "#shared/contract/people.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import type { Roster, Scope } from "#shared/model/person.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { HeldHere } from "#store/people/held-key-table.ts";
import type { Store } from "#store/store.ts";
import { createImport } from "./import-roster.ts";
import { type LookHere, listHeldKeys, type NamedKeys } from "./look-here.ts";

type Deps = {
  store: Store;
  here: LookHere;
  /** Keeps what is held here, and settles anew who is still there; resolves when that is on the disk. */
  hold: (held: HeldHere, at: Instant) => Promise<unknown>;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** Who owns keys: rosters of people, the private keys of this computer, and what the scope covers. */
export function createPeople({ store, here, hold, announce, now }: Deps) {
  const os = implement(people);
  const settle = () => {
    const at = toInstant(now());
    store.people.settle(settleStandings(store.people.entries(), at.slice(0, 10)), at);
  };
  const importPeopleSource = createImport({ store, settle, now });

  return {
    lookAround,
    procedures: {
      list: os.list.handler(({ input }) => store.people.list(input)),
      rosters: os.rosters.handler(() => store.people.rosters()),
      import: os.import.handler(async ({ input }) => announced(await importPeopleSource(input))),
      remove: os.remove.handler(async ({ input }) => announced(await remove(input.name))),
      scope: os.scope.handler(() => store.people.scope()),
      declareScope: os.declareScope.handler(({ input }) => declareScope(input)),
    },
  };

  /**
   * Sees what changes without anybody telling: whose last day has passed, and which private keys are on this computer, those
   * that a scan was given among them.
   */
  async function lookAround(named: NamedKeys): Promise<void> {
    await hold(await listHeldKeys(store.people.heldKeys(), named, here), toInstant(now()));
    announce({ kind: "people-changed" });
  }

  function remove(name: string): Promise<{ people: number }> {
    return store.inTurn(() => {
      const { people: count } = findPeopleSource(store, name);
      store.people.removeRoster(name);
      settle();
      const detail = { name, people: count };
      store.events.append({ at: toInstant(now()), kind: "roster-removed", detail });
      return { people: count };
    });
  }

  /** This computer is in the scope: its keys are looked at before anything is said to be unmatched. */
  async function declareScope({ isWhole, note }: { isWhole: boolean; note: string }): Promise<Scope> {
    await lookAround(new Map());
    const at = toInstant(now());
    const scope = await store.inTurn(() => {
      store.people.declareScope(isWhole, note, at);
      store.events.append({ at, kind: "scope-declared", detail: { isWhole, note } });
      return store.people.scope();
    });
    return announced(scope);
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "people-changed" });
    return result;
  }
}

function findPeopleSource(store: Store, name: string): Roster {
  const roster = store.people.rosters().find((one) => one.name === name);
  if (roster) return roster;
  throw new Refusal(
    "not-found",
    `there is no roster ${name}; latchkey people list names those that were imported`,
  );
}
