import { connect } from "node:net";
import { createServer } from "node:tls";
import fc from "fast-check";
import { expect, test } from "vitest";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen } from "#testing/servers.ts";
import { writeHello } from "./hello.ts";
import { createKeyShare, deriveServerSecret } from "./record-protection.ts";
import { type ServerFlight, ServerFlightReader } from "./server-flight-reader.ts";

const leaf = await makeCertificate({ names: ["a.example"] });
const share = createKeyShare();

/** A first flight as a real server sent it, with a function that reads it again. */
async function recordFlight(maxVersion: "TLSv1.2" | "TLSv1.3") {
  await using server = await listen(createServer({ cert: leaf.pem, key: leaf.keyPem, maxVersion }));
  const hello = writeHello("a.example", share.publicKey, ["h2"]);
  const read = () =>
    new ServerFlightReader({
      mostBytes: 64 * 1024,
      followsRetry: false,
      requestsTimestamps: true,
      secretOf: ({ suite, share: theirs }, message) =>
        theirs && deriveServerSecret(share, { suite, key: theirs.key }, [hello.message, message]),
    });
  const reader = read();
  const pieces: Buffer[] = [];
  const socket = connect(server.endpoint);
  socket.write(hello.record);
  for await (const piece of socket) {
    pieces.push(piece);
    if (reader.take(piece)) break;
  }
  return { flight: Buffer.concat(pieces), read };
}

const flights = [await recordFlight("TLSv1.2"), await recordFlight("TLSv1.3")] as const;

const readAll = (reader: ServerFlightReader, pieces: readonly Uint8Array[]): ServerFlight | null => {
  for (const piece of pieces) {
    const flight = reader.take(piece);
    if (flight) return flight;
  }
  return reader.end();
};

test.for(flights)("a flight reads the same wherever it is cut", ({ flight, read }) => {
  const cuts = fc.array(fc.nat(flight.length), { maxLength: 40 });
  fc.assert(
    fc.property(cuts, (places) => {
      const ends = [...places.sort((a, b) => a - b), flight.length];
      const pieces = ends.map((end, index) => flight.subarray(ends[index - 1] ?? 0, end));
      expect(readAll(read(), pieces)).toMatchObject({ kind: "presented", chain: [Buffer.from(leaf.der)] });
    }),
  );
});

test.for(flights)(
  "a flight with any bytes changed is read, or is something else, and never throws",
  ({ flight, read }) => {
    const edits = fc.array(fc.tuple(fc.nat(flight.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    const kinds = new Set<string>();
    fc.assert(
      fc.property(edits, fc.nat(flight.length), (changes, end) => {
        const changed = Buffer.from(flight);
        for (const [at, value] of changes) changed[at] = value;
        kinds.add(readAll(read(), [changed.subarray(0, end), changed.subarray(end)])?.kind ?? "nothing");
      }),
      { numRuns: 1_000 },
    );
    expect([...kinds].every((kind) => /^(presented|alert|not-tls|flooded|odd|nothing)$/.test(kind))).toBe(
      true,
    );
  },
);

test("no bytes at all make the reader throw", () => {
  const record = fc
    .tuple(fc.integer({ min: 20, max: 23 }), fc.uint8Array({ maxLength: 200 }))
    .map(([type, body]) => Buffer.from([type, 3, 3, body.length >> 8, body.length & 255, ...body]));
  fc.assert(
    fc.property(fc.array(fc.oneof(record, fc.uint8Array({ maxLength: 20 }))), (pieces) => {
      for (const { read } of flights) readAll(read(), pieces);
    }),
    { numRuns: 1_000 },
  );
});

test("what a reader may hold is bounded", () => {
  const [{ read }] = flights;
  const empty = Buffer.from([22, 3, 3, 0, 0]);
  expect(readAll(read(), Array(20_000).fill(empty))).toEqual({ kind: "flooded" });
  const hugeMessage = Buffer.from([22, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff]);
  expect(readAll(read(), [hugeMessage])).toEqual({ kind: "flooded" });
});

test("a server name stands in the hello, and none for an address", () => {
  const named = writeHello("a.example", share.publicKey, []).record;
  const nameless = writeHello(null, share.publicKey, []).record;
  expect(named.includes("a.example")).toBe(true);
  expect(named.length - nameless.length).toBe("a.example".length + 9);
  expect(named.readUInt16BE(3)).toBe(named.length - 5);
});

test("both sides come to the same secret, and a share of zeros to none", () => {
  const transcript = [Buffer.from("transcript")];
  const theirs = createKeyShare();
  const ours = deriveServerSecret(share, { suite: 0x1302, key: theirs.publicKey }, transcript);
  expect(ours).toEqual(deriveServerSecret(theirs, { suite: 0x1302, key: share.publicKey }, transcript));
  expect(ours).toHaveLength(48);
  expect(deriveServerSecret(share, { suite: 0x1301, key: Buffer.alloc(32) }, transcript)).toBeNull();
  expect(deriveServerSecret(share, { suite: 0xc02f, key: theirs.publicKey }, transcript)).toBeNull();
});
