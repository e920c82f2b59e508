import type { BroughtHome, ChainHome } from "./brought-home.ts";

/**
 * What a visit brought home, ready to go to another thread: bytes that are part of something larger would take all of
 * that along, and so are copied; the stream itself is handed over as it is.
 */
export function packHome(home: BroughtHome): { home: BroughtHome; handOver: ArrayBuffer[] } {
  switch (home.kind) {
    case "chain":
      return { home: packChain(home), handOver: [] };
    case "stream": {
      const stream = whole(home.reading.stream);
      const { hostKey } = home.reading;
      const shown = hostKey && { ...hostKey, blob: alone(hostKey.blob) };
      const reading = { ...home.reading, stream, hostKey: shown };
      return { home: { ...home, reading }, handOver: [stream.buffer] };
    }
    case "met": {
      const { visit } = home;
      if (!("hostKey" in visit) || !visit.hostKey) return { home, handOver: [] };
      const hostKey = { ...visit.hostKey, blob: alone(visit.hostKey.blob) };
      return { home: { ...home, visit: { ...visit, hostKey } }, handOver: [] };
    }
  }
}

function packChain(home: ChainHome): ChainHome {
  const { staple, timestamps, authorities } = home.wire;
  return {
    ...home,
    chain: home.chain.map(alone),
    others: home.others.map((chain) => chain.map(alone)),
    wire: {
      staple: staple && alone(staple),
      timestamps: timestamps && alone(timestamps),
      authorities: authorities?.map(alone) ?? null,
    },
    addresses: home.addresses?.map((one) => ({ ...one, chain: one.chain.map(alone) })) ?? null,
  };
}

const alone = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/** The bytes with memory of their own and nothing else in it. */
function whole(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isAlone ? new Uint8Array(buffer) : alone(bytes);
}
