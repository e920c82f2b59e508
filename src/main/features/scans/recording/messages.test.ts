import { expect, test } from "vitest";
import { ScanId } from "#shared/model/hosts/scan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatFault } from "#shared/text/fault.ts";
import { type ProbeResult, reviveError, serializeError, toTransferable } from "./messages.ts";

const common = { scanId: ScanId.parse(1), at: "2026-06-01T00:00:00Z", tookMs: 1 };
const HOST = { ...common, target: { kind: "ssh" as const, host: "web1", port: 22, user: "root" } };
const ENDPOINT = {
  ...common,
  target: { kind: "tls" as const, host: "shop", port: 443, serverName: null, protocol: "tls" as const },
};

/** Three bytes in the middle of a thousand: as a key in a packet, or a certificate in a record. */
const partOf = (fill: number) => new Uint8Array(1_000).fill(fill).subarray(500, 503);

function cross(result: ProbeResult): ProbeResult {
  const { result: packed, transfer } = toTransferable(result);
  return structuredClone(packed, { transfer });
}

const streamHome = (stream: Uint8Array): ProbeResult => ({
  kind: "stream",
  identity: HOST,
  nonce: "n",
  lost: null,
  reading: {
    state: "ok",
    outcome: "collected",
    message: "",
    ending: null,
    stream,
    hostKey: { keyType: "ssh-ed25519", fingerprint: "SHA256:x", blob: partOf(7) },
  },
});

test("of a certificate or a key only its own bytes go over, and not what they are part of", () => {
  const said = { outcome: "presented" as const, message: "", address: "192.0.2.1" };
  const result = cross({
    kind: "chain",
    identity: ENDPOINT,
    chain: [partOf(1), partOf(2)],
    facts: {},
    capabilities: null,
    others: [],
    wire: { staple: partOf(3), timestamps: partOf(4), authorities: [partOf(5)] },
    addresses: [{ ...said, chain: [partOf(6)] }],
  });
  const three = (fill: number) => new Uint8Array(3).fill(fill);
  expect(result).toEqual({
    kind: "chain",
    identity: ENDPOINT,
    facts: {},
    capabilities: null,
    others: [],
    chain: [three(1), three(2)],
    wire: { staple: three(3), timestamps: three(4), authorities: [three(5)] },
    addresses: [{ ...said, chain: [three(6)] }],
  });
  const { chain, wire, addresses } = result as Extract<ProbeResult, { kind: "chain" }>;
  const parts = [...chain, wire.staple, wire.timestamps, wire.authorities?.[0], addresses?.[0]?.chain[0]];
  expect(parts.map((part) => part?.buffer.byteLength)).toEqual([3, 3, 3, 3, 3, 3]);
  const { reading } = cross(streamHome(new Uint8Array(1))) as Extract<ProbeResult, { kind: "stream" }>;
  expect(reading.hostKey?.blob.buffer.byteLength).toBe(3);
});

test("a stream that has its memory to itself is handed over and not copied", () => {
  const stream = new Uint8Array([1, 2, 3]);
  expect(cross(streamHome(stream))).toMatchObject({ reading: { stream: new Uint8Array([1, 2, 3]) } });
  expect(stream.length).toBe(0);
});

test("a stream that shares its memory is copied, and what it shares it with stays", () => {
  const packet = new Uint8Array([0, 1, 2, 3, 0]);
  expect(cross(streamHome(packet.subarray(1, 4)))).toMatchObject({
    reading: { stream: new Uint8Array([1, 2, 3]) },
  });
  expect(packet.length).toBe(5);
});

const carry = (error: unknown): Error => reviveError(structuredClone(serializeError(error)));

test("a refusal is a refusal on the other side, with its code, its sentence and its cause", () => {
  const full = new Refusal("unusable", "the disk is full", { cause: new RangeError("too far") });
  const carried = carry(full);
  expect(carried).toBeInstanceOf(Refusal);
  expect(carried).toMatchObject({ code: "unusable", message: "the disk is full" });
  expect(carried.cause).toMatchObject({ name: "RangeError", message: "too far" });
});

test("the log says the same of a fault on either side", () => {
  const fault = Object.assign(new TypeError("what was read"), { code: "ERR_INVALID_ARG_TYPE" });
  expect(formatFault(carry(fault))).toBe(formatFault(fault));
  expect(formatFault(fault)).toContain("TypeError ERR_INVALID_ARG_TYPE\n    at ");
});

test("what was thrown and is no error is told as that", () => {
  expect(carry("a word").message).toBe("a string was thrown that is no error");
});
