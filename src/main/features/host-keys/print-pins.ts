import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { nameInKnownHosts } from "#domain/ssh/known-hosts.ts";

type Pin = { host: string; port: number; blob: Uint8Array };
type Address = { host: string; port: number };

/** A name that a line can begin with: nothing that parts names or lines, and nothing that would mean more than itself. */
const PLAIN_NAME = /^[^\s,*?!|@#[\]\p{C}][^\s,*?!|[\]\p{C}]*$/u;

/** The pins as known_hosts has them: what a pin was made for must not come to mean anything else there. */
export function printPins(pins: readonly Pin[], knownAs: (pin: Address) => Address) {
  const lines: string[] = [];
  const leftOut: string[] = [];
  for (const { host, port, blob } of pins) {
    const key = readKeyBlob(blob);
    const known = knownAs({ host, port });
    if (!PLAIN_NAME.test(known.host)) leftOut.push(`${host} port ${port}: no line can hold its name`);
    else if (!key) leftOut.push(`${host} port ${port}: the key in its pin cannot be read`);
    else
      lines.push(
        `${nameInKnownHosts(known.host, known.port)} ${key.keyType} ${Buffer.from(blob).toString("base64")}`,
      );
  }
  const unique = [...new Set(lines)];
  return { text: unique.map((line) => `${line}\n`).join(""), count: unique.length, leftOut };
}
