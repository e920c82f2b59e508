import type { Said } from "#domain/rotation/plan/certificates/renewal-facts.ts";
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

type Means = {
  issuers: readonly Issuer[];
  askWindow: AskWindow;
  seenOf: Store["runbooks"]["certificates"]["seenOf"];
  /** What is due in any case. */
  due: ReadonlySet<string>;
  now: Instant;
  signal: AbortSignal;
};

/** Asks each ACME directory about what runs had of it. One that cannot be asked changes nothing, and that is said. */
export async function askWindows(means: Means): Promise<Early> {
  const acme = means.issuers.filter(({ kind }) => kind === "acme");
  const asked = await Promise.all(acme.map((issuer) => askOne(means, issuer)));
  return {
    certificates: asked.flatMap(({ certificates }) => certificates),
    said: asked.flatMap(({ said }) => said),
  };
}

async function askOne({ askWindow, seenOf, due, now, signal }: Means, { id, name }: Issuer): Promise<Early> {
  const open = seenOf(id).filter((sha256) => !due.has(sha256));
  const certificates: string[] = [];
  const said: Said[] = [];
  const warn = (text: string) => said.push({ state: "warning", id: "window", text });
  for (const sha256 of open.slice(0, MOST_ASKED)) {
    signal.throwIfAborted();
    const window = await askWindow(name, sha256);
    if (window.kind === "unasked") {
      // It would say so of each, and each time after as long.
      warn(`${name} could not be asked when it wants its certificates renewed: ${window.message}`);
      break;
    }
    if (window.from === null) break;
    if (window.from <= now) certificates.push(sha256);
  }
  if (open.length > MOST_ASKED)
    warn(`${name} was asked about ${MOST_ASKED} of ${open.length} certificates: those that end first`);
  if (certificates.length > 0) {
    const text = `${name} wants ${sayCount(certificates.length, "certificate")} renewed already`;
    said.push({ state: "ok", id: "window", text });
  }
  return { certificates, said };
}
