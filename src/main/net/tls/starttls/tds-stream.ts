import { Duplex } from "node:stream";
import { TDS_HEADER_SIZE, TDS_PRELOGIN, TDS_RESPONSE, wrapInTds } from "./mssql.ts";

/** The stream inside: what is written travels in packets of TDS, and what comes in them is read. */
export function openTdsStream(stream: Duplex): Duplex {
  const unwrap = createUnwrapper();
  const inside = new Duplex({
    read: () => void stream.resume(),
    write: (piece: Uint8Array, _encoding, done) => {
      if (stream.destroyed) done();
      else stream.write(wrapInTds(piece), () => done());
    },
    destroy: (error, done) => {
      stream.destroy();
      done(error);
    },
  });
  stream.on("data", (piece: Buffer) => {
    for (const part of unwrap(piece)) if (!inside.push(part)) stream.pause();
  });
  stream.on("end", () => inside.push(null));
  stream.on("error", (error) => inside.destroy(error));
  stream.on("close", () => inside.destroy());
  inside.on("error", () => undefined);
  inside.pause();
  return inside;
}

/** Takes the content out of packets as they come. From where no packet begins, all is handed on as it came. */
export function createUnwrapper(): (piece: Buffer) => Buffer[] {
  let pending: Buffer = Buffer.alloc(0);
  let left = 0;
  let isBroken = false;

  return (piece) => {
    pending = Buffer.concat([pending, piece]);
    const parts: Buffer[] = [];
    while (pending.length > 0) {
      if (left === 0 && !isBroken && !beginPacket()) break;
      const part = isBroken ? pending : pending.subarray(0, left);
      pending = pending.subarray(part.length);
      left = isBroken ? 0 : left - part.length;
      if (part.length > 0) parts.push(part);
    }
    return parts;
  };

  /** Whether a packet could be begun, or nothing is one any more; otherwise more must be heard. */
  function beginPacket(): boolean {
    isBroken = pending[0] !== TDS_PRELOGIN && pending[0] !== TDS_RESPONSE;
    if (isBroken) return true;
    if (pending.length < TDS_HEADER_SIZE) return false;
    const size = pending.readUInt16BE(2);
    isBroken = size < TDS_HEADER_SIZE;
    if (isBroken) return true;
    left = size - TDS_HEADER_SIZE;
    pending = pending.subarray(TDS_HEADER_SIZE);
    return true;
  }
}
