import { lookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Networks to which strangers may not make us connect, and why. */
const REFUSED = [
  { networks: ["0.0.0.0/8", "127.0.0.0/8", "::/127"], why: "it leads to this computer itself" },
  {
    networks: ["169.254.0.0/16", "fe80::/10"],
    why: "it leads to what is on one link alone, as a cloud's metadata are",
  },
  // Clouds serve credentials at these addresses, though they are not link-local.
  {
    networks: [
      "100.100.100.200/32",
      "168.63.129.16/32",
      "192.0.0.192/32",
      "fd00:ec2::254/128",
      "fd20:ce::254/128",
    ],
    why: "a cloud serves its metadata there",
  },
  { networks: ["224.0.0.0/3", "ff00::/8"], why: "it is no address of one machine" },
].map(({ networks, why }) => ({ why, list: toList(networks) }));

function toList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

/**
 * Why we do not connect to an address on a stranger's request; null if we may. Private networks are allowed, because a
 * company's authorities publish their lists there.
 */
export function whyRefused(address: string): string | null {
  const plain = address.replace(/%.*$/, "");
  const embedded = isIP(plain) === 6 ? embeddedIn(plain) : [];
  for (const one of [plain, ...embedded]) {
    const family = isIP(one) === 6 ? "ipv6" : "ipv4";
    const found = REFUSED.find(({ list }) => list.check(one, family));
    if (found) return found.why;
  }
  return null;
}

/** IPv4 addresses inside an IPv6 address: mapped, compatible, behind a translator (RFC 6052), and 6to4. */
function embeddedIn(address: string): string[] {
  const groups = groupsOf(address);
  const at = (index: number) => formatIpv4(groups[index] ?? 0, groups[index + 1] ?? 0);
  const [first = 0, second] = groups;
  if (first === 0x2002) return [at(1)];
  if (first === 0x64 && second === 0xff9b) return [at(6)];
  const isLow = groups.slice(0, 5).every((group) => group === 0);
  return isLow && (groups[5] === 0xffff || groups[5] === 0) ? [at(6)] : [];
}

const formatIpv4 = (high: number, low: number): string =>
  [high >> 8, high & 255, low >> 8, low & 255].join(".");

/** The eight numbers of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [a = 0, b = 0, c = 0, d = 0] = (dotted ?? []).slice(2).map(Number);
  const text = dotted ? `${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}` : address;
  const [before = "", after] = text.split("::");
  const read = (part: string) =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  if (after === undefined) return read(before);
  const [head, tail] = [read(before), read(after)];
  return [...head, ...Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail];
}

/** An address that only strangers name, to which we do not connect; the message says why. */
export class RefusedAddress extends Error {
  override name = "RefusedAddress";
}

const refusal = (host: string, why: string): RefusedAddress =>
  new RefusedAddress(`${host} is not gone to: ${why}`);

/** Whether the user has named the host of a URL: what the user names may be anywhere. */
export const isNamed = (url: URL, named: readonly string[]): boolean =>
  named.some((one) => URL.parse(`http://${one}/`)?.hostname === url.hostname || hostOf(url) === one);

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");

/**
 * Resolves a name for one connection, and returns only allowed addresses. The connection uses the very addresses that
 * were checked, so that a second answer of a name server cannot lead it elsewhere.
 */
export const lookupOutside: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, "");
    const allowed = addresses.filter(({ address }) => whyRefused(address) === null);
    const [first] = allowed;
    const [refused] = addresses;
    const why = refused ? whyRefused(refused.address) : "it has no address";
    if (!first) return callback(refusal(hostname, why ?? ""), "");
    if (options.all) return callback(null, allowed);
    return callback(null, first.address, first.family);
  });
};

/** Why we do not connect to a URL whose host is an address; null for a name, which is checked once it is resolved. */
export function whyRefusedHost(url: URL): string | null {
  const host = hostOf(url);
  const why = isIP(host) === 0 ? null : whyRefused(host);
  return why === null ? null : refusal(host, why).message;
}
