import type { BrokenPart } from "./roster.ts";

/** Attributes of an entry by their names in lower case, without options such as `;binary`; `line` is that of its dn. */
export type LdifEntry = { line: number; dn: string; attributes: ReadonlyMap<string, Uint8Array[]> };

type Line = { number: number; text: string };

/** Longer than any key or photograph that a directory holds. */
const LONGEST_LINE = 4 * 1024 * 1024;

/**
 * The entries of an LDIF file (RFC 2849): lines that begin with a blank go on with the line before, `::` stands before
 * base64, and `:<` before an address, which is not followed. Text is Latin-1, one character a byte.
 */
export function readLdif(text: string, file: string): { entries: LdifEntry[]; broken: BrokenPart[] } {
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
    // Entries of some exports follow each other without an empty line.
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
