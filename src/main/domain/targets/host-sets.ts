import ipaddr from "ipaddr.js";
import { Refusal } from "#shared/model/refusal.ts";

/** Hosts that can be counted without listing them. */
export type HostSet = { count: bigint; list(): Iterable<string> };

/** An address, a network or a range; null for what looks like a name. Refuses octal and shortened IPv4. */
export function readAddresses(text: string): HostSet | null {
  if (text.includes(":")) return readHosts(text, IPV6);
  return /^[\d./-]+$/.test(text) ? readHosts(text, IPV4) : null;
}

type Family = {
  bits: number;
  remedy: string;
  parse(text: string): bigint | null;
  write(address: bigint): string;
  /** The first and last address of a network are no hosts (the network itself, and broadcast). */
  hasBroadcast: boolean;
};

const IPV4: Family = {
  bits: 32,
  remedy: "write 10.0.0.1, 10.0.0.0/24, 10.0.0.1-40 or 10.0.0.1-10.0.1.20",
  parse: parseIpv4,
  write: (address) => [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join("."),
  hasBroadcast: true,
};

const IPV6: Family = {
  bits: 128,
  remedy: "write 2001:db8::1, [2001:db8::1]:22, 2001:db8::/120 or 2001:db8::1-2001:db8::40",
  parse: parseIpv6,
  write: formatIpv6,
  hasBroadcast: false,
};

function readHosts(text: string, family: Family): HostSet {
  if (text.includes("/")) return readNetwork(text, family);
  if (text.includes("%")) return readScoped(text);
  if (text.includes("-")) return readRange(text, family);
  const address = parseOr(text, family);
  return span(address, address, family);
}

function readNetwork(text: string, family: Family): HostSet {
  const [base = "", length = "", ...more] = text.split("/");
  const prefix = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefix > family.bits || more.length > 0)
    throw refuse(`is not a network; its prefix is a number up to ${family.bits}`);
  const size = 1n << BigInt(family.bits - prefix);
  const first = parseOr(base, family) & ~(size - 1n);
  const last = first + size - 1n;
  return family.hasBroadcast && size > 2n ? span(first + 1n, last - 1n, family) : span(first, last, family);
}

/** `10.0.0.1-40` is a range of the last part; other ranges have two full addresses. */
function readRange(text: string, family: Family): HostSet {
  const [from = "", to = "", ...more] = text.split("-");
  if (more.length > 0) throw refuse(`is not a range; ${family.remedy}`);
  const first = parseOr(from, family);
  const last = parseOr(/^\d+$/.test(to) ? from.replace(/\d+$/, to) : to, family);
  if (last < first) throw refuse("is a range that ends before it begins; write the lower address first");
  return span(first, last, family);
}

/** A link-local address with its zone, such as fe80::1%eth0. */
function readScoped(text: string): HostSet {
  const [address = "", zone = "", ...more] = text.split("%");
  if (!/^[\w.-]{1,32}$/.test(zone) || more.length > 0)
    throw refuse("has a zone that cannot be one; write it as fe80::1%eth0");
  const host = `${IPV6.write(parseOr(address, IPV6))}%${zone}`;
  return { count: 1n, list: () => [host] };
}

const span = (first: bigint, last: bigint, { write }: Family): HostSet => ({
  count: last - first + 1n,
  *list() {
    for (let address = first; address <= last; address++) yield write(address);
  },
});

function parseOr(text: string, { parse, bits, remedy }: Family): bigint {
  const address = parse(text);
  if (address !== null) return address;
  throw refuse(`is not an IPv${bits === 32 ? 4 : 6} address; ${remedy}`);
}

function parseIpv4(text: string): bigint | null {
  const parts = text.split(".");
  const isDecimal = parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
  return parts.length === 4 && isDecimal ? parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) : null;
}

function parseIpv6(text: string): bigint | null {
  if (!ipaddr.IPv6.isValid(text) || text.includes("%")) return null;
  return ipaddr.IPv6.parse(text).parts.reduce((sum, part) => sum * 65_536n + BigInt(part), 0n);
}

function formatIpv6(address: bigint): string {
  const parts = Array.from({ length: 8 }, (_, index) =>
    Number((address >> BigInt(112 - 16 * index)) & 0xffffn),
  );
  return new ipaddr.IPv6(parts).toRFC5952String();
}

const refuse = (why: string): Refusal => new Refusal("invalid-input", why);

/** A name, or a pattern of names with ranges in brackets: `web[01-20].corp`, `db[1,3,7-9]`, `rack[a-c]`. */
export function readName(text: string): HostSet {
  if (text === "") throw refuse("names no host; write host, host:port or user@host");
  if (!/^[\x21-\x7e]*$/.test(text))
    throw refuse("is not ASCII; write the name as DNS has it (its xn-- form)");
  const parts = splitPattern(text.toLowerCase());
  check(parts.map(({ digits }) => digits).join(""));
  check(parts.map(({ longest }) => longest).join(""));
  return { count: parts.reduce((product, { count }) => product * count, 1n), list: () => expand(parts) };
}

/**
 * One part of a pattern: fixed text, or the values of a bracket. All names of a pattern are valid when two of them are:
 * the one with the longest values, and the one with values in digits where a bracket has any.
 */
type Values = { count: bigint; digits: string; longest: string; list(): Iterable<string> };

function splitPattern(text: string): Values[] {
  const parts = text.split(/(\[[^[\]]*\])/).filter((part) => part !== "");
  if (parts.some((part) => /^[^[\]]*[[\]]/.test(part) && !/^\[[^[\]]*\]$/.test(part)))
    throw refuse("has a bracket without its other half; write it as web[01-20].corp");
  return parts.map((part) => (part.startsWith("[") ? readBracket(part.slice(1, -1)) : only(part)));
}

function readBracket(text: string): Values {
  const items = text.split(",").map(readItem);
  const values = items.map(({ longest }) => longest);
  return {
    count: items.reduce((sum, { count }) => sum + count, 0n),
    digits: values.find((value) => /^\d/.test(value)) ?? values[0] ?? "",
    longest: values.reduce((best, value) => (value.length > best.length ? value : best)),
    *list() {
      for (const item of items) yield* item.list();
    },
  };
}

function readItem(text: string): Values {
  const numbers = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text);
  if (numbers) return countNumbers(numbers[1] ?? "", numbers[2] ?? numbers[1] ?? "");
  const letters = /^([a-z])(?:-([a-z]))?$/.exec(text);
  if (letters) return countLetters(letters[1] ?? "", letters[2] ?? letters[1] ?? "");
  throw refuse("has a bracket that cannot be counted; write it as [01-20], [1,3,7-9] or [a-c]");
}

/** A leading zero at either end pads every number to one width, which both ends must have. */
function countNumbers(from: string, to: string): Values {
  const isPadded = [from, to].some((text) => text.length > 1 && text.startsWith("0"));
  if (isPadded && from.length !== to.length)
    throw refuse("has a bracket whose ends are padded differently; write both as wide, such as [01-20]");
  return count(Number(from), Number(to), (value) => String(value).padStart(isPadded ? from.length : 1, "0"));
}

const countLetters = (from: string, to: string): Values =>
  count(from.charCodeAt(0), to.charCodeAt(0), (value) => String.fromCharCode(value));

function count(from: number, to: number, write: (value: number) => string): Values {
  if (to < from) throw refuse("has a bracket that counts down; write the lower end first");
  return {
    count: BigInt(to - from + 1),
    digits: write(to),
    longest: write(to),
    *list() {
      for (let value = from; value <= to; value++) yield write(value);
    },
  };
}

const only = (text: string): Values => ({ count: 1n, digits: text, longest: text, list: () => [text] });

function* expand([first, ...rest]: readonly Values[]): Iterable<string> {
  if (!first) return yield "";
  for (const head of first.list()) {
    for (const tail of expand(rest)) yield head + tail;
  }
}

/** Accepts labels of host names, also with underscores. A name that ends in a number would count as an address. */
function check(name: string): void {
  const labels = name.replace(/\.$/, "").split(".");
  if (name.length > 253 || !labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)))
    throw refuse("is not the name of a host; write host, host:port, user@host or an address");
  if (/^\d+$/.test(labels.at(-1) ?? ""))
    throw refuse("ends in a number as an address does, and is none; write a range as 10.0.0.1-10.0.3.1");
}

/** Strict, since a user name may become an argument of a program: no leading dash, no character special to a shell. */
export const isUserName = (user: string): boolean => /^[\w.][\w.@+\\-]{0,254}\$?$/.test(user);
