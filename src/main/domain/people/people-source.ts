import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { PeopleSourceKind } from "#shared/model/access/person.ts";

/** A key of a person in a people source. */
type PeopleSourceKey = { fingerprint: string; keyType: string | null };

/** A person in a people source. The source's author wrote the texts. */
export type PeopleSourcePerson = {
  /** Identifies the person within the people source, and is the same in each reading. */
  handle: string;
  name: string;
  email: string | null;
  /** Logins and addresses, in lower case, each once. */
  logins: string[];
  /** Whether they are still there; a people source with keys alone says nothing. */
  said: "active" | "gone" | "nothing";
  /** Their last day by the source: 2026-03-31. */
  leftOn: string | null;
  keys: PeopleSourceKey[];
};

/** A part of a people source that could not be read: where it is, and why it cannot be used. */
export type BrokenPart = { where: string; why: string };

export type PeopleSource = {
  kind: PeopleSourceKind;
  people: PeopleSourcePerson[];
  broken: BrokenPart[];
  /** What the importing user should know, such as unused columns. */
  notes: string[];
};

/** A file of a people source, by its name as the user knows it. */
export type PeopleSourceFile = { name: string; bytes: Uint8Array };

export const MOST_PEOPLE = 100_000;

/** A person has a few keys; a file of a thousand is the account of a machine, or a mistake. */
const MOST_KEYS = 1_000;

/** The longest name in characters; longer ones are cut. */
const LONGEST = 200;

type Written = {
  name: string | null;
  email: string | null;
  logins: readonly string[];
  said: PeopleSourcePerson["said"];
  leftOn: string | null;
  keys: readonly PeopleSourceKey[];
};

/** A person from the fields of a people source; null where no field identifies one. */
export function toPerson({ said, leftOn, keys, ...written }: Written): PeopleSourcePerson | null {
  const email = clean(written.email);
  const logins = [...written.logins, email].map((login) => clean(login)?.toLowerCase() ?? "").filter(Boolean);
  const name = clean(written.name) ?? clean(written.logins[0] ?? null) ?? email;
  const handle = logins[0] ?? name?.toLowerCase();
  if (name === null || handle === undefined) return null;
  const once = new Map(keys.map((key) => [key.fingerprint, key]));
  return { handle, name, email, logins: [...new Set(logins)], said, leftOn, keys: [...once.values()] };
}

const clean = (text: string | null): string | null =>
  text?.replaceAll("\0", "").trim().slice(0, LONGEST) || null;

/** Merges the entries of one person in a people source. */
export function mergePeople(people: readonly PeopleSourcePerson[]): PeopleSourcePerson[] {
  return [...Map.groupBy(people, ({ handle }) => handle).values()].flatMap(([first, ...others]) =>
    first ? join(first, others) : [],
  );
}

/** A person who is active by one entry is active, whatever another says: one of two accounts may be closed. */
function join(first: PeopleSourcePerson, others: readonly PeopleSourcePerson[]): PeopleSourcePerson {
  if (others.length === 0) return first;
  const all = [first, ...others];
  const said = new Set(all.map((one) => one.said));
  const days = all.map(({ leftOn }) => leftOn);
  return {
    ...first,
    email: all.find(({ email }) => email !== null)?.email ?? null,
    logins: [...new Set(all.flatMap(({ logins }) => logins))],
    said: said.has("active") ? "active" : said.has("gone") ? "gone" : "nothing",
    leftOn: days.includes(null) ? null : (days.toSorted().at(-1) ?? null),
    keys: [...new Map(all.flatMap(({ keys }) => keys).map((key) => [key.fingerprint, key])).values()],
  };
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** The separator between the keys of one cell. */
const BETWEEN_KEYS = /[;,|]\s*(?=(?:ssh-|ecdsa-|sk-))/g;

type Read = { keys: PeopleSourceKey[]; broken: BrokenPart[] };

/** The keys of a text with one on each line, as in authorized_keys and .pub files. `where` names a line of it. */
export function readKeyLines(bytes: Uint8Array, where: (line: number) => string): Read {
  const lines = readAuthorizedKeys(bytes);
  const keys: PeopleSourceKey[] = [];
  const broken: BrokenPart[] = [];
  for (const { line, key, keyTypeText, problem } of lines.slice(0, MOST_KEYS)) {
    if (key) keys.push({ fingerprint: key.fingerprint, keyType: keyTypeText });
    else broken.push({ where: where(line), why: problem ?? "no public key can be read in it" });
  }
  if (lines.length > MOST_KEYS)
    broken.push({
      where: where(lines[MOST_KEYS]?.line ?? 0),
      why: `only the first ${MOST_KEYS} keys are taken`,
    });
  return { keys, broken };
}

/** The keys of one cell or value: whole public keys, separated by line ends, `;`, `,` or `|`. */
export const readKeyCell = (text: string, where: string): Read =>
  readKeyLines(Buffer.from(text.replaceAll(BETWEEN_KEYS, "\n")), () => where);

/** Fingerprints as ssh-keygen prints them, separated by blanks, commas, semicolons or `|`. */
export function readFingerprints(text: string, where: string): Read {
  const words = text.split(/[\s,;|]+/).filter(Boolean);
  const keys: PeopleSourceKey[] = [];
  const broken: BrokenPart[] = [];
  for (const word of words.slice(0, MOST_KEYS)) {
    const fingerprint = word.replace(/=+$/, "");
    if (FINGERPRINT.test(fingerprint)) keys.push({ fingerprint, keyType: null });
    else broken.push({ where, why: formatNoFingerprint(word) });
  }
  return { keys, broken };
}

const formatNoFingerprint = (word: string): string =>
  /^(MD5:)?([0-9a-f]{2}:){15}[0-9a-f]{2}$/i.test(word)
    ? `${word} is an MD5 fingerprint, which identifies no key for certain; write what ssh-keygen -lf prints: SHA256:...`
    : `${word.slice(0, 80)} is no fingerprint; write what ssh-keygen -lf prints: SHA256:...`;
