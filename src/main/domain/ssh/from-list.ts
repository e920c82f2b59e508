import ipaddr from "ipaddr.js";
import { spend } from "#domain/work-budget.ts";
import { matchesPattern } from "./patterns.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = { address: Address; bits: number };

/** One item of a list of addresses: a network where sshd reads one, otherwise a pattern for names and addresses. */
export type FromItem = { text: string; isNegated: boolean; network: Network | null };

/** The items of a `from=` list; a sentence where one of them makes sshd refuse all logins by the line. */
export function readFromList(list: string): FromItem[] | string {
  const items: FromItem[] = [];
  for (const written of list.split(",")) {
    spend(4);
    const isNegated = written.startsWith("!");
    const text = isNegated ? written.slice(1) : written;
    if (text === "") return "an empty item in the list refuses everybody";
    const network = readNetwork(text);
    if (typeof network === "string") return network;
    items.push({ text, isNegated, network });
  }
  return items;
}

/**
 * The items of the list that let anybody in: some address matches them, and no negated item covers them whole.
 * Names count only where sshd resolves them by DNS (UseDNS).
 */
export function usableItems(items: readonly FromItem[], { useDns }: { useDns: boolean }): FromItem[] {
  const negated = items.filter(({ isNegated }) => isNegated);
  return items.filter(
    (item) =>
      !item.isNegated && (useDns || mayMatchAddress(item)) && !negated.some((other) => covers(other, item)),
  );
}

/** Whether an item can match the text of an address; a name never does. */
export function mayMatchAddress({ network, text }: FromItem): boolean {
  if (network) return true;
  const pattern = text.toLowerCase();
  if (!/[*?]/.test(pattern)) return false;
  const isOfVersion4 = /^[0-9.*?]+$/.test(pattern) && pattern.split(".").length <= 4;
  return isOfVersion4 || /^[0-9a-f:*?]+$/.test(pattern);
}

/** Whether `one` matches everything that `other` matches, as far as that can be known without the DNS. */
export function covers(one: FromItem, other: FromItem): boolean {
  spend();
  if (one.text === "*" || one.text === other.text) return true;
  if (!other.network) return false;
  if (!one.network) return isWhole(other.network) && matchesPattern(String(other.network.address), one.text);
  const isSameKind = one.network.address.kind() === other.network.address.kind();
  return isSameKind && one.network.bits <= other.network.bits && contains(one.network, other.network.address);
}

const isWhole = ({ address, bits }: Network): boolean => bits === (address.kind() === "ipv4" ? 32 : 128);

const contains = ({ address, bits }: Network, other: Address): boolean =>
  address.toByteArray().every((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff << (8 - kept)) & 0xff;
    return (byte & mask) === ((other.toByteArray()[index] ?? 0) & mask);
  });

/** A network with its bits; null when the text is none; a sentence when sshd finds the network invalid. */
function readNetwork(text: string): Network | null | string {
  if (text.length >= 64) return null;
  const slash = text.indexOf("/");
  const written = slash < 0 ? null : text.slice(slash + 1);
  if (written !== null && !/^\d{1,9}$/.test(written)) return null;
  const host = slash < 0 ? text : text.slice(0, slash);
  const address = readAddress(host);
  if (!address) return null;
  const most = address.kind() === "ipv4" ? 32 : 128;
  const bits = written === null ? most : Number(written);
  if (bits > most) return `"${text}" has more bits than an address, which refuses everybody`;
  if (hasBitsBeyond(address, bits)) {
    return `"${text}" has bits set beyond its mask, which refuses everybody`;
  }
  return { address, bits };
}

function readAddress(text: string): Address | null {
  if (ipaddr.IPv4.isValid(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : null;
}

const hasBitsBeyond = (address: Address, bits: number): boolean =>
  address
    .toByteArray()
    .some((byte, index) => (byte & (0xff >> Math.min(8, Math.max(0, bits - index * 8)))) !== 0);

/**
 * Whether a list lets in a login from this address; null where a name could decide, or where the list is one that
 * refuses everybody. Under UseDNS a negated name refuses, wherever it stands.
 */
export function takesAddress(list: string, written: string): boolean | null {
  const items = readFromList(list);
  if (typeof items === "string" || !ipaddr.isValid(written)) return null;
  const address = ipaddr.process(written);
  const matches = ({ text, network }: FromItem): boolean =>
    network
      ? network.address.kind() === address.kind() && contains(network, address)
      : matchesPattern(String(address), text.toLowerCase());
  const negated = items.filter(({ isNegated }) => isNegated);
  const permitted = items.filter(({ isNegated }) => !isNegated);
  if (negated.some(matches)) return false;
  if (permitted.some(matches)) return negated.every(mayMatchAddress) ? true : null;
  return permitted.every(mayMatchAddress) ? false : null;
}
