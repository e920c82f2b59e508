import {
  encodeBits,
  encodeDer,
  encodeExtension,
  encodeInteger,
  encodeNumber,
  encodeSequence,
  encodeTime,
  joinDer,
  TAG,
} from "#codec/der.ts";
import { addDays } from "#shared/model/days.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { RevocationReason } from "#shared/model/issuer.ts";
import { type Authority, algorithmOf, anHourBefore, keyIdOf, openAuthority } from "./authority.ts";

/** The numbers of RFC 5280, section 5.3.1. */
export const REASON_CODES = {
  unspecified: 0,
  "key-compromise": 1,
  superseded: 4,
  "no-longer-used": 5,
} as const satisfies Record<RevocationReason, number>;

/** `serial` in hex. */
type RevokedCertificate = { serial: string; at: Instant; reason: RevocationReason };

type Wish = { number: number; revoked: readonly RevokedCertificate[]; now: Date; days: number };

/**
 * All that an authority has revoked, as a list of version 2 with its number and until when it holds. It is written by us: the library
 * gives an entry without a reason an empty list of extensions, which RFC 5280 does not allow (0058).
 */
export async function makeRevocationList(
  { number, revoked, now, days }: Wish,
  issuer: Authority,
): Promise<Uint8Array> {
  const above = openAuthority(issuer);
  const content = encodeSequence(
    encodeNumber(1),
    algorithmOf(issuer.signer),
    above.subjectDer,
    encodeTime(anHourBefore(now)),
    encodeTime(addDays(now, days).getTime()),
    ...(revoked.length > 0 ? [joinDer(TAG.sequence, revoked.map(encodeEntry))] : []),
    encodeDer(
      0xa0,
      encodeSequence(
        encodeExtension("2.5.29.35", encodeSequence(encodeDer(0x80, keyIdOf(above.spki)))),
        encodeExtension("2.5.29.20", encodeNumber(number)),
      ),
    ),
  );
  const signature = await issuer.signer.sign(content, "der");
  return encodeSequence(content, algorithmOf(issuer.signer), encodeBits(signature));
}

/** "The reason code CRL entry extension SHOULD be absent instead of using the unspecified (0) reasonCode value." */
function encodeEntry({ serial, at, reason }: RevokedCertificate): Buffer {
  const code = REASON_CODES[reason];
  const why = encodeSequence(encodeExtension("2.5.29.21", encodeDer(0x0a, Buffer.from([code]))));
  const hex = serial.padStart(serial.length + (serial.length % 2), "0");
  return encodeDer(
    TAG.sequence,
    encodeInteger(Buffer.from(hex, "hex")),
    encodeTime(Date.parse(at)),
    ...(code === REASON_CODES.unspecified ? [] : [why]),
  );
}
