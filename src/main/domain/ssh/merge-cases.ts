import { type Opinion, stateOf } from "./contribution.ts";
import type { Match } from "./sshd-config.ts";

/** An opinion that holds when one Match block does, which depends on the connection. */
export type CaseOpinion = { match: Match; isByAddress: boolean; opinion: Opinion };

const EVERYWHERE = new Set(["*", "0.0.0.0/0", "::/0"]);

/**
 * One opinion out of the plain one and those for each Match block that may hold. A line that works from somewhere is
 * a yes with its `onlyFrom`; where more than addresses decides, it is unknown.
 */
export function mergeCases(plain: Opinion, cases: readonly CaseOpinion[]): Opinion {
  const state = stateOf(plain);
  const differing = cases.filter(({ opinion }) => stateOf(opinion) !== state);
  const [only] = differing;
  if (!only || state === "unknown") return plain;
  const isClear = differing.length === 1 && only.isByAddress && stateOf(only.opinion) !== "unknown";
  const place = `${only.match.text} (${only.match.place})`;
  if (isClear && state === "no") {
    return { ...only.opinion, onlyFrom: [...only.opinion.onlyFrom, `where ${place} matches`] };
  }
  if (isClear && !matchesEverywhere(only.match)) {
    return { ...plain, onlyFrom: [...plain.onlyFrom, `not where ${place} matches`] };
  }
  const doubts = differing.map(({ match }) => `it depends on ${match.text} (${match.place})`);
  return { ...plain, refusals: [], doubts: [...doubts, ...plain.doubts, ...plain.refusals] };
}

const matchesEverywhere = ({ criteria }: Match): boolean =>
  criteria.some(
    ({ name, argument }) => name === "address" && argument.split(",").some((item) => EVERYWHERE.has(item)),
  );
