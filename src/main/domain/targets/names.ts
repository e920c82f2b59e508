import { Refusal } from "#shared/model/refusal.ts";
import type { HostSet } from "./addresses.ts";

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
 * One part of a pattern: fixed text, or what a bracket counts through. All names of a pattern are good when two
 * of them are: the one of the longest values, and the one of values in digits where a bracket has any.
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

/** A leading zero at either end pads every number to one width, which both ends then have. */
function countNumbers(from: string, to: string): Values {
  const isPadded = [from, to].some((text) => text.length > 1 && text.startsWith("0"));
  if (isPadded && from.length !== to.length)
    throw refuse("has a bracket whose ends are padded differently; write both as wide, such as [01-20]");
  return count(Number(from), Number(to), (value) => String(value).padStart(isPadded ? from.length : 1, "0"));
}

const countLetters = (from: string, to: string): Values =>
  count(from.charCodeAt(0), to.charCodeAt(0), (value) => String.fromCharCode(value));

function count(from: number, to: number, say: (value: number) => string): Values {
  if (to < from) throw refuse("has a bracket that counts down; write the lower end first");
  return {
    count: BigInt(to - from + 1),
    digits: say(to),
    longest: say(to),
    *list() {
      for (let value = from; value <= to; value++) yield say(value);
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

/** Labels as hosts have them, underscores too. A name that ends in a number would be taken for an address. */
function check(name: string): void {
  const labels = name.replace(/\.$/, "").split(".");
  if (name.length > 253 || !labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label)))
    throw refuse("is not the name of a host; write host, host:port, user@host or an address");
  if (/^\d+$/.test(labels.at(-1) ?? ""))
    throw refuse("ends in a number as an address does, and is none; write a range as 10.0.0.1-10.0.3.1");
}

const refuse = (why: string): Refusal => new Refusal("invalid-input", why);
