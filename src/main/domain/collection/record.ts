import type { RawRecord } from "./frame.ts";

/** A record with its attributes and its payload decoded. */
export type Record = {
  kind: string;
  /** The value of an attribute as text; null if the record has none of that name. */
  say(name: string): string | null;
  /** All values of an attribute, in their order. */
  sayAll(name: string): string[];
  /** All attributes in their order. */
  attributes: [name: string, value: string][];
  /** The attribute's exact bytes, undone of its plain, %xx, hex or base64 form. */
  bytes: Uint8Array;
  encoding: string;
};

export function decodeRecord({ kind, encoding, attributes, payload }: RawRecord): Record {
  const decoded = attributes.map(([name, value]): [string, string] => [name, nameOf(decodeToken(value))]);
  const sayAll = (name: string) => decoded.filter(([found]) => found === name).map(([, value]) => value);
  return {
    kind,
    encoding,
    attributes: decoded,
    sayAll,
    say: (name) => sayAll(name)[0] ?? null,
    bytes: decodePayload(payload, encoding),
  };
}

/** A payload of lines, each split at its colons: names as text. */
export function readTable(bytes: Uint8Array): string[][] {
  const text = Buffer.from(bytes).toString("latin1");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.split(":").map((field) => nameOf(Buffer.from(field, "latin1"))));
}

/** A payload of lines, each split at its tabs: names as text. */
export function readTabbed(bytes: Uint8Array): string[][] {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  return lines.map((line) => line.split("\t").map((field) => nameOf(Buffer.from(field, "latin1"))));
}

/**
 * A name from a host as text. UTF-8 stands as it is; in anything else each byte above 0x7f is written \xNN and a
 * backslash twice, so that two different names stay different.
 */
export function nameOf(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (Buffer.from(text, "utf8").equals(bytes)) return text;
  return bytes
    .toString("latin1")
    .replaceAll("\\", "\\\\")
    .replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

function decodeToken(token: string): Buffer {
  const plain = token.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, "latin1");
}

function decodePayload(payload: Uint8Array, encoding: string): Uint8Array {
  const text = Buffer.from(payload).toString("latin1");
  if (encoding === "b64") return new Uint8Array(Buffer.from(text, "base64"));
  if (encoding === "hex") return new Uint8Array(Buffer.from(text.replace(/\s+/g, ""), "hex"));
  return payload;
}
