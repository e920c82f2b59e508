import { labelOf } from "#domain/x509/path/chain-reason.ts";
import type { PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { toInstant } from "#shared/model/instant.ts";
import { sayElapsed } from "#shared/text/elapsed.ts";
import type { IssuedFault } from "./issued-fault.ts";

/** A clock that a certificate will be judged by: `this computer`, `web1`. Milliseconds since 1970. */
export type Clock = { whose: string; now: number };

const MINUTE_MS = 60_000;
/** A certificate that was signed just now and is not valid yet by less than this tells of a clock, not of an issuer's wish. */
const CLOCK_MS = 26 * 60 * MINUTE_MS;
/** Clocks that are further apart are told of. */
const APART_MS = 5 * MINUTE_MS;

/** Whether a certificate is valid now, by each of the clocks. */
export function checkDates(leaf: PathCertificate, clocks: readonly Clock[]): IssuedFault[] {
  const { notBefore, notAfter } = leaf;
  const label = labelOf(leaf);
  if (notBefore === null || notAfter === null || notAfter < notBefore)
    return [
      { code: "dates-unreadable", sentence: `${label} has dates that cannot be read, or that never come` },
    ];
  return clocks.flatMap((clock): IssuedFault[] => {
    if (clock.now < notBefore)
      return [{ code: "not-yet-valid", sentence: `${label} ${sayNotYet(notBefore, clock)}` }];
    if (clock.now > notAfter)
      return [{ code: "expired", sentence: `${label} ${sayExpired(notAfter, clock)}` }];
    return [];
  });
}

function sayNotYet(notBefore: number, { whose, now }: Clock): string {
  const from = toInstant(new Date(notBefore));
  const when = sayElapsed(from, new Date(now));
  const plain = `is valid from ${from} on only, ${when === "just now" ? "in less than a minute" : when} by the clock of ${whose}`;
  if (notBefore - now > CLOCK_MS) return plain;
  return `${plain}: that clock is behind, or the issuer's is ahead; set it right and try again`;
}

const sayExpired = (notAfter: number, { whose, now }: Clock): string =>
  `expired on ${toInstant(new Date(notAfter))}, ${sayElapsed(toInstant(new Date(notAfter)), new Date(now))} by the clock of ${whose}: that clock is ahead, or this is an old certificate`;

/** Clocks that disagree, whatever the certificate: what one takes another may refuse. */
export function compareClocks([first, ...others]: readonly [Clock, ...Clock[]]): string[] {
  return others
    .filter(({ now }) => Math.abs(now - first.now) > APART_MS)
    .map(({ whose, now }) => {
      const minutes = Math.round(Math.abs(now - first.now) / MINUTE_MS);
      const far = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
      return `the clock of ${whose} is ${far} ${now < first.now ? "behind" : "ahead of"} that of ${first.whose}`;
    });
}
