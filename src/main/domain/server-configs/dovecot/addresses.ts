import ipaddr from "ipaddr.js";

export const splitNames = (values: readonly string[]): string[] =>
  values
    .flatMap((value) => value.split(/[ \t,]+/))
    .map((value) => value.replace(/^\[(.*)\]$/, "$1").toLowerCase());

/** `192.0.2.0/24`, `2001:db8::/32`. */
export const isNetwork = (block: string): boolean => readNetwork(block) !== null;

/** An address as every other way to write it; null for a name. */
export const readAddress = (text: string): string | null =>
  text.length <= MOST_CHARACTERS && (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text))
    ? ipaddr.process(text).toString()
    : null;

/** Whether a block for an address or a network is for this address, which is as `readAddress` gives it. */
export function isWithin(address: string, block: string): boolean {
  const network = readNetwork(block);
  if (!network) return readAddress(block) === address;
  const own = ipaddr.parse(address);
  return own.kind() === network.address.kind() && own.match(network.address, network.bits);
}

const MOST_CHARACTERS = 64;

function readNetwork(block: string): { address: ipaddr.IPv4 | ipaddr.IPv6; bits: number } | null {
  const [, written = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(block) ?? [];
  const address = readAddress(written);
  if (address === null) return null;
  const read = ipaddr.parse(address);
  return Number(bits) <= (read.kind() === "ipv4" ? 32 : 128) ? { address: read, bits: Number(bits) } : null;
}
