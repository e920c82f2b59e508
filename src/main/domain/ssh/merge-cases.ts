import { type Opinion, stateOf } from "./contribution.ts";
import type { Match } from "./sshd-config.ts";

/** An opinion on the case that one Match block, which depends on the connection, turns out otherwise. */
export type CaseOpinion = { match: Match; holds: boolean; isByAddress: boolean; opinion: Opinion };

/**
 * One opinion out of the plain one, for a login from elsewhere, and those for each Match block that may turn out
 * otherwise. A line that works from somewhere is a yes with its `onlyFrom`; where more than addresses decides, it
 * is unknown.
 */
export function mergeCases(plain: Opinion, cases: readonly CaseOpinion[]): Opinion {
  const state = stateOf(plain);
  const differing = cases.filter(({ opinion }) => stateOf(opinion) !== state);
  const [only] = differing;
  if (!only || state === "unknown") return plain;
  const isClear = differing.length === 1 && only.isByAddress && stateOf(only.opinion) !== "unknown";
  if (isClear && state === "no") {
    return { ...only.opinion, onlyFrom: [...only.opinion.onlyFrom, sayWhere(only.match, only.holds)] };
  }
  if (isClear) return { ...plain, onlyFrom: [...plain.onlyFrom, sayWhere(only.match, !only.holds)] };
  const doubts = differing.map(({ match }) => `it depends on ${match.text} (${match.place})`);
  return { ...plain, refusals: [], doubts: [...doubts, ...plain.doubts, ...plain.refusals] };
}

const sayWhere = ({ text, place }: Match, holds: boolean): string =>
  `${holds ? "where" : "not where"} ${text} holds (${place})`;
