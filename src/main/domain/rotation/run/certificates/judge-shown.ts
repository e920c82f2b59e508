import { readPem } from "#codec/pem.ts";
import { labelOf } from "#domain/x509/path/chain-reason.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";

/** What has to be seen at a place. */
export type Wanted = {
  /** Any of these, by their SHA-256; null: what was shown there before is not known, and anything will do. */
  leaves: readonly string[] | null;
  /** All of these, anywhere behind the leaf. */
  intermediates: readonly { sha256: string; name: string }[];
};

/** The new certificate as a run has it: the SHA-256, and the PEM of its chain; null where there is none yet. */
type Fresh = { sha256: string | null; chain: string | null };

/**
 * Going on it is the new certificate, with what leads from it to its root. A server that had not been reloaded reads the old
 * files when it is told to go back: what they hold is as right as what it showed, and which intermediates it sent is not
 * known.
 */
export function wantedAt(
  { before }: { before: string | null },
  which: "new" | "old",
  { fresh, old }: { fresh: Fresh; old: string },
): Wanted {
  if (which === "old") return { leaves: before === null ? null : [before, old], intermediates: [] };
  return {
    leaves: fresh.sha256 === null ? [] : [fresh.sha256],
    intermediates: intermediatesOf(fresh.chain),
  };
}

function intermediatesOf(chain: string | null): Wanted["intermediates"] {
  const [, ...ders] = chain === null ? [] : readPem(Buffer.from(chain)).ders;
  return ders.flatMap((der) => {
    const opened = openCertificate(der);
    return opened ? [{ sha256: opened.sha256, name: labelOf(opened) }] : [];
  });
}

type Shown = {
  chain: readonly string[];
  message: string;
  isLeafAlone?: boolean;
  isRefused?: boolean;
  /** How the server ended the connection without a word: values that are equal are the same way. */
  closedBy?: string;
};

/**
 * Whether waiting can prove nothing any more: where a certificate was shown before, the server refuses the handshake by an alert, so
 * it has read the new files and cannot use them with its settings. One that has not read them yet shows the one before; one that
 * restarts takes no connection, or closes it.
 */
export const isUnusable = (before: string | null, { isRefused = false }: Shown): boolean =>
  before !== null && isRefused;

/** So many looks one after the other, each with a longer pause before it: two seconds in all. */
export const LOOKS_CLOSED = 4;

/**
 * Whether a server that was told of new files and goes on listening has shown by now that it cannot use them: it takes each connection
 * and ends it in the handshake, without an alert, at as many looks as this and in the same way. A single one may be an old process
 * that ends.
 */
export const closesForGood = (before: string | null, looks: readonly Shown[]): boolean =>
  before !== null &&
  looks.length >= LOOKS_CLOSED &&
  looks
    .slice(-LOOKS_CLOSED)
    .every(({ closedBy }) => closedBy !== undefined && closedBy === looks.at(-1)?.closedBy);

/**
 * Why what is shown proves nothing, as a phrase; null: it is what is wanted. `before`: what was shown there when it was planned.
 * Of the leaf alone it is not asked what was sent behind it: what could not be read may be there.
 */
export function evaluateShown(
  before: string | null,
  { leaves, intermediates }: Wanted,
  { chain: [leaf, ...others], message, isLeafAlone = false }: Shown,
): string | null {
  if (leaf === undefined) return message;
  if (leaves !== null && !leaves.includes(leaf))
    return `serves ${leaf.slice(0, 12)}..., which is ${leaf === before ? "the one before" : "neither the one before nor the new one"}`;
  if (isLeafAlone) return null;
  const missing = intermediates.filter(({ sha256 }) => !others.includes(sha256));
  if (missing.length === 0) return null;
  return `serves the new one without what leads to its root: ${missing.map(({ name }) => name).join(", ")}`;
}
