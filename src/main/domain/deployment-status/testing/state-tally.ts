import type { ServedVerdict } from "#domain/deployment-status/evaluate-served.ts";

/** What is evaluated of handshakes, laid beside what is true of them. */

/**
 * `sights`: handshakes that showed a certificate; of each there is one state. `lost`: of how many no more is said than that the file
 * which is to be served there is gone, destroyed or of another key, which is a finding of its own.
 */
export type StateCachedCount = {
  sights: number;
  states: Map<string, number>;
  lost: number;
  /** Why it could not be told, without the names of files, and how often. */
  reasons: Map<string, number>;
};

export const createStateCachedCount = (): StateCachedCount => ({
  sights: 0,
  states: new Map(),
  lost: 0,
  reasons: new Map(),
});

export const countUnknown = ({ states, lost }: StateCachedCount): number =>
  (states.get("unknown") ?? 0) - lost;

/** `problems`: paths of certificates with which their server can neither start nor reload. */
export function countState(
  tally: StateCachedCount,
  found: ServedVerdict | null,
  problems: ReadonlySet<string>,
): void {
  tally.sights++;
  const state = found?.state ?? "nothing";
  tally.states.set(state, (tally.states.get(state) ?? 0) + 1);
  if (found?.state !== "unknown") return;
  if (found.deployments.some(({ certificate }) => problems.has(certificate.path))) {
    tally.lost++;
    return;
  }
  const why = found.evidence.join("; ").replaceAll(/\/\S+/g, "FILE");
  tally.reasons.set(why, (tally.reasons.get(why) ?? 0) + 1);
}

/** What is true of a handshake. */
type SightTruth = {
  /** The server shows the same when it begins anew. */
  isSame: boolean;
  /** A file has it still, for what is deleted from a folder is configured no more. */
  isHeld: boolean;
  /** Paths of files that hold no certificate any more, so that the server cannot begin with them. */
  empty: ReadonlySet<string>;
  /** Paths of files that hold a later certificate for the same names by now. */
  renewed: ReadonlySet<string>;
};

/** Why a state is false; null: it is not. */
export function whyFalse(
  { state, deployments }: ServedVerdict,
  { isSame, isHeld, empty, renewed }: SightTruth,
): string | null {
  const isEmpty = deployments.some(({ certificate }) => empty.has(certificate.path));
  switch (state) {
    case "agrees":
      return isEmpty ? "its file holds none" : isSame ? null : "another one is configured";
    case "unknown":
      return null;
    case "not-reloaded":
      if (!deployments.every(({ certificate }) => renewed.has(certificate.path))) return "it was not renewed";
      return isEmpty ? "a reload would fail" : isSame ? "a reload changes nothing" : null;
    case "differs":
    case "other-listed":
      return isSame && isHeld && !isEmpty ? "it is the one that is configured" : null;
    case "other-process":
      return "it is that very server";
  }
}
