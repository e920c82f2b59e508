import { readCsvPeopleSource } from "./csv-people.ts";
import { readLdifPeopleSource } from "./ldif-people.ts";
import {
  type BrokenPart,
  MOST_PEOPLE,
  mergePeople,
  type PeopleSource,
  type PeopleSourceFile,
  readKeyLines,
  toPerson,
} from "./people-source.ts";

/**
 * Reads a people source of any kind: a table, a directory's export, or a file of keys for each person. Reports files
 * that are none of these, and never throws.
 */
export function readPeopleSource(files: readonly PeopleSourceFile[]): PeopleSource {
  const keysFiles = files.filter(({ name }) => nameOfKeysFile(name) !== null);
  const read = files.filter(({ name }) => nameOfKeysFile(name) === null).map(readFile);
  const parts = [...(keysFiles.length > 0 ? [readKeysPeopleSource(keysFiles)] : []), ...read];
  return {
    kind: parts[0]?.kind ?? "csv",
    people: mergePeople(parts.flatMap(({ people }) => people)),
    broken: parts.flatMap(({ broken }) => broken),
    notes: parts.flatMap(({ notes }) => notes),
  };
}

function readFile({ name, bytes }: PeopleSourceFile): PeopleSource {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const why = whyUnreadable(raw);
  if (why !== null) return nothing({ where: name, why });
  if (/\.ldif?$/i.test(name) || /^(?:version:|dn::? ?)/m.test(raw.toString("latin1", 0, 4_096)))
    return readLdifPeopleSource(raw.toString("latin1"), name);
  return readCsvPeopleSource(raw.toString("utf8"), name);
}

const nothing = (broken: BrokenPart): PeopleSource => ({
  kind: "csv",
  people: [],
  broken: [broken],
  notes: [],
});

/** Why bytes cannot be read: formats that spreadsheets save instead of a table in UTF-8. */
function whyUnreadable(bytes: Buffer): string | null {
  if (bytes.subarray(0, 4).toString("latin1") === "PK\u0003\u0004")
    return "it is a spreadsheet or an archive; save the table as CSV in UTF-8";
  const mark = bytes.subarray(0, 2).toString("latin1");
  if (mark === "\u00ff\u00fe" || mark === "\u00fe\u00ff") return "it is UTF-16; save it as CSV in UTF-8";
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(bytes.toString("latin1", 0, 4_096)))
    return "it is a private key, which nobody should hand around; a people source holds public keys";
  return bytes.includes(0) ? "it is no text" : null;
}

const NAMED_BY_FILE = /^(?:.*\/)?([^/]+)\.(?:keys|pub)$/i;

/** The person of a key file, by its name: `alice.keys` as GitHub serves it, `alice.pub`; null for other names. */
const nameOfKeysFile = (name: string): string | null => NAMED_BY_FILE.exec(name)?.[1] ?? null;

/** A file for each person, with that person's public keys, one a line. It does not say who has left. */
function readKeysPeopleSource(files: readonly PeopleSourceFile[]): PeopleSource {
  const read = files.slice(0, MOST_PEOPLE).map((file) => {
    const { name, bytes } = file;
    const login = nameOfKeysFile(name);
    const { keys, broken } = readKeyLines(bytes, (line) => `${name} line ${line}`);
    const person = toPerson({
      name: login,
      email: null,
      logins: [login ?? ""],
      said: "nothing",
      leftOn: null,
      keys,
    });
    return { broken, person };
  });
  return {
    kind: "keys",
    people: mergePeople(read.flatMap(({ person }) => person ?? [])),
    broken: read.flatMap(({ broken }) => broken),
    notes: [],
  };
}
