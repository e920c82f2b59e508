import { hash } from "node:crypto";
import { readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import {
  commonNameOf,
  encodeDer,
  extension,
  integer,
  namedBits,
  numberOf,
  objectId,
  octets,
  sequence,
  TRUE,
  time,
} from "#codec/encode-der.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { addDays } from "#shared/model/days.ts";
import type { CertifiedName, SoundRequest } from "./check-request.ts";
import { constrainNames, type Permitted } from "./permitted-names.ts";
import { PURPOSE } from "./purposes.ts";
import { algorithmOf, type Signer, signContent } from "./signer.ts";

/** Random bytes of a serial number; the first of them is made to stand for a positive number of full length. */
export const SERIAL_BYTES = 16;

/** A certificate that signs others, and the key that belongs to it. */
export type Authority = { der: Uint8Array; signer: Signer };

const ROOT_YEARS = 10;
const INTERMEDIATE_YEARS = 5;

type OwnWish = {
  name: string;
  permitted: readonly Permitted[];
  now: Date;
  serial: Uint8Array /** DER of its key. */;
  spki: Uint8Array;
};

/** The root of a local authority: signed by itself, for the names that are permitted and for one more authority below. */
export function makeRoot(
  { name, permitted, now, serial, spki }: OwnWish,
  signer: Signer,
): Promise<Uint8Array> {
  const subject = nameOwn(name, "root", spki);
  return make({
    serial,
    issuer: subject,
    subject,
    spki,
    signer,
    notBefore: anHourBefore(now),
    notAfter: addDays(now, ROOT_YEARS * 365).getTime(),
    extensions: [
      ...authorityExtensions(1, permitted),
      // Constraints on names say nothing of mail and code: whoever has this key signs for TLS alone, too.
      FOR_TLS,
      extension(SUBJECT_KEY, octets(keyIdOf(spki))),
      extension(AUTHORITY_KEY, authorityKey(keyIdOf(spki))),
    ],
  });
}

/** What signs for servers: for TLS alone, and for no authority below. */
export function makeIntermediate(
  { name, permitted, now, serial, spki }: OwnWish,
  root: Authority,
): Promise<Uint8Array> {
  const above = openAuthority(root);
  return make({
    serial,
    spki,
    signer: root.signer,
    issuer: above.subjectDer,
    subject: nameOwn(name, "intermediate", spki),
    notBefore: anHourBefore(now),
    notAfter: Math.min(addDays(now, INTERMEDIATE_YEARS * 365).getTime(), above.notAfter),
    extensions: [
      ...authorityExtensions(0, permitted),
      FOR_TLS,
      extension(SUBJECT_KEY, octets(keyIdOf(spki))),
      extension(AUTHORITY_KEY, authorityKey(keyIdOf(above.spki))),
    ],
  });
}

type LeafWish = { request: SoundRequest; days: number; now: Date; serial: Uint8Array };

/** A certificate of a server, for what its request asks for. It never outlives its issuer. */
export function makeLeaf({ request, days, now, serial }: LeafWish, issuer: Authority): Promise<Uint8Array> {
  const above = openAuthority(issuer);
  const { names, purposes, spki, isRsa } = request;
  const first = names.find((name) => name.kind === "dns" && name.text.length <= MOST_COMMON_NAME);
  return make({
    serial,
    spki,
    signer: issuer.signer,
    issuer: above.subjectDer,
    subject: commonNameOf(first?.text ?? null),
    notBefore: Math.max(anHourBefore(now), above.notBefore),
    notAfter: Math.min(addDays(now, days).getTime(), above.notAfter),
    extensions: [
      extension("2.5.29.19", sequence(), true),
      extension("2.5.29.15", namedBits(USE.digitalSignature | (isRsa ? USE.keyEncipherment : 0)), true),
      extension(PURPOSES, sequence(...purposes.map(objectId))),
      // "If the subject field contains an empty sequence, [it] MUST [be] critical" (RFC 5280, section 4.2.1.6).
      extension("2.5.29.17", sequence(...names.map(encodeName)), first === undefined),
      extension(SUBJECT_KEY, octets(keyIdOf(spki))),
      extension(AUTHORITY_KEY, authorityKey(keyIdOf(above.spki))),
    ],
  });
}

const SUBJECT_KEY = "2.5.29.14";
export const AUTHORITY_KEY = "2.5.29.35";
const PURPOSES = "2.5.29.37";
const FOR_TLS = extension(PURPOSES, sequence(objectId(PURPOSE.server), objectId(PURPOSE.client)));
const USE = { digitalSignature: 0x80, keyEncipherment: 0x20, keyCertSign: 0x04, crlSign: 0x02 };
/** Upper bound of RFC 5280. */
const MOST_COMMON_NAME = 64;
/** What is left of a name beside the words that follow it in a common name. */
const MOST_OWN_NAME = 40;

type Parts = {
  serial: Uint8Array;
  /** DER of names. */
  issuer: Uint8Array;
  subject: Uint8Array;
  spki: Uint8Array;
  notBefore: number;
  notAfter: number;
  extensions: readonly Uint8Array[];
  signer: Signer;
};

function make({
  serial,
  issuer,
  subject,
  spki,
  notBefore,
  notAfter,
  extensions,
  signer,
}: Parts): Promise<Uint8Array> {
  const content = sequence(
    encodeDer(0xa0, numberOf(2)),
    integer(positive(serial)),
    algorithmOf(signer),
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    spki,
    encodeDer(0xa3, sequence(...extensions)),
  );
  return signContent(content, signer);
}

const positive = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, at) => (at === 0 ? (byte & 0x7f) | 0x40 : byte));

/** Clocks differ: what was signed just now is to be valid for those that are behind. */
export const anHourBefore = (now: Date): number => now.getTime() - 3_600_000;

const authorityExtensions = (pathLength: number, permitted: readonly Permitted[]): Buffer[] => [
  extension("2.5.29.19", sequence(TRUE, numberOf(pathLength)), true),
  extension("2.5.29.15", namedBits(USE.keyCertSign | USE.crlSign), true),
  extension("2.5.29.30", constrainNames(permitted), true),
];

/** Two authorities of one name are still told apart by what follows it. */
const nameOwn = (name: string, role: string, spki: Uint8Array): Buffer =>
  commonNameOf(`${name.slice(0, MOST_OWN_NAME)} ${role} ${keyIdOf(spki).toString("hex", 0, 4)}`);

export const authorityKey = (id: Uint8Array): Buffer => sequence(encodeDer(0x80, id));

/** By RFC 7093, section 2: the first 160 bits of the SHA-256 of the key's bits. */
export function keyIdOf(spki: Uint8Array): Buffer {
  const bytes = viewOf(spki);
  const outer = readElement(bytes, 0, bytes.length);
  const key = outer && readChildren(bytes, outer, 2)?.[1];
  if (key?.tag !== TAG.bitString) throw new Error("a key has its bits");
  return hash("sha256", bytes.subarray(key.content + 1, key.end), "buffer").subarray(0, 20);
}

export function openAuthority({ der }: Pick<Authority, "der">) {
  const opened = openCertificate(der);
  if (!opened || opened.notAfter === null || opened.notBefore === null)
    throw new Error("the certificate of an authority of ours cannot be read");
  return { ...opened, notBefore: opened.notBefore, notAfter: opened.notAfter };
}

const encodeName = (name: CertifiedName): Buffer =>
  name.kind === "dns"
    ? encodeDer(0x82, Buffer.from(name.text, "latin1"))
    : encodeDer(0x87, Buffer.from(name.bytes));
