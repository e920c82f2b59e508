import { closeSync, openSync, readSync } from "node:fs";

const PIECE = 4_096;

/** Asked of the kernel, for a connection may be a fault to a server. */
export function isListening(address: string, ports: readonly number[]): boolean {
  const table = readListening("/proc/net/tcp");
  return ports.every((port) => table.includes(toSocketLine(address, port)));
}

/** `socket`: the number by which processes have it open. Of IPv6 those at every address and at loopback. */
export type ListeningSocket = { address: string; port: number; socket: string };

export function listListening(): ListeningSocket[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((path) =>
    readListening(path)
      .split("\n")
      .flatMap((line) => {
        const [, own = "", , state, , , , , , socket = ""] = line.trim().split(/\s+/);
        const [hex = "", port = ""] = own.split(":");
        const address = ADDRESSES[hex] ?? (hex.length === 8 ? toIpv4(hex) : null);
        return state === "0A" && address !== null
          ? [{ address, port: Number.parseInt(port, 16), socket }]
          : [];
      }),
  );
}

const ADDRESSES: { [hex: string]: string } = {
  "00000000000000000000000000000000": "::",
  "00000000000000000000000001000000": "::1",
};

const toIpv4 = (hex: string): string => [...Buffer.from(hex, "hex")].reverse().join(".");

/**
 * The sockets that listen come first in the table: to have all that follow them, those of closed connections among them, takes the
 * kernel some hundreds of times as long.
 */
function readListening(path: string): string {
  const table = openSync(path, "r");
  try {
    const piece = Buffer.alloc(PIECE);
    let read = "";
    for (let isOver = false; !isOver; ) {
      const text = piece.toString("latin1", 0, readSync(table, piece));
      read += text;
      isOver = text === "" || text.split("\n").some((line) => /^ *\d+: \S+ \S+ (?!0A)[\dA-F]{2} /.test(line));
    }
    return read;
  } finally {
    closeSync(table);
  }
}

/** As /proc/net/tcp has a socket that listens: address and port in hexadecimal, the address backwards. */
function toSocketLine(address: string, port: number): string {
  const hex = Buffer.from(address.split(".").map(Number).reverse()).toString("hex").toUpperCase();
  return `${hex}:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
}
