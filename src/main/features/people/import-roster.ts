import { readPeopleSource } from "#domain/people/read-people-source.ts";
import { BROKEN_LINES_SHOWN } from "#shared/contract/people.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; settle: () => void; now: () => Date };

type Wish = { name: string; files: readonly { name: string; base64: string }[]; isWhole: boolean };

/** Files of one roster together may be as large as this, decoded. */
const MOST_BYTES = 32 * 1024 * 1024;

export function createImport({ store, settle, now }: Deps) {
  return async ({ name, files, isWhole }: Wish) => {
    const size = files.reduce((sum, { base64 }) => sum + (base64.length * 3) / 4, 0);
    if (size > MOST_BYTES)
      throw new Refusal(
        "invalid-input",
        `the files of a roster are at most 32 MiB together, and these are larger`,
      );
    const read = readPeopleSource(
      files.map((file) => ({ name: file.name, bytes: Buffer.from(file.base64, "base64") })),
    );
    const { kind, people, broken, notes } = read;
    // A roster that says nothing must not take away what an earlier one has said.
    if (people.length === 0)
      throw new Refusal("invalid-input", `${name} names nobody: ${formatFirst(broken)}`);
    const keys = people.reduce((sum, person) => sum + person.keys.length, 0);
    const at = toInstant(now());
    const replaced = await store.inTurn(() => {
      store.people.replaceRoster({ name, kind, isWhole, people, at });
      settle();
      const detail = { name, kind, isWhole, people: people.length, keys, broken: broken.length };
      store.events.append({ at, kind: "roster-imported", detail });
      return store.people.countRoster(name);
    });
    return {
      kind,
      people: people.length,
      keys,
      ...replaced,
      broken: { total: broken.length, first: broken.slice(0, BROKEN_LINES_SHOWN) },
      notes,
    };
  };
}

const formatFirst = (broken: readonly { where: string; why: string }[]): string => {
  const [first] = broken;
  return first
    ? `${first.where}: ${first.why}`
    : "write a line for each person, with a name and a key or a state";
};
