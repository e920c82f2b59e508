import type { Said } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import { onAbort } from "#net/on-abort.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { sayCount } from "#shared/text/count.ts";
import type { Store } from "#store/store.ts";

/** When an issuer wants a certificate of its own to be renewed. `from` null: it does not say. */
export type AskWindow = (
  issuer: string,
  sha256: string,
) => Promise<{ kind: "said"; from: Instant | null } | { kind: "unasked"; message: string }>;

/** What is due before it is past two thirds of its life. */
export type Early = { certificates: string[]; said: Said[] };

export const NOT_ASKED: Early = { certificates: [], said: [] };

/** So many are asked about for one plan: a directory answers one after the other. */
export const MOST_ASKED = 200;

/** For all that one directory is asked. */
const BUDGET_MS = 60_000;

/** One that tells nothing may not know that certificate; two are not asked any more. */
const SILENT_IN_A_ROW = 2;

type Means = {
  issuers: readonly Issuer[];
  askWindow: AskWindow;
  seenOf: Store["runbooks"]["certificates"]["seenOf"];
  /** What is due in any case. */
  due: ReadonlySet<string>;
  now: Instant;
  signal: AbortSignal;
  budgetMs?: number;
};

/** Asks each ACME directory about what runs had of it. One that cannot be asked, or is slow, changes nothing, and that is said. */
export async function askWindows(means: Means): Promise<Early> {
  const acme = means.issuers.filter(({ kind }) => kind === "acme");
  const asked = await Promise.all(acme.map((issuer) => askOne(means, issuer)));
  return {
    certificates: asked.flatMap(({ certificates }) => certificates),
    said: asked.flatMap(({ said }) => said),
  };
}

async function askOne(
  { askWindow, seenOf, due, now, signal, budgetMs = BUDGET_MS }: Means,
  { id, name }: Issuer,
): Promise<Early> {
  const open = seenOf(id).filter((sha256) => !due.has(sha256));
  const over = AbortSignal.timeout(budgetMs);
  const certificates: string[] = [];
  const said: Said[] = [];
  const warn = (text: string) => said.push({ state: "warning", id: "window", text });
  let inARow = 0;
  for (const [nth, sha256] of open.slice(0, MOST_ASKED).entries()) {
    signal.throwIfAborted();
    const window = await unlessOver(askWindow(name, sha256), signal, over);
    if (window === "over") {
      warn(`${name} is slow: it was asked about ${nth} of ${open.length} certificates: those that end first`);
      break;
    }
    const from = window.kind === "said" ? window.from : null;
    if (from !== null && from <= now) certificates.push(sha256);
    if (window.kind === "unasked")
      warn(`${name} could not be asked when it wants ${sha256.slice(0, 12)}... renewed: ${window.message}`);
    inARow = from === null ? inARow + 1 : 0;
    // It would say so of each, and each time after as long.
    if (inARow >= SILENT_IN_A_ROW) break;
  }
  if (open.length > MOST_ASKED)
    warn(`${name} was asked about ${MOST_ASKED} of ${open.length} certificates: those that end first`);
  if (certificates.length > 0) {
    const text = `${name} wants ${sayCount(certificates.length, "certificate")} renewed already`;
    said.push({ state: "ok", id: "window", text });
  }
  return { certificates, said };
}

/** Rejects only when `signal` says stop: what was asked is not waited for then. */
async function unlessOver<Answer>(
  asked: Promise<Answer>,
  signal: AbortSignal,
  over: AbortSignal,
): Promise<Answer | "over"> {
  const { promise, resolve, reject } = Promise.withResolvers<"over">();
  const forget = [onAbort(signal, () => reject(signal.reason)), onAbort(over, () => resolve("over"))];
  if (over.aborted) resolve("over");
  try {
    return await Promise.race([promise, asked]);
  } finally {
    for (const one of forget) one();
  }
}
