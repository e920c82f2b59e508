import ipaddr from "ipaddr.js";
import { encodeDer, encodeSequence } from "#codec/der.ts";
import { Refusal } from "#shared/model/refusal.ts";

/**
 * The names of a certificate (`DNS:`, `IP:`, ...), to look up whether another one is among them. A wildcard stands for
 * one label, as clients match it (RFC 9525).
 */
export function createNameSet(names: Iterable<string>): { has(name: string): boolean } {
  const known = new Set(Array.from(names, canonicalName));
  return {
    has(name) {
      const canonical = canonicalName(name);
      const dot = canonical.indexOf(".");
      return (
        known.has(canonical) ||
        (canonical.startsWith("DNS:") && dot > 0 && known.has(`DNS:*${canonical.slice(dot)}`))
      );
    },
  };
}

/** Equal for names that are the same to a client. */
function canonicalName(name: string): string {
  if (name.startsWith("DNS:")) return `DNS:${name.slice(4).toLowerCase().replace(/\.$/, "")}`;
  if (!name.startsWith("IP:")) return name;
  const address = name.slice(3);
  return ipaddr.isValid(address) ? `IP:${ipaddr.parse(address).toNormalizedString()}` : name;
}

const NAMES_LISTED = 5;

/** Names in a sentence, without their kinds, at most a few: a certificate may have thousands. */
export function formatNames(names: readonly string[]): string {
  const listed = names.slice(0, NAMES_LISTED).map((name) => name.replace(/^(?:DNS|IP):/, "").slice(0, 260));
  const more = names.length - listed.length;
  return more > 0 ? `${listed.join(", ")} and ${more} more` : listed.join(", ");
}

/** What an authority may sign for: a name with everything below it, or a range of addresses. */
export type Permitted =
  | { kind: "dns"; text: string }
  | { kind: "ip"; text: string; address: readonly number[]; prefix: number };

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** A DNS name in lower case as certificates have it, without its final dot; null if it is none. */
export function readDnsName(text: string): string | null {
  const name = text.toLowerCase();
  const isSound = name.length <= 253 && name.split(".").every((label) => LABEL.test(label));
  // A name whose last label is a number is an address, or looks like one.
  return isSound && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name) ? name : null;
}

/** Reads `.corp.example`, `corp.example`, `10.0.0.0/8`, `fd00::/8`, `10.1.2.3`. */
export function readPermitted(text: string): Permitted {
  if (text.includes("/") || ipaddr.isValid(text)) return readRange(text);
  const name = readDnsName(text.replace(/^\*?\./, ""));
  if (name !== null) return { kind: "dns", text: name };
  throw new Refusal(
    "invalid-input",
    `${text} is neither a name nor a range of addresses; say .corp.example or 10.0.0.0/8, a name beyond ASCII as xn--...`,
  );
}

function readRange(text: string): Permitted {
  const [host = "", bits] = text.split("/");
  const isWhole =
    ipaddr.IPv4.isValidFourPartDecimal(host) || (ipaddr.IPv6.isValid(host) && !host.includes("%"));
  const address = isWhole ? ipaddr.parse(host).toByteArray() : [];
  const prefix = bits === undefined ? address.length * 8 : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (!isWhole || prefix < 0 || prefix > address.length * 8)
    throw new Refusal("invalid-input", `${text} is no range of addresses; say 10.0.0.0/8 or fd00::/8`);
  if (prefix === 0)
    throw new Refusal("invalid-input", `${text} is every address there is; permit the ranges that are yours`);
  const first = address.map((byte, at) => byte & maskByte(prefix, at));
  const said = `${ipaddr.fromByteArray(first).toString()}/${prefix}`;
  if (first.some((byte, at) => byte !== address[at]))
    throw new Refusal("invalid-input", `${text} is not where its range begins; say ${said}`);
  return { kind: "ip", text: said, address, prefix };
}

const maskByte = (prefix: number, at: number): number => {
  const left = Math.max(0, Math.min(8, prefix - at * 8));
  return (0xff << (8 - left)) & 0xff;
};

/** `name` is a DNS name in lower case; for a wildcard, all that it stands for has to be permitted. */
export function isNamePermitted(name: string, permitted: readonly Permitted[]): boolean {
  const host = name.replace(/^\*\./, "");
  return permitted.some(
    (each) => each.kind === "dns" && (host === each.text || host.endsWith(`.${each.text}`)),
  );
}

export function isAddressPermitted(bytes: readonly number[], permitted: readonly Permitted[]): boolean {
  return permitted.some(
    (each) =>
      each.kind === "ip" &&
      each.address.length === bytes.length &&
      bytes.every((byte, at) => (byte & maskByte(each.prefix, at)) === each.address[at]),
  );
}

const DNS = 0x82;
const ADDRESS = 0x87;

/**
 * The content of nameConstraints. A form without a permitted name is excluded wholly: a constraint on DNS names does
 * not restrict addresses by itself, nor the other way round.
 */
export function constrainNames(permitted: readonly Permitted[]): Buffer {
  const names = permitted.filter((each) => each.kind === "dns");
  const ranges = permitted.filter((each) => each.kind === "ip");
  const subtree = (tag: number, base: Uint8Array) => encodeSequence(encodeDer(tag, base));
  const allowed = [
    ...names.map(({ text }) => subtree(DNS, Buffer.from(text, "latin1"))),
    ...ranges.map(({ address, prefix }) =>
      subtree(ADDRESS, Buffer.from([...address, ...address.map((_, at) => maskByte(prefix, at))])),
    ),
  ];
  const denied = [
    ...(names.length === 0 ? [subtree(DNS, Buffer.alloc(0))] : []),
    ...(ranges.length === 0 ? [subtree(ADDRESS, Buffer.alloc(8)), subtree(ADDRESS, Buffer.alloc(32))] : []),
  ];
  return encodeSequence(
    ...(allowed.length > 0 ? [encodeDer(0xa0, ...allowed)] : []),
    ...(denied.length > 0 ? [encodeDer(0xa1, ...denied)] : []),
  );
}
