import { type HostSet, isUserName, readAddresses, readName } from "#domain/targets/host-sets.ts";
import { Refusal } from "#shared/model/refusal.ts";

/** A name or an address of one host: no range, no pattern, nothing that a program might take for an option. */
export const isOneHost = (text: string): boolean => !/[[\]/]/.test(text) && readHost(text)?.count === 1n;

/** A name in lower case, an address in its shortest form; a text that is no host stays as it is. */
export function normaliseHost(text: string): string {
  if (!isOneHost(text)) return text;
  // IPv4 addresses have one form only.
  if (!text.includes(":")) return text.toLowerCase();
  const [first = text] = readHost(text)?.list() ?? [];
  return first;
}

function readHost(text: string): HostSet | null {
  try {
    return readAddresses(text) ?? readName(text);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** From a number of 1 to 65535 or a service's name; null for other texts. */
export function readPort(text: string): number | null {
  if (text === "ssh") return 22;
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
}

/** One machine of a ProxyJump; null fields come from ssh_config. */
export type Jump = { user: string | null; host: string; port: number | null };

/** The longest route, its host included: a file with a chain of thousands would take hours to follow from each. */
export const MOST_HOPS = 65;

/** The hops of a ProxyJump in order, or what is wrong with it. */
export function readJumps(text: string): Jump[] | string {
  const words = text.split(",").map((word) => word.trim());
  if (words.length >= MOST_HOPS) return `names more than ${MOST_HOPS - 1} machines`;
  const jumps: Jump[] = [];
  for (const word of words) {
    const jump = readJump(word);
    if (typeof jump === "string") return `${jump}; write each hop as user@host:port, between commas`;
    jumps.push(jump);
  }
  return jumps;
}

function readJump(word: string): Jump | string {
  const uri = /^ssh:\/\/(.*?)\/?$/s.exec(word);
  const text = uri?.[1] ?? word;
  const at = uri ? text.indexOf("@") : text.lastIndexOf("@");
  const user = at === -1 ? null : uri ? decodeUser(text.slice(0, at)) : text.slice(0, at);
  if (user !== null && !isUserName(user)) return "has a user name that cannot be one";
  const address = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text.slice(at + 1));
  const host = address?.[1] ?? address?.[2] ?? "";
  if (!isOneHost(host)) return "names a hop that is not the name of a host";
  if (!address?.[3]) return { user, host, port: null };
  const port = readPort(address[3]);
  return port === null ? "has a port that is not one" : { user, host, port };
}

/** The user between `ssh://` and `@`, without parameters after a semicolon, which ssh ignores. */
function decodeUser(text: string): string {
  try {
    return decodeURIComponent(text.replace(/;.*$/s, ""));
  } catch {
    return "";
  }
}
