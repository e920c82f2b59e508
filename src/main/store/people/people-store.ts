import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { orphanClock } from "#store/access/grant-writer.ts";
import type { Lists } from "#store/lists/lists.ts";
import type { inventoryTable } from "./inventory-table.ts";
import type { peopleSourceTable } from "./people-source-table.ts";
import { personDecisionTable } from "./person-decision-table.ts";
import { personTable } from "./person-table.ts";

type Deps = {
  lists: Lists;
  sources: ReturnType<typeof peopleSourceTable>;
  inventory: ReturnType<typeof inventoryTable>;
};

/** People, private keys outside the inventory, and the inventory: the facts by which owners of grants are evaluated. */
export function peopleStore(db: Database, { lists, sources, inventory }: Deps) {
  const people = personTable(db, lists);
  const decisions = personDecisionTable(db);
  const heldKeys = heldKeyTable(db);
  const dateOrphans = orphanClock(db);
  type Settled = Parameters<typeof people.settle>[0];
  type Held = Parameters<typeof heldKeys.replace>;

  return {
    list: people.list,
    find: people.find,
    former: people.former,
    entries: people.entries,
    decisions: decisions.list,
    join: decisions.join,
    split: decisions.split,
    withdraw: decisions.withdraw,
    lostDecisions: decisions.lost,
    sources: sources.list,
    replaceSource: sources.replace,
    removeSource: sources.remove,
    countSource: sources.count,
    heldKeys: heldKeys.list,
    inventory: inventory.read,
    markInventory: inventory.declare,

    /** Stores who is still there; triggers re-evaluate the grants. */
    settle(settled: Settled, at: Instant): void {
      people.settle(settled);
      dateOrphans(at);
    },

    /** Stores the private keys of this computer, by their public keys. */
    holdHere(found: Held[0], wasRead: Held[1], at: Instant): void {
      heldKeys.replace(found, wasRead, at);
      dateOrphans(at);
    },
  };
}

/** A private key on this computer, by its public key: in a file (`~/.ssh/id_ed25519`), or in an agent. */
export type HeldKey = { location: string; fingerprint: string; kind: "file" | "agent" };

/** The private keys that were found on this computer, and which kinds of them were looked for. */
export type HeldHere = { found: readonly HeldKey[]; wholeKinds: readonly HeldKey["kind"][] };

/** The private keys that are known to be on this computer. */
function heldKeyTable(db: Database) {
  const list = db.prepare<[], HeldKey>("SELECT location, fingerprint, kind FROM held_key");
  const see = db.prepare(`
    INSERT INTO held_key (location, fingerprint, kind, seen_at) VALUES (@location, @fingerprint, @kind, @at)
    ON CONFLICT DO UPDATE SET seen_at = @at`);
  const lose = db.prepare("DELETE FROM held_key WHERE location = @location AND fingerprint = @fingerprint");

  return {
    list: (): HeldKey[] => list.all(),

    /** A key that was found there before and was not found again is dropped, where `wasRead`. */
    replace(found: readonly HeldKey[], wasRead: (held: HeldKey) => boolean, at: Instant): void {
      const here = new Set(found.map(keyOf));
      for (const held of list.all()) if (!here.has(keyOf(held)) && wasRead(held)) lose.run(held);
      for (const held of found) see.run({ ...held, at });
    },
  };
}

const keyOf = ({ location, fingerprint }: HeldKey): string => `${location}\n${fingerprint}`;
