import { implement } from "@orpc/server";
import { readHeldKey } from "#domain/inspect/inspect-bytes.ts";
import { readPeopleSource } from "#domain/people/read-people-source.ts";
import { settleStandings } from "#domain/people/standing.ts";
import { inspectThisComputer, readKeyFolder } from "#net/local/this-computer.ts";
import { readKeyFile } from "#net/ssh/identities.ts";
import { BROKEN_LINES_SHOWN, people } from "#shared/contract/access/people.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { ImportedPeopleSource, Inventory, PersonDetail } from "#shared/model/access/person.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { HeldHere, HeldKey } from "#store/people/people-store.ts";
import type { Store } from "#store/store.ts";

type Deps = {
  store: Store;
  here: LocalKeyReader;
  /**
   * Stores the private keys of this computer, and settles again who is still there; resolves when that is on the disk.
   */
  hold: (held: HeldHere, at: Instant) => Promise<unknown>;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

/** Who owns keys: people sources, the private keys of this computer, and what the inventory covers. */
export function createPeople({ store, here, hold, announce, now }: Deps) {
  const os = implement(people);
  const settle = () => {
    const at = toInstant(now());
    const { entries, decisions } = store.people;
    store.people.settle(settleStandings(entries(), at.slice(0, 10), decisions()), at);
  };
  const importPeopleSource = createImport({ store, settle, now });
  const persons = createPersons({ store, settle, now });

  return {
    refreshHeldKeys,
    procedures: {
      list: os.list.handler(({ input }) => store.people.list(input)),
      find: os.find.handler(({ input }) => persons.find(input.id)),
      join: os.join.handler(async ({ input }) => announced(await persons.join(input.ids))),
      split: os.split.handler(async ({ input }) => announced(await persons.split(input.id))),
      regroup: os.regroup.handler(async ({ input }) => announced(await persons.regroup(input.id))),
      sources: os.sources.handler(() => store.people.sources()),
      import: os.import.handler(async ({ input }) => announced(await importPeopleSource(input))),
      remove: os.remove.handler(async ({ input }) => announced(await remove(input.name))),
      inventory: os.inventory.handler(() => store.people.inventory()),
      markInventory: os.markInventory.handler(({ input }) => markInventory(input)),
    },
  };

  /**
   * Updates what changes without an announcement: whose last day has passed, and which private keys are on this
   * computer. `named`: keys that a scan was started with.
   */
  async function refreshHeldKeys(named: NamedKeys): Promise<void> {
    await hold(await listHeldKeys(store.people.heldKeys(), named, here), toInstant(now()));
    announce({ kind: "people-changed" });
  }

  function remove(name: string): Promise<{ people: number }> {
    return store.queueWrite(() => {
      const { people: count } = findPeopleSource(store, name);
      store.people.removeSource(name);
      settle();
      const detail = { name, people: count };
      store.events.append({ at: toInstant(now()), kind: "people-source-removed", detail });
      return { people: count };
    });
  }

  /** This computer is in the inventory: its keys are read before any private key counts as not found. */
  async function markInventory({ isWhole, note }: { isWhole: boolean; note: string }): Promise<Inventory> {
    await refreshHeldKeys(new Map());
    const at = toInstant(now());
    const inventory = await store.queueWrite(() => {
      store.people.markInventory(isWhole, note, at);
      store.events.append({ at, kind: "inventory-marked", detail: { isWhole, note } });
      return store.people.inventory();
    });
    return announced(inventory);
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "people-changed" });
    return result;
  }
}

/** Persons as their entries make them, and what the user says of that. */
function createPersons({ store, settle, now }: ImportDeps) {
  return { find, join, split, regroup };

  function find(id: number): PersonDetail {
    const person = store.people.find(id);
    if (!person) throw new Refusal("not-found", `there is no person ${id}; list the people again`);
    return person;
  }

  function join(ids: readonly number[]): Promise<{ id: number }> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const [first, ...others] = new Map(ids.map(find).map((person) => [person.id, person])).values();
      if (!first || others.length === 0)
        throw new Refusal("invalid-input", "these are one person already; name entries of two");
      for (const { id } of others) store.people.join(first.id, id, at);
      settle();
      const people = [first, ...others].map(({ name, sources }) => ({ name, sources }));
      store.events.append({ at, kind: "people-joined", detail: { people } });
      return { id: find(first.id).id };
    });
  }

  function split(id: number): Promise<{ id: number }> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const entry = findEntry(id);
      store.people.split(id, at);
      settle();
      store.events.append({ at, kind: "person-split", detail: entry });
      return { id: find(id).id };
    });
  }

  function regroup(id: number): Promise<{ withdrawn: number }> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const entry = findEntry(id);
      const withdrawn = store.people.withdraw(id, at);
      settle();
      if (withdrawn > 0) store.events.append({ at, kind: "person-regrouped", detail: entry });
      return { withdrawn };
    });
  }

  function findEntry(id: number): { name: string; source: string } {
    const entry = find(id).entries.find((one) => one.id === id);
    if (!entry) throw new Refusal("not-found", `there is no entry ${id}; list the people again`);
    return { name: entry.name, source: entry.source };
  }
}

function findPeopleSource(store: Store, name: string): ImportedPeopleSource {
  const source = store.people.sources().find((one) => one.name === name);
  if (source) return source;
  throw new Refusal(
    "not-found",
    `there is no people source ${name}; latchkey people list names those that were imported`,
  );
}

type ImportDeps = { store: Store; settle: () => void; now: () => Date };

type PeopleSourceRequest = {
  name: string;
  files: readonly { name: string; base64: string }[];
  isWhole: boolean;
};

/** The files of one people source together may be as large as this, decoded. */
const MOST_BYTES = 32 * 1024 * 1024;

function createImport({ store, settle, now }: ImportDeps) {
  return async ({ name, files, isWhole }: PeopleSourceRequest) => {
    const size = files.reduce((sum, { base64 }) => sum + (base64.length * 3) / 4, 0);
    if (size > MOST_BYTES)
      throw new Refusal(
        "invalid-input",
        `the files of a people source may have 32 MiB together, and these are larger`,
      );
    const read = readPeopleSource(
      files.map((file) => ({ name: file.name, bytes: Buffer.from(file.base64, "base64") })),
    );
    const { kind, people, broken, notes } = read;
    // An empty people source must not remove what an earlier one contained.
    if (people.length === 0)
      throw new Refusal("invalid-input", `${name} names nobody: ${formatFirst(broken)}`);
    const keys = people.reduce((sum, person) => sum + person.keys.length, 0);
    const at = toInstant(now());
    const replaced = await store.queueWrite(() => {
      store.people.replaceSource({ name, kind, isWhole, people, at });
      settle();
      const detail = { name, kind, isWhole, people: people.length, keys, broken: broken.length };
      store.events.append({ at, kind: "people-source-imported", detail });
      return { ...store.people.countSource(name), lost: store.people.lostDecisions() };
    });
    const { lost, ...counts } = replaced;
    return {
      kind,
      people: people.length,
      keys,
      ...counts,
      broken: { total: broken.length, first: broken.slice(0, BROKEN_LINES_SHOWN) },
      notes: lost.length === 0 ? notes : [...notes, formatLost(lost)],
    };
  };
}

const formatLost = (lost: readonly string[]): string =>
  `what was said of who is one person names entries that are in no source now: ${lost.slice(0, 3).join(", ")}${lost.length > 3 ? ` and ${lost.length - 3} more` : ""}; join or split them again`;

const formatFirst = (broken: readonly { where: string; why: string }[]): string => {
  const [first] = broken;
  return first
    ? `${first.where}: ${first.why}`
    : "write a line for each person, with a name and a key or a state";
};

export type LocalKeyReader = {
  workstation: Workstation;
  inspectComputer: typeof inspectThisComputer;
  readKeyFile: typeof readKeyFile;
  readKeyFolder: typeof readKeyFolder;
};

/** Reads the computer that this runs on. */
export const createLocalKeyReader = (workstation: Workstation): LocalKeyReader => ({
  workstation,
  inspectComputer: inspectThisComputer,
  readKeyFile,
  readKeyFolder,
});

/** Private keys of this computer that the user has named, by their paths. */
export type NamedKeys = ReadonlyMap<string, string>;

/** The location of keys in the agent, which have no path. */
const AGENT = "the agent";

/**
 * The private keys of this computer, by their public keys: those of the agent, the files of ~/.ssh, and files that the
 * user has named, now or before. Of the kinds that were read whole, these are all.
 */
export async function listHeldKeys(
  known: readonly HeldKey[],
  named: NamedKeys,
  { workstation, inspectComputer, readKeyFile, readKeyFolder }: LocalKeyReader,
): Promise<HeldHere> {
  const { agent, identityFiles } = await inspectComputer(workstation);
  const usual = identityFiles.flatMap(({ path, fingerprint }) => toFile(path, fingerprint));
  const folder = ((await readKeyFolder(workstation.home)) ?? []).flatMap(({ path, bytes }) =>
    toFile(path, readHeldKey(path, bytes)),
  );
  const paths = known
    .filter(({ kind, location }) => kind === "file" && !named.has(location))
    .map(({ location }) => location);
  const before = await Promise.all(paths.map(async (path) => toFile(path, await readFingerprint(path))));
  const found = [
    ...agent.identities.map(({ fingerprint }) => ({ location: AGENT, fingerprint, kind: "agent" as const })),
    ...usual,
    ...folder,
    ...before.flat(),
    ...[...named].flatMap(([path, fingerprint]) => toFile(path, fingerprint)),
  ];
  const once = new Map(found.map((held) => [`${held.location}\n${held.fingerprint}`, held]));
  return { found: [...once.values()], wholeKinds: agent.isReachable ? ["file", "agent"] : ["file"] };

  async function readFingerprint(path: string): Promise<string | null> {
    const file = await readKeyFile(path);
    return typeof file === "object" && "fingerprint" in file ? file.fingerprint : null;
  }
}

const toFile = (location: string, fingerprint: string | null): HeldKey[] =>
  fingerprint === null ? [] : [{ location, fingerprint, kind: "file" }];
