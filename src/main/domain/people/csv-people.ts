import { parse } from "csv-parse/sync";
import {
  type BrokenPart,
  MOST_PEOPLE,
  mergePeople,
  type PeopleSource,
  type PeopleSourcePerson,
  readFingerprints,
  readKeyCell,
  toPerson,
} from "./people-source.ts";

type Field =
  | "name"
  | "firstName"
  | "family"
  | "email"
  | "login"
  | "keys"
  | "fingerprints"
  | "state"
  | "leftOn";

/** Names of columns in directories and spreadsheets, in lower case and with letters alone. */
const FIELDS: Record<Field, readonly string[]> = {
  name: ["name", "fullname", "displayname", "person", "owner", "employee", "cn"],
  firstName: ["firstname", "givenname"],
  family: ["lastname", "surname", "familyname", "sn"],
  email: ["email", "mail", "emailaddress", "workemail"],
  login: [
    "login",
    "loginname",
    "user",
    "username",
    "userid",
    "uid",
    "account",
    "accountname",
    "samaccountname",
    "github",
    "githubuser",
    "githublogin",
    "gitlab",
    "handle",
  ],
  keys: [
    "key",
    "keys",
    "sshkey",
    "sshkeys",
    "publickey",
    "publickeys",
    "sshpublickey",
    "sshpublickeys",
    "pubkey",
  ],
  fingerprints: ["fingerprint", "fingerprints", "sshfingerprint", "keyfingerprint", "keyfingerprints"],
  state: ["state", "status", "active", "enabled", "isactive", "accountstatus", "employmentstatus"],
  leftOn: [
    "left",
    "lefton",
    "leaveon",
    "leavedate",
    "leavingdate",
    "enddate",
    "endon",
    "lastday",
    "exitdate",
    "terminationdate",
    "terminatedon",
    "deactivatedon",
    "until",
  ],
};

type Cells = { line: number; cells: readonly string[] };
type Columns = ReadonlyMap<Field, readonly number[]>;

/** A table with one person a line; its first line names the columns. Separated by commas, semicolons or tabs. */
export function readCsvPeopleSource(text: string, file: string): PeopleSource {
  const broken: BrokenPart[] = [];
  const [header, ...lines] = readCells(text, file, broken);
  const source: PeopleSource = { kind: "csv", people: [], broken, notes: [] };
  if (!header) return { ...source, broken: [...broken, { where: file, why: "it is empty" }] };
  const columns = findColumns(header.cells);
  const why = whyOfNoUse(columns);
  if (why !== null) return { ...source, broken: [...broken, { where: `${file} line ${header.line}`, why }] };
  const people = lines.slice(0, MOST_PEOPLE).flatMap(({ line, cells }) => {
    const where = `${file} line ${line}`;
    const read = readPerson(cells, columns, where);
    for (const part of read.broken) broken.push(part);
    return read.person ?? [];
  });
  if (lines.length > MOST_PEOPLE)
    broken.push({ where: file, why: `only the first ${MOST_PEOPLE} people are taken` });
  return { ...source, people: mergePeople(people), notes: formatUnused(header.cells, columns) };
}

function readCells(text: string, file: string, broken: BrokenPart[]): Cells[] {
  const skip = (lines: number, why: string) => broken.push({ where: `${file} line ${lines}`, why });
  const records: unknown = parse(text, {
    bom: true,
    delimiter: findDelimiter(text),
    info: true,
    max_record_size: 256 * 1024,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    trim: true,
    on_skip: (error) => void skip(Number(error?.lines ?? 0), formatBrokenLine(error?.code)),
  });
  return (records as { info: { lines: number }; record: string[] }[])
    .map(({ info, record }) => ({ line: info.lines, cells: record }))
    .filter(({ cells }) => cells.some((cell) => cell !== ""));
}

function formatBrokenLine(code: string | undefined): string {
  if (code === "CSV_QUOTE_NOT_CLOSED") return "a quote is opened and never closed";
  if (code === "CSV_MAX_RECORD_SIZE") return "it is longer than 256 KiB";
  return "its quotes do not fit: write a quote within quotes twice";
}

/** The separator that the first line has most often. */
function findDelimiter(text: string): string {
  const first = text.slice(0, 64 * 1024).split("\n", 1)[0] ?? "";
  const counts = [",", ";", "\t"].map((mark) => ({ mark, count: first.split(mark).length }));
  return counts.toSorted((one, other) => other.count - one.count)[0]?.mark ?? ",";
}

function findColumns(header: readonly string[]): Columns {
  const columns = new Map<Field, number[]>();
  for (const [index, title] of header.entries()) {
    const field = fieldOf(title);
    if (!field) continue;
    const known = columns.get(field);
    if (known) known.push(index);
    else columns.set(field, [index]);
  }
  return columns;
}

function fieldOf(title: string): Field | null {
  const letters = title.toLowerCase().replaceAll(/[^a-z]/g, "");
  const found = Object.entries(FIELDS).find(([, names]) => names.includes(letters));
  return (found?.[0] as Field | undefined) ?? null;
}

function whyOfNoUse(columns: Columns): string | null {
  const has = (...fields: Field[]) => fields.some((field) => columns.has(field));
  if (!has("name", "firstName", "family", "email", "login"))
    return "no column says who is meant; name one of them name, email or login";
  return has("keys", "fingerprints", "state", "leftOn")
    ? null
    : "no column has keys or says who has left; name one of them key, fingerprint, state or left on";
}

function readPerson(cells: readonly string[], columns: Columns, where: string) {
  const all = (field: Field) => (columns.get(field) ?? []).map((index) => cells[index] ?? "").filter(Boolean);
  const one = (field: Field) => all(field)[0] ?? null;
  const read = [
    ...all("keys").map((cell) => readKeyCell(cell, where)),
    ...all("fingerprints").map((cell) => readFingerprints(cell, where)),
  ];
  const broken = read.flatMap((part) => part.broken);
  const person = toPerson({
    name: one("name") ?? ([...all("firstName"), ...all("family")].join(" ") || null),
    email: one("email"),
    logins: all("login"),
    ...readWords({ state: one("state"), day: one("leftOn"), columns }, where, broken),
    keys: read.flatMap(({ keys }) => keys),
  });
  if (!person) broken.push({ where, why: "it does not say who is meant" });
  return { person, broken };
}

type StateFields = { state: string | null; day: string | null; columns: Columns };

/** Where days of leaving are the only state, a person without one is active. Later code compares the day with today. */
function readWords(
  { state, day, columns }: StateFields,
  where: string,
  broken: BrokenPart[],
): Pick<PeopleSourcePerson, "said" | "leftOn"> {
  const said = readState(state ?? "");
  if (said === null)
    broken.push({ where, why: `the state "${state?.slice(0, 80)}" is not understood; write active or gone` });
  const leftOn = day === null ? null : readDay(day);
  if (day !== null && leftOn === null)
    broken.push({ where, why: `"${day.slice(0, 80)}" is no day that can be read; write it as 2026-03-31` });
  const isThere = day === null && columns.has("leftOn") && !columns.has("state");
  return { said: isThere ? "active" : (said ?? "nothing"), leftOn };
}

function formatUnused(header: readonly string[], columns: Columns): string[] {
  const used = new Set([...columns.values()].flat());
  const unused = header
    .filter((title, index) => title !== "" && !used.has(index))
    .map((title) => title.slice(0, 40));
  return unused.length === 0 ? [] : [`columns that are not used: ${unused.slice(0, 12).join(", ")}`];
}

const ACTIVE = new Set([
  "active",
  "enabled",
  "employed",
  "current",
  "present",
  "here",
  "yes",
  "true",
  "1",
  "ok",
  "aktiv",
]);
const GONE = new Set([
  "gone",
  "left",
  "leaver",
  "inactive",
  "disabled",
  "terminated",
  "former",
  "departed",
  "suspended",
  "deprovisioned",
  "deactivated",
  "offboarded",
  "resigned",
  "retired",
  "no",
  "false",
  "0",
  "ausgeschieden",
]);

/** The state of a word in a column of states; null for an unknown word. */
function readState(text: string): PeopleSourcePerson["said"] | null {
  const word = text.trim().toLowerCase();
  if (word === "") return "nothing";
  if (ACTIVE.has(word)) return "active";
  return GONE.has(word) ? "gone" : null;
}

/** A day as 2026-03-31: from that form, with a time after it, or from 31.03.2026. Null for any other text. */
function readDay(text: string): string | null {
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ].*)?$/.exec(text.trim());
  const european = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text.trim());
  const [year, month, day] = iso ? iso.slice(1, 4) : european ? european.slice(1, 4).toReversed() : [];
  if (year === undefined || month === undefined || day === undefined) return null;
  const written = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const at = new Date(`${written}T00:00:00Z`);
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== written ? null : written;
}
