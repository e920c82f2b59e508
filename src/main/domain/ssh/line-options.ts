import { readFromList } from "./from-list.ts";

/**
 * The options before a key, as sshd reads them: names in any case, values in double quotes, `\"` for a quote
 * inside. sshd ignores the whole line for one unknown or broken option.
 */
export type LineOption = {
  /** Lower case, without the `no-` of a flag. */
  name: string;
  /** The text in the quotes; null for a flag. */
  value: string | null;
  /** False for a flag written with `no-`. */
  isOn: boolean;
};

type Value = {
  /** Why this value makes sshd ignore the line; null if it does not. */
  check: (value: string) => string | null;
  isUnique: boolean;
};

/** In sshd's order: sshd takes the first that the text begins with. */
const FLAGS: readonly { name: string; canBeNegated: boolean }[] = [
  { name: "restrict", canBeNegated: false },
  { name: "cert-authority", canBeNegated: false },
  { name: "port-forwarding", canBeNegated: true },
  { name: "agent-forwarding", canBeNegated: true },
  { name: "x11-forwarding", canBeNegated: true },
  { name: "touch-required", canBeNegated: true },
  { name: "verify-required", canBeNegated: true },
  { name: "pty", canBeNegated: true },
  { name: "user-rc", canBeNegated: true },
];

const anything = (): null => null;
const VALUES: ReadonlyMap<string, Value> = new Map([
  ["command", { check: anything, isUnique: true }],
  ["principals", { check: anything, isUnique: true }],
  ["from", { check: checkFrom, isUnique: true }],
  ["expiry-time", { check: checkExpiry, isUnique: false }],
  ["environment", { check: checkEnvironment, isUnique: false }],
  [
    "permitopen",
    { check: (value: string) => checkPermit(value, { isBarePortAllowed: false }), isUnique: false },
  ],
  [
    "permitlisten",
    { check: (value: string) => checkPermit(value, { isBarePortAllowed: true }), isUnique: false },
  ],
  ["tunnel", { check: checkTunnel, isUnique: false }],
]);

/** sshd's limits on how often an option may be repeated. */
const MOST = new Map([
  ["environment", 1_024],
  ["permitopen", 4_096],
  ["permitlisten", 4_096],
]);

/** `problem`: why sshd ignores the line for these options; null when it does not. */
type LineOptions = { readonly options: readonly LineOption[]; readonly problem: string | null };

/** A cache by text: nearly all lines of a fleet repeat the options of others. */
const known = new Map<string, LineOptions>();
const MOST_KNOWN = 256;
const LONGEST_KNOWN = 1_024;

/** Reads options that end with the text, which is Latin-1. */
export function readLineOptions(text: string): LineOptions {
  const before = known.get(text);
  if (before) return before;
  if (text.length > LONGEST_KNOWN) return readOptions(text);
  // A copy: a substring would keep the text of the whole file in memory.
  const copy = Buffer.from(text, "latin1").toString("latin1");
  const read = readOptions(copy);
  if (known.size === MOST_KNOWN) known.clear();
  known.set(copy, read);
  return read;
}

function readOptions(text: string): LineOptions {
  const options: LineOption[] = [];
  const counts = new Map<string, number>();
  let rest = text;
  while (rest !== "") {
    // sshd accepts empty options: a comma at the beginning, two in a row, one at the end.
    if (rest[0] === ",") {
      rest = rest.slice(1);
      continue;
    }
    const read = readFlag(rest) ?? readValue(rest);
    if (typeof read === "string") return { options, problem: read };
    const { option, length } = read;
    options.push(option);
    const problem = countOption(option, counts);
    if (problem) return { options, problem };
    rest = rest.slice(length);
    if (rest !== "" && rest[0] !== ",")
      return { options, problem: `unknown option ${formatOption(text, rest)}` };
  }
  return { options, problem: findContradiction(options) };
}

/** The value of the first option of that name; null when it is not there. */
export const valueOfOption = (options: readonly LineOption[], name: string): string | null =>
  options.find((option) => option.name === name)?.value ?? null;

/** Whether the flag is on: the last one of its name counts. */
export const isFlagOn = (options: readonly LineOption[], name: string): boolean =>
  options.findLast((option) => option.name === name)?.isOn ?? false;

type Read = { option: LineOption; length: number };

function readFlag(text: string): Read | null {
  for (const { name, canBeNegated } of FLAGS) {
    const isNegated = canBeNegated && startsWith(text, "no-", 0);
    const from = isNegated ? 3 : 0;
    if (startsWith(text, name, from)) {
      return { option: { name, value: null, isOn: !isNegated }, length: from + name.length };
    }
  }
  return null;
}

function readValue(text: string): Read | string {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals)).toLowerCase();
  const kind = VALUES.get(name);
  if (!kind) return `unknown option ${formatOption(text, text)}`;
  const quoted = dequote(text, equals + 1);
  if (typeof quoted === "string") return `${name}: ${quoted}`;
  const problem = kind.check(quoted.value);
  if (problem) return problem;
  return { option: { name, value: quoted.value, isOn: true }, length: quoted.end };
}

function dequote(text: string, from: number): { value: string; end: number } | string {
  if (text[from] !== '"') return "the value is not in quotes";
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" && text[at + 1] === '"' ? 2 : 1;
  if (at >= text.length) return "the closing quote is missing";
  return { value: text.slice(from + 1, at).replaceAll('\\"', '"'), end: at + 1 };
}

function countOption({ name, value }: LineOption, counts: Map<string, number>): string | null {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  if (count > 1 && value !== null && VALUES.get(name)?.isUnique) return `two ${name}= options`;
  return count > (MOST.get(name) ?? Number.POSITIVE_INFINITY) + 1 ? `too many ${name}= options` : null;
}

function findContradiction(options: readonly LineOption[]): string | null {
  if (isFlagOn(options, "cert-authority")) return null;
  return valueOfOption(options, "principals") === null ? null : "principals= without cert-authority";
}

function checkFrom(value: string): string | null {
  const list = readFromList(value);
  return typeof list === "string" ? `from=: ${list}` : null;
}

function checkExpiry(value: string): string | null {
  return readExpiryTime(value) ? null : `expiry-time="${value}" is not a date that sshd reads`;
}

function checkEnvironment(value: string): string | null {
  return /^[A-Za-z0-9_]+=/.test(value) ? null : "environment= is not NAME=value with a plain name";
}

function checkPermit(value: string, { isBarePortAllowed }: { isBarePortAllowed: boolean }): string | null {
  const port = portOf(value, isBarePortAllowed);
  const isPort = port === "*" || (port !== null && (SERVICE.test(port) || isPortNumber(port)));
  return isPort ? null : `${isBarePortAllowed ? "permitlisten" : "permitopen"}="${value}" is not host:port`;
}

/** The port after the host; null where sshd would not read one. */
function portOf(value: string, isBarePortAllowed: boolean): string | null {
  const text = isBarePortAllowed && !value.includes(":") ? `*:${value}` : value;
  const close = text.startsWith("[") ? text.indexOf("]") + 1 : text.search(/[:/]/);
  if (close <= 0 && !/^[:/]/.test(text)) return null;
  return text[close] === ":" || text[close] === "/" ? text.slice(close + 1) : null;
}

const isPortNumber = (port: string): boolean =>
  /^\d{1,10}$/.test(port) && Number(port) > 0 && Number(port) <= 65_535;

const SERVICE = /^[a-zA-Z][\w-]*$/;

/** Ports given by a service name: where the host does not know the name, sshd ignores the line. */
export const servicesIn = (options: readonly LineOption[]): string[] =>
  options.flatMap(({ name, value }) => {
    if (value === null || (name !== "permitopen" && name !== "permitlisten")) return [];
    const port = portOf(value, name === "permitlisten");
    return port !== null && SERVICE.test(port) ? [port] : [];
  });

function checkTunnel(value: string): string | null {
  const isNumber = /^\d{1,10}$/.test(value) && Number(value) <= 0x7ffffffd;
  return isNumber || /^any$/i.test(value) ? null : `tunnel="${value}" is not a device number or "any"`;
}

/** Ignores case. Compares the first letter first, which mostly decides. */
const startsWith = (text: string, name: string, from: number): boolean =>
  (text.charCodeAt(from) | 0x20) === name.charCodeAt(0) &&
  text.slice(from, from + name.length).toLowerCase() === name;

/** The option in which `rest` begins, up to its comma, cut where it gets long. */
function formatOption(text: string, rest: string): string {
  const from = text.lastIndexOf(",", text.length - rest.length - 1) + 1;
  const until = text.indexOf(",", text.length - rest.length);
  const option = text.slice(from, until < 0 ? text.length : until);
  return `"${option.length > 40 ? `${option.slice(0, 40)}...` : option}"`;
}

/** A date of `expiry-time=`. `isUtc` false: it is in the host's time zone. */
type ExpiryTime = {
  /** Seconds since the epoch, as if the date were in UTC. */ seconds: number;
  isUtc: boolean;
};

const ZONES_APART = 14 * 3_600;
/** We know the host's offset of today alone: the offset on the date may differ by an hour of summer time. */
const SUMMER_TIME = 3_600;

/** YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, optionally followed by Z or UTC; null for what sshd does not read. */
export function readExpiryTime(text: string): ExpiryTime | null {
  const zone = /(?<=.)z$|(?<=.)utc$/i.exec(text)?.[0].length ?? 0;
  const digits = text.slice(0, text.length - zone);
  if (![8, 12, 14].includes(digits.length)) return null;
  if (!/^\d{4}(?:[ \d]\d)+$/.test(digits)) return null;
  const part = (from: number, length = 2) => Number(digits.slice(from, from + length) || "0");
  const [year, month, day] = [part(0, 4), part(4), part(6)];
  const [hour, minute, second] = [part(8), part(10), part(12)];
  if (month < 1 || month > 12 || day < 1 || day > 31) return null;
  if (hour > 23 || minute > 59 || second > 61) return null;
  const seconds = utcSeconds([year, month, day], [hour, minute, second]);
  return seconds === 0 ? null : { seconds, isUtc: zone > 0 };
}

/** Whether the date has passed by the host's clock; null where its unknown time zone decides. */
export function hasPassed(expiry: ExpiryTime, unixTime: number, utcOffset: string | null): boolean | null {
  // sshd keeps the date unsigned: a date before 1970, where sshd reads it at all, never comes.
  if (expiry.seconds < 0) return false;
  const offset = expiry.isUtc ? 0 : readOffset(utcOffset);
  const doubt = offset === null ? ZONES_APART : expiry.isUtc ? 0 : SUMMER_TIME;
  const left = expiry.seconds - (offset ?? 0) - unixTime;
  if (left < -doubt) return true;
  return left >= doubt ? false : null;
}

function readOffset(utcOffset: string | null): number | null {
  const parts = /^([+-])(\d\d)(\d\d)$/.exec(utcOffset ?? "");
  if (!parts) return null;
  const seconds = Number(parts[2]) * 3_600 + Number(parts[3]) * 60;
  return parts[1] === "-" ? -seconds : seconds;
}

function utcSeconds(
  [year, month, day]: [number, number, number],
  [hour, minute, second]: [number, number, number],
) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date.getTime() / 1_000;
}
