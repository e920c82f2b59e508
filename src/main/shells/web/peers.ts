/**
 * Which user of this computer is at the other end of a connection to a loopback port, where the kernel says so (Linux).
 * Elsewhere, and of a connection whose other end is gone already, nobody knows.
 */
import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { endianness } from "node:os";

/** By `placeOf` a socket, the user that opened its other end. */
type Users = ReadonlyMap<string, number>;

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];

/** Reads who is connected to a port; nobody where there is no such table. */
export async function readPeers(port: number): Promise<Users> {
  const users = new Map<string, number>();
  if (process.platform !== "linux") return users;
  const to = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of TABLES) {
    const text = await readFile(table, "latin1").catch(() => "");
    for (const line of text.split("\n")) {
      if (!line.includes(to)) continue;
      const [, local = "", remote = "", , , , , uid, , inode] = line.trim().split(/\s+/);
      // A socket that was given up has no inode, and no user either: the kernel says 0.
      if (remote.endsWith(to) && inode !== "0") users.set(toPlace(local), Number(uid));
    }
  }
  return users;
}

/** The other end of a connection as the tables have it: an address in bytes, and a port. */
export const placeOf = ({
  remoteAddress = "",
  remotePort = 0,
}: Pick<Socket, "remoteAddress" | "remotePort">): string =>
  `${remoteAddress.replace(/^::ffff:/i, "")} ${remotePort}`;

/** `0100007F:1F90`, four bytes at a time in the order of this processor, as Node writes an address and a port. */
function toPlace(entry: string): string {
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
