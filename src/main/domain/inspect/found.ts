import { hash } from "node:crypto";
import { readEnvelope } from "#domain/keystores/envelopes.ts";
import type { Keystore } from "#domain/keystores/keystore.ts";
import {
  DEFAULT_PASSWORDS,
  findDefaultPassword,
  openKeystore,
  readKeystore,
} from "#domain/keystores/read-keystore.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Inspection } from "#shared/contract/inspect.ts";

export type Item = Inspection["items"][number];

/** What a source contains, while it is gathered. */
export type Found = {
  kind: Inspection["kind"];
  items: Item[];
  malformed: string[];
  stores?: Inspection["stores"];
  wantsPassword?: Inspection["wantsPassword"];
  isWrongPassword?: Inspection["isWrongPassword"];
};

/**
 * Passwords to try on what is locked, only where that can be stopped; null: try none, and do nothing that costs time.
 */
export type Trial = { passwords: readonly string[]; triesDefaults: boolean } | null;

/** `location` begins a sentence; `within` is the position in the source. */
type Where = { location: string; within?: string; entry?: { store: number; entry: number } };

export const nothingYet = (): Found => ({ kind: "unknown", items: [], malformed: [] });

/** Adds a certificate by its facts; if its bytes are none, by their hash and a sentence. */
export function addCertificate(found: Found, der: Uint8Array, { location, within = "", entry }: Where): void {
  const certificate = readCertificate(der);
  if (!certificate) {
    const sha256 = hash("sha256", der, "hex");
    found.malformed.push(`${location} is not an X.509 certificate (its SHA-256 is ${sha256})`);
    return;
  }
  const { extensions: _, ...rest } = certificate;
  found.items.push({ what: "certificate", ...rest, location: within, entry: entry ?? null });
  found.malformed.push(...certificate.malformed.map((why) => `${location}: ${why}`));
}

/** Certificates of one store beyond these are counted, not listed. */
const MOST_CERTIFICATES = 10_000;

type Attempt = { isWrong: boolean; defaultPassword: string | null };

/** Adds a store with its entries and their certificates. `location`: within the source, empty for all of it. */
function addStore(found: Found, store: Keystore, location: string, tried: Attempt): void {
  found.stores ??= [];
  const number = found.stores.length;
  const { format, state, protection, integrity, lock, entries } = store;
  found.stores.push({
    location,
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
  const prefix = location === "" ? "" : `${location}: `;
  found.malformed.push(...store.malformed.map((why) => `${prefix}${why}`));
  let left = MOST_CERTIFICATES;
  for (const [index, { alias, certificates }] of entries.entries()) {
    const name = alias === "" ? `entry ${index + 1}` : `entry ${JSON.stringify(alias)}`;
    for (const [position, der] of certificates.entries()) {
      if (left-- <= 0) return;
      const nth = certificates.length === 1 ? "the certificate" : `certificate ${position + 1}`;
      const where = { within: location, entry: { store: number, entry: index } };
      addCertificate(found, der, { location: `${prefix}${nth} of ${name}`, ...where });
    }
  }
}

/**
 * Adds a keystore, opened if one of the passwords opens it; false if the bytes are none. `location`: its position
 * within the source, empty if it is the source.
 */
export function takeStore(found: Found, bytes: Buffer, location: string, trial: Trial): boolean {
  const store = readKeystore(bytes);
  if (!store) return false;
  if (found.kind === "unknown") found.kind = store.format === "PKCS#7" ? "certificates" : "keystore";
  const { shown, isWrong, defaultPassword } = tryAll(bytes, store, trial);
  addStore(found, shown, location, { isWrong, defaultPassword });
  if (shown.lock?.canBeOpened) {
    const hides = shown.state === "locked" || shown.format === "PKCS#12";
    if (hides && shown.state !== "open") found.wantsPassword = "to-open";
    else found.wantsPassword ??= "to-check";
  }
  found.isWrongPassword = (found.isWrongPassword ?? false) || isWrong;
  return true;
}

type OpeningAttempt = { shown: Keystore; isWrong: boolean; defaultPassword: string | null };

/** Default passwords are tried first; a typed password may be one of them. */
function tryAll(bytes: Buffer, store: Keystore, trial: Trial): OpeningAttempt {
  const untried = { shown: store, isWrong: false, defaultPassword: null };
  if (!trial || !store.lock?.canBeOpened) return untried;
  const known = trial.triesDefaults ? findDefaultPassword(bytes) : null;
  if (known) return { shown: known.store, isWrong: false, defaultPassword: known.password };
  for (const password of trial.passwords) {
    const opened = openKeystore(bytes, password);
    const isDefault = (DEFAULT_PASSWORDS as readonly string[]).includes(password);
    if (opened?.kind === "opened")
      return { shown: opened.store, isWrong: false, defaultPassword: isDefault ? password : null };
  }
  return { ...untried, isWrong: trial.passwords.length > 0 };
}

/**
 * Adds the certificates of other structures that contain some: a cross-certificate pair, an OCSP response; names one
 * that has none.
 */
export function takeEnvelope(found: Found, bytes: Buffer, location: string): boolean {
  const envelope = readEnvelope(bytes);
  if (!envelope) return false;
  const { certificates, words } = envelope;
  for (const [index, der] of certificates.entries())
    addCertificate(found, der, { location: `certificate ${index + 1} of ${location || words}` });
  if (found.kind === "unknown") found.kind = certificates.length > 0 ? "certificates" : "other";
  if (certificates.length === 0)
    found.malformed.push(`${location || "this"} is ${words}, of which nothing is shown yet`);
  return true;
}
