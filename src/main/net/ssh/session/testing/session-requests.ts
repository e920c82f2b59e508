import { createHash } from "node:crypto";
import type { WriteRequest } from "#net/ssh/session/host-files.ts";

export const hashOf = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

export const TOKEN = "run00000001";

/** A request to insert a line at that byte of a file, with the resulting file. */
export function insertLine(
  path: string,
  before: Uint8Array,
  { at, line, id = "f0" }: { at: number; line: string; id?: string },
): WriteRequest & { after: Buffer } {
  const inserted = Buffer.from(line);
  const after = Buffer.concat([before.subarray(0, at), inserted, before.subarray(at)]);
  return {
    path,
    id,
    token: TOKEN,
    before: hashOf(before),
    expected: [hashOf(before)],
    newHash: hashOf(after),
    splices: [{ at, removed: 0, inserted }],
    after,
  };
}

export const beginOn = (path: string, token = TOKEN) => ({
  path,
  token,
  who: "jo@desk",
  leaseSeconds: 900,
});
