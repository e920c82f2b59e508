import { hash } from "node:crypto";
import type { Keystore } from "#domain/keystores/keystore.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Inspection } from "#shared/contract/inspect.ts";

export type Item = Inspection["items"][number];

/** What a source turned out to hold, as it is gathered. */
export type Found = Pick<Inspection, "kind" | "items" | "malformed"> &
  Partial<Pick<Inspection, "stores" | "wantsPassword" | "isWrongPassword">>;

/** Passwords to try on what is locked, by whoever can be stopped; null: none, and nothing that costs time. */
export type Trial = { passwords: readonly string[]; triesDefaults: boolean } | null;

/** `place` begins a sentence; `within` is where in the source it stands. */
type Where = { place: string; within?: string; entry?: { store: number; entry: number } };

export const nothingYet = (): Found => ({ kind: "unknown", items: [], malformed: [] });

/** Takes a certificate up by its facts; where its bytes are none, by their hash and a sentence. */
export function addCertificate(found: Found, der: Uint8Array, { place, within = "", entry }: Where): void {
  const certificate = readCertificate(der);
  if (!certificate) {
    const sha256 = hash("sha256", der, "hex");
    found.malformed.push(`${place} is not an X.509 certificate (its SHA-256 is ${sha256})`);
    return;
  }
  const { extensions: _, ...rest } = certificate;
  found.items.push({ what: "certificate", ...rest, place: within, entry: entry ?? null });
  found.malformed.push(...certificate.malformed.map((why) => `${place}: ${why}`));
}

/** More certificates of one store than these are counted, not listed. */
const MOST_CERTIFICATES = 10_000;

type Tried = { isWrong: boolean; defaultPassword: string | null };

/** Takes a store up with its entries and their certificates. `place`: within the source, empty for all of it. */
export function addStore(found: Found, store: Keystore, place: string, tried: Tried): void {
  found.stores ??= [];
  const number = found.stores.length;
  const { format, state, protection, integrity, lock, entries } = store;
  found.stores.push({
    place,
    format,
    state,
    protection,
    integrity,
    why: lock?.why ?? null,
    isWrongPassword: tried.isWrong,
    defaultPassword: tried.defaultPassword,
    holdsSecrets: entries.some(({ what }) => what === "key" || what === "secret"),
    entries: entries.map(({ alias, what, isLocked, certificates, spkiSha256 }) => ({
      alias,
      what,
      isLocked,
      certificateCount: certificates.length,
      spkiSha256,
    })),
  });
  const prefix = place === "" ? "" : `${place}: `;
  found.malformed.push(...store.malformed.map((why) => `${prefix}${why}`));
  let left = MOST_CERTIFICATES;
  for (const [index, { alias, certificates }] of entries.entries()) {
    const name = alias === "" ? `entry ${index + 1}` : `entry ${JSON.stringify(alias)}`;
    for (const [position, der] of certificates.entries()) {
      if (left-- <= 0) return;
      const nth = certificates.length === 1 ? "the certificate" : `certificate ${position + 1}`;
      const where = { within: place, entry: { store: number, entry: index } };
      addCertificate(found, der, { place: `${prefix}${nth} of ${name}`, ...where });
    }
  }
}
