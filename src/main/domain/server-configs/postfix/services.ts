import { type Parameter, readLogicalLines } from "./parameters.ts";

/** A service of master.cf that listens on the network. */
export type Service = {
  /** Empty where the addresses are those of inet_interfaces. */
  host: string;
  port: number | null;
  command: string;
  overrides: Map<string, Parameter>;
  line: number;
};

/** As /etc/services has them. */
const PORTS = new Map(
  Object.entries({
    lmtp: 24,
    smtp: 25,
    mail: 25,
    smtps: 465,
    ssmtp: 465,
    urd: 465,
    submissions: 465,
    submission: 587,
  }),
);

export function* readServices(text: string, file: string): Generator<Service, void> {
  for (const { text: whole, line } of readLogicalLines(text)) {
    const [name = "", type, , , , , , command = "", ...words] = splitWords(whole);
    if (type !== "inet") continue;
    const { host, port } = readPlace(name);
    yield { host, port, command, overrides: readOverrides(words, { file, line }), line };
  }
}

function readPlace(name: string): { host: string; port: number | null } {
  const colon = name.lastIndexOf(":");
  const service = name.slice(colon + 1);
  const port = /^\d{1,5}$/.test(service) ? Number(service) : (PORTS.get(service) ?? null);
  return { host: name.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, "$1"), port };
}

function readOverrides(words: readonly string[], at: Parameter["at"]): Map<string, Parameter> {
  const overrides = new Map<string, Parameter>();
  for (const [index, word] of words.entries()) {
    const written = word === "-o" ? words[index + 1] : word.startsWith("-o") ? word.slice(2) : undefined;
    const equals = written?.indexOf("=") ?? -1;
    if (written === undefined || equals < 0) continue;
    overrides.set(written.slice(0, equals).trim(), { value: written.slice(equals + 1).trim(), at });
  }
  return overrides;
}

/** Words between blanks; braces hold one together, and are not part of it. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text.charAt(at) === " " || text.charAt(at) === "\t") {
      at++;
      continue;
    }
    const isBraced = text.charAt(at) === "{";
    const end = isBraced ? closingBrace(text, at) : wordEnd(text, at);
    words.push(isBraced ? text.slice(at + 1, end).trim() : text.slice(at, end));
    at = isBraced ? end + 1 : end;
  }
  return words;
}

function closingBrace(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text.charAt(at) === "{") depth++;
    else if (text.charAt(at) === "}" && --depth === 0) return at;
  }
  return text.length;
}

function wordEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== " " && text.charAt(at) !== "\t") at++;
  return at;
}
