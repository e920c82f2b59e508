import {
  type BrokenPart,
  MOST_PEOPLE,
  mergePeople,
  type PeopleSource,
  type PeopleSourcePerson,
  readKeyLines,
  toPerson,
} from "./people-source.ts";

/** The flag of Active Directory's userAccountControl that disables an account. */
const ACCOUNT_DISABLED = 0x2;

/** The date by which OpenLDAP's password policy locks an account for good. */
const LOCKED_FOR_GOOD = "000001010000Z";

/** Object classes of entries that are no persons. */
const NO_PERSON = new Set([
  "organizationalunit",
  "domain",
  "dcobject",
  "posixgroup",
  "groupofnames",
  "organization",
]);

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A directory's export: its entries of people, with their keys (sshPublicKey) and whether their accounts are closed. */
export function readLdifPeopleSource(text: string, file: string): PeopleSource {
  const { entries, broken } = readLdif(text, file);
  const people = entries.slice(0, MOST_PEOPLE).flatMap((entry) => {
    const read = readEntry(entry, file);
    for (const part of read.broken) broken.push(part);
    return read.person ?? [];
  });
  if (entries.length > MOST_PEOPLE)
    broken.push({ where: file, why: `only the first ${MOST_PEOPLE} entries are read` });
  if (entries.length === 0)
    broken.push({ where: file, why: "it has no entry: none of its lines begins with dn:" });
  return { kind: "ldif", people: mergePeople(people), broken, notes: [] };
}

function readEntry(
  entry: LdifEntry,
  file: string,
): { person: PeopleSourcePerson | null; broken: BrokenPart[] } {
  const where = `${file} line ${entry.line}`;
  const texts = (name: string) =>
    (entry.attributes.get(name) ?? []).map((value) => Buffer.from(value).toString("utf8"));
  const [change] = texts("changetype");
  if (change !== undefined && change.trim().toLowerCase() !== "add")
    return { person: null, broken: [{ where, why: `it is a change (${change.slice(0, 40)}) and no entry` }] };
  const names = ["uid", "samaccountname", "userprincipalname"];
  const logins = names.flatMap(texts);
  const isPerson = logins.length > 0 || entry.attributes.has("sshpublickey") || entry.attributes.has("mail");
  if (!isPerson || texts("objectclass").some((name) => NO_PERSON.has(name.toLowerCase())))
    return { person: null, broken: [] };
  const keys = ["sshpublickey", "ipasshpubkey"]
    .flatMap((name) => entry.attributes.get(name) ?? [])
    .map((value) => readKeyLines(value, () => where));
  const [email = null, ...addresses] = texts("mail");
  const [name = null] = [...texts("displayname"), ...texts("cn"), ...texts("gecos")];
  const person = toPerson({
    name,
    email,
    logins: [...logins, ...addresses],
    ...readClosing(texts),
    keys: keys.flatMap((read) => read.keys),
  });
  return { person, broken: keys.flatMap((read) => read.broken) };
}

/** Reads how directories mark a closed account. An entry without such a mark is of an active person. */
function readClosing(texts: (name: string) => string[]): Pick<PeopleSourcePerson, "said" | "leftOn"> {
  const isTrue = (name: string) => texts(name).some((value) => /^(true|yes|1)$/i.test(value.trim()));
  const control = Number(texts("useraccountcontrol")[0] ?? 0);
  const isClosed =
    isTrue("nsaccountlock") ||
    isTrue("logindisabled") ||
    isTrue("msds-useraccountdisabled") ||
    (Number.isInteger(control) && (control & ACCOUNT_DISABLED) !== 0) ||
    texts("pwdaccountlockedtime").some((value) => value.trim() === LOCKED_FOR_GOOD) ||
    texts("inetuserstatus").some((value) => /^(inactive|deleted)$/i.test(value.trim()));
  return { said: isClosed ? "gone" : "active", leftOn: readExpiry(texts("shadowexpire")[0]) };
}

/** shadowExpire counts days from 1970; -1, 0 and a missing value mean no end. */
function readExpiry(days: string | undefined): string | null {
  if (days === undefined || !/^\d{1,6}$/.test(days.trim()) || Number(days) === 0) return null;
  return new Date(Number(days) * DAY_MS).toISOString().slice(0, 10);
}

/** Attributes of an entry by their names in lower case, without options such as `;binary`; `line` is that of its dn. */
type LdifEntry = { line: number; dn: string; attributes: ReadonlyMap<string, Uint8Array[]> };

type Line = { number: number; text: string };

/** Longer than any key or photograph in a directory. */
const LONGEST_LINE = 4 * 1024 * 1024;

/**
 * The entries of an LDIF file (RFC 2849): a line that begins with a blank continues the one before, `::` precedes
 * base64, and `:<` a URL, which we do not follow. Text is Latin-1, one character a byte.
 */
function readLdif(text: string, file: string): { entries: LdifEntry[]; broken: BrokenPart[] } {
  const broken: BrokenPart[] = [];
  const entries: LdifEntry[] = [];
  let attributes = new Map<string, Uint8Array[]>();
  let begin = 0;
  const end = () => {
    const [dn] = attributes.get("dn") ?? [];
    if (dn) entries.push({ line: begin, dn: Buffer.from(dn).toString("utf8"), attributes });
    attributes = new Map();
  };
  for (const line of unfold(text)) {
    if (line.text === "") {
      end();
      continue;
    }
    if (line.text.startsWith("#")) continue;
    const where = `${file} line ${line.number}`;
    const read = readLine(line.text);
    if ("why" in read) {
      broken.push({ where, why: read.why });
      continue;
    }
    // Some exports have no empty line between entries.
    if (read.name === "dn" && attributes.has("dn")) end();
    if (read.name === "dn") begin = line.number;
    const values = attributes.get(read.name);
    if (values) values.push(read.value);
    else attributes.set(read.name, [read.value]);
  }
  end();
  return { entries, broken };
}

function* unfold(text: string): Generator<Line> {
  let open: Line | null = null;
  let number = 0;
  for (const raw of text.split("\n")) {
    number++;
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (open && line.startsWith(" ")) {
      if (open.text.length < LONGEST_LINE) open.text += line.slice(1);
      continue;
    }
    if (open) yield open;
    open = { number, text: line };
  }
  if (open) yield open;
}

function readLine(text: string): { name: string; value: Uint8Array } | { why: string } {
  const [, description, mark, value = ""] = /^([^:]*):([:<]?) *(.*)$/s.exec(text) ?? [];
  if (description === undefined || !/^[A-Za-z0-9][A-Za-z0-9.;-]*$/.test(description))
    return { why: "it is no line of LDIF: name: value" };
  const name = (description.split(";")[0] ?? "").toLowerCase();
  if (mark === "<") return { why: `the value of ${name} is in another file, which is not read` };
  if (mark !== ":") return { name, value: Buffer.from(value, "latin1") };
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return { why: `the value of ${name} is not base64` };
  return { name, value: Buffer.from(value, "base64") };
}
