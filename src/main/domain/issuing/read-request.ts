import { type Element, printOid, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { decodePem, findPemBlocks } from "#codec/pem.ts";
import { type Extensions, noExtensions, readExtensions } from "#domain/x509/extensions.ts";
import { type PublicKey, readPublicKey } from "#domain/x509/keys.ts";
import { readName } from "#domain/x509/names.ts";
import type { Signed } from "#domain/x509/path/verify-signature.ts";

/** A certificate signing request (PKCS #10, RFC 2986) as it is written: nothing in it is verified yet. */
export type Request = {
  commonName: string | null;
  /** The DER of SubjectPublicKeyInfo. */
  spki: Uint8Array;
  key: PublicKey;
  signed: Signed;
  /** The extensions that it requests (extensionRequest, RFC 2985). */
  extensions: Extensions;
  /** Purposes that it requests, as OIDs; null: it names none. */
  purposes: readonly string[] | null;
  /** What is broken in it, each a sentence's end. */
  malformed: readonly string[];
};

/** A request of a hundred names has five kilobytes. */
export const MOST_REQUEST_BYTES = 64 * 1024;

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const PURPOSES = "2.5.29.37";
const MOST_ATTRIBUTES = 32;
const MOST_EXTENSIONS = 64;
const MOST_PURPOSES = 32;
const MOST_CHARACTERS = 1_024;

/** Reads a request from DER; null if it is none, or too large. Never throws. */
export function readRequest(der: Uint8Array): Request | null {
  if (der.length > MOST_REQUEST_BYTES) return null;
  const bytes = viewOf(der);
  const outer = readElement(bytes, 0, bytes.length);
  const [info, algorithm, signature, ...rest] =
    (outer?.tag === TAG.sequence && outer.end === bytes.length && readChildren(bytes, outer, 3)) || [];
  if (info?.tag !== TAG.sequence || !algorithm || signature?.tag !== TAG.bitString || rest.length > 0)
    return null;
  const [version, subject, spki, attributes] = readChildren(bytes, info, 4) ?? [];
  if (version?.tag !== TAG.integer || subject?.tag !== TAG.sequence || spki?.tag !== TAG.sequence)
    return null;
  const name = readName(bytes, subject, MOST_CHARACTERS);
  const key = readPublicKey(bytes, spki);
  const requested = attributes?.tag === 0xa0 ? readRequested(bytes, attributes) : NOTHING_REQUESTED;
  return {
    commonName: name.commonName,
    spki: bytes.subarray(spki.start, spki.end),
    key,
    signed: {
      content: bytes.subarray(info.start, info.end),
      algorithm: bytes.subarray(algorithm.start, algorithm.end),
      isSameAlgorithm: true,
      signature: bytes.subarray(signature.content, signature.end),
    },
    extensions: requested.extensions,
    purposes: requested.purposes,
    malformed: [
      ...(name.malformed === null ? [] : [`has a subject that ${name.malformed}`]),
      ...(key.malformed === null ? [] : [`has a key that ${key.malformed}`]),
      ...requested.malformed,
    ],
  };
}

type RequestedExtensions = Pick<Request, "extensions" | "purposes" | "malformed">;

const NOTHING_REQUESTED: RequestedExtensions = { extensions: noExtensions(), purposes: null, malformed: [] };

const broken = (what: string): RequestedExtensions => ({ ...NOTHING_REQUESTED, malformed: [what] });

function readRequested(bytes: Buffer, attributes: Element): RequestedExtensions {
  const parts = readChildren(bytes, attributes, MOST_ATTRIBUTES);
  if (!parts) return broken("has attributes that cannot be read");
  const lists = parts.flatMap((part) => {
    const [type, values] = readChildren(bytes, part, 2) ?? [];
    const isAsking =
      type?.tag === TAG.oid && printOid(bytes.subarray(type.content, type.end)) === EXTENSION_REQUEST;
    return isAsking ? [values] : [];
  });
  if (lists.length === 0) return NOTHING_REQUESTED;
  const [values, second] = lists;
  if (values?.tag !== TAG.set || second) return broken("asks for extensions that cannot be read");
  const extensions = readExtensions(bytes, values);
  const purposes = readPurposes(bytes, values);
  return {
    extensions,
    purposes: purposes === "broken" ? null : purposes,
    malformed: [
      ...extensions.malformed.map((words) => `asks for what cannot be read: ${words}`),
      ...(purposes === "broken" ? ["asks for purposes that cannot be read"] : []),
    ],
  };
}

/** The identifiers; `readExtensions` has them in words. */
function readPurposes(bytes: Buffer, values: Element): string[] | null | "broken" {
  const list = readElement(bytes, values.content, values.end);
  for (const part of (list && readChildren(bytes, list, MOST_EXTENSIONS)) ?? []) {
    const fields = readChildren(bytes, part, 3) ?? [];
    const [id] = fields;
    const value = fields.at(-1);
    if (id?.tag !== TAG.oid || printOid(bytes.subarray(id.content, id.end)) !== PURPOSES) continue;
    const content = value?.tag === TAG.octetString ? readElement(bytes, value.content, value.end) : null;
    const oids = content?.tag === TAG.sequence ? readChildren(bytes, content, MOST_PURPOSES) : null;
    if (!oids || oids.length === 0) return "broken";
    const purposes = oids.flatMap(
      ({ tag, content: from, end }) => (tag === TAG.oid && printOid(bytes.subarray(from, end))) || [],
    );
    return purposes.length === oids.length ? purposes : "broken";
  }
  return null;
}

const LABELS = new Set(["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"]);

/** The one request (DER) of a file of PEM or DER; null if there is none, or several. */
export function readRequestFile(bytes: Uint8Array): Uint8Array | null {
  const view = viewOf(bytes);
  if (!view.includes("-----BEGIN ")) return readRequest(bytes) ? bytes : null;
  const [block, second] = findPemBlocks(view.toString("latin1")).filter(({ label }) => LABELS.has(label));
  const der = block && !second && block.problem === null ? decodePem(block.lines) : null;
  return der && readRequest(der) ? der : null;
}
