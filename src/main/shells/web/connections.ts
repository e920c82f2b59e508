/**
 * How many connections there may be. Every user of this computer can open some and send nothing on them. If there are
 * too many, those that have verified no session are closed: first those of other users, the oldest of the user who has
 * most, and those of our own user last. A connection that has verified a session is never closed in favour of another.
 */

import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { endianness } from "node:os";

/** A browser needs less than ten to load a page and to open its socket. */
const MOST_UNVERIFIED = 64;
/**
 * How many connections are held until the kernel has said whose the newest are; more are closed at once. One program
 * can usually open 1,024 at a time, and again as soon as they are closed.
 */
const MOST_AT_ONCE = 3_000;

/** A user by number; `unknown`: the kernel does not know; `unknown-yet`: the kernel was not asked yet. */
type User = number | "unknown" | "unknown-yet";

export type Connections = ReturnType<typeof createConnections>;

/** Our own user, and who is at the other ends of a port; by default as the kernel says. */
type ConnectionDeps = { ourUser?: number | null; readUsers?: (port: number) => Promise<Users> };

/**
 * `port`: of a loopback address, whose users can be looked up; null for a Unix socket, which one user alone can reach.
 */
export function createConnections(
  port: number | null,
  { ourUser = process.getuid?.() ?? null, readUsers = readPeers }: ConnectionDeps = {},
) {
  /** In the order in which they came. */
  const unverified = new Map<Socket, User>();
  let isThinning = false;

  async function thin(): Promise<void> {
    if (isThinning) return;
    isThinning = true;
    while (unverified.size > MOST_UNVERIFIED) {
      await identify();
      for (const socket of chooseLost()) {
        unverified.delete(socket);
        socket.destroy();
      }
    }
    isThinning = false;
  }

  /** A connection that comes while the kernel is asked is identified the next time. */
  async function identify(): Promise<void> {
    const sockets = [...unverified.keys()];
    const users = port === null ? new Map<string, number>() : await readUsers(port);
    for (const socket of sockets)
      if (unverified.has(socket)) unverified.set(socket, users.get(addressOf(socket)) ?? "unknown");
  }

  /**
   * The connections to close: other users' first, the oldest of the user who has most; then those of unknown users;
   * then our own. Those that came while the kernel was asked do not count yet: otherwise our own would be closed for
   * connections that others have just opened.
   */
  function chooseLost(): Socket[] {
    const byUser = Map.groupBy(unverified.keys(), (socket) => unverified.get(socket) ?? "unknown-yet");
    const count = Math.max(0, unverified.size - (byUser.get("unknown-yet")?.length ?? 0) - MOST_UNVERIFIED);
    const take = (user: User | null) => (user === null ? undefined : byUser.get(user)?.shift());
    const others = [...byUser].filter(([user]) => typeof user === "number" && user !== ourUser);
    const takeFromMost = () => others.toSorted(([, a], [, b]) => b.length - a.length)[0]?.[1].shift();
    const lost = Array.from({ length: count }, () => takeFromMost() ?? take("unknown") ?? take(ourUser));
    return lost.filter((socket) => socket !== undefined);
  }

  return {
    /** Accepts a connection, and closes others if there are too many. */
    admit(socket: Socket): void {
      if (unverified.size >= MOST_AT_ONCE) return void socket.destroy();
      unverified.set(socket, "unknown-yet");
      socket.once("close", () => unverified.delete(socket));
      if (unverified.size > MOST_UNVERIFIED) void thin();
    },

    /** The connection has verified a session, and does not count any more. */
    markVerified(socket: Socket): void {
      unverified.delete(socket);
    },

    /** The user at its other end, as text; the same text for all unknown users. */
    async describePeer(socket: Socket): Promise<string> {
      if (port === null) return "the proxy";
      const user = (await readUsers(port)).get(addressOf(socket));
      return user === undefined ? "a user who is not known" : `user ${user}`;
    },
  };
}

/**
 * Which user of this computer is at the other end of a connection to a loopback port, where the kernel says so (Linux).
 * Elsewhere, and for a connection whose other end is gone already, it is unknown.
 */

/** The user that opened the other end of a socket, by `addressOf` it. */
type Users = ReadonlyMap<string, number>;

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** Reads who is connected to a port; empty if there is no such table. */
async function readPeers(port: number): Promise<Users> {
  const users = new Map<string, number>();
  if (process.platform !== "linux") return users;
  const to = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of TABLES) {
    const text = await readFile(table, "latin1").catch(() => "");
    for (const line of text.split("\n")) {
      if (!line.includes(to)) continue;
      const [, local = "", remote = "", , , , , uid, , inode] = line.trim().split(/\s+/);
      // A closed socket has no inode, and no user either: the kernel says 0.
      if (remote.endsWith(to) && inode !== "0") users.set(toAddress(local), Number(uid));
    }
  }
  return users;
}

/** The other end of a connection as the tables have it: an address in bytes, and a port. */
const addressOf = ({
  remoteAddress = "",
  remotePort = 0,
}: Pick<Socket, "remoteAddress" | "remotePort">): string =>
  `${remoteAddress.replace(/^::ffff:/i, "")} ${remotePort}`;

/** Reads `0100007F:1F90`, whose groups of four bytes are in this processor's order, as Node writes address and port. */
function toAddress(entry: string): string {
  const [address = "", port = ""] = entry.split(":");
  const words = address.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => {
    const inOrder = Buffer.from(word, "hex");
    return [...(endianness() === "LE" ? inOrder.reverse() : inOrder)];
  });
  const plain = bytes.length === 4 ? bytes : bytes.slice(-4);
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (bytes.length === 4 || isMapped) return `${plain.join(".")} ${Number.parseInt(port, 16)}`;
  const isLoopback = bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1;
  return `${isLoopback ? "::1" : address} ${Number.parseInt(port, 16)}`;
}
