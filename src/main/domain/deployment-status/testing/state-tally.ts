import type { ServedVerdict } from "#domain/deployment-status/evaluate-served.ts";

/** Compares the states that are evaluated of handshakes with what is true of them. */

/**
 * `sights`: handshakes that showed a certificate; each has one state. `lost`: handshakes of which we only say that the
 * file which is meant to be served there is gone, destroyed or of another key, which is a finding of its own.
 */
export type StateCachedCount = {
  sights: number;
  states: Map<string, number>;
  lost: number;
  /** Why a state could not be determined, without file names, and how often. */
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

/** `problems`: paths of certificates that keep their server from starting and from reloading. */
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

/** The truth about a handshake. */
type SightTruth = {
  /** The server presents the same certificate after a fresh start. */
  isSame: boolean;
  /** A file still holds it: a file that was deleted from a folder is no longer configured. */
  isHeld: boolean;
  /** Paths of files that no longer hold a certificate, so that the server cannot start with them. */
  empty: ReadonlySet<string>;
  /** Paths of files that by now hold a later certificate for the same names. */
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
