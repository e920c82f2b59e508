import { isUserName } from "#domain/targets/user-name.ts";
import { isOneHost, readPort } from "./host-words.ts";

/** One machine of a ProxyJump; what it does not say, ssh_config says of that machine. */
export type Jump = { user: string | null; host: string; port: number | null };

/** The machines of one way, its host among them: a file of thousands in a row would take hours to follow from each. */
export const MOST_HOPS = 65;

/** The hops of a ProxyJump, the first to be passed first, or what is wrong with it. */
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
  const place = /^(?:\[([^[\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text.slice(at + 1));
  const host = place?.[1] ?? place?.[2] ?? "";
  if (!isOneHost(host)) return "names a hop that is not the name of a host";
  if (!place?.[3]) return { user, host, port: null };
  const port = readPort(place[3]);
  return port === null ? "has a port that is not one" : { user, host, port };
}

/** Between `ssh://` and `@`: the user, and maybe parameters after a semicolon, which ssh passes over. */
function decodeUser(text: string): string {
  try {
    return decodeURIComponent(text.replace(/;.*$/s, ""));
  } catch {
    return "";
  }
}
