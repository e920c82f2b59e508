import { spend } from "#domain/work-budget.ts";
import type { Turn } from "./connection-cases.ts";
import { formatRefusals, type Opinion, stateOf } from "./contribution.ts";

/** An opinion on the case that Match blocks, which depend on the connection, turn out otherwise. */
export type CaseOpinion = { turns: readonly Turn[]; isByConnection: boolean; opinion: Opinion };

/**
 * One opinion out of the plain one, for a login from elsewhere, and those for each way in which Match blocks may turn
 * out otherwise. A line that works from somewhere is a yes with its `onlyFrom`; where more than the connection
 * decides, it is unknown.
 */
export function mergeCases(plain: Opinion, cases: readonly CaseOpinion[]): Opinion {
  const state = stateOf(plain);
  const differing = cases.filter(({ opinion }) => stateOf(opinion) !== state);
  if (state === "unknown") return plain;
  const unsure = differing.filter(({ isByConnection }) => !isByConnection);
  if (unsure.length > 0) return leaveOpen(plain, unsure);
  if (state === "yes") return limitYes(plain, cases, differing);
  if (differing.length === 0) return plain;
  const opening = simplest(differing.filter(({ opinion }) => stateOf(opinion) === "yes"));
  const [first] = opening;
  if (!first) return leaveOpen(plain, differing);
  const wheres = opening.map(({ turns }) => formatWhere(turns, { isHere: true }));
  return { ...first.opinion, onlyFrom: [...first.opinion.onlyFrom, ...wheres] };
}

/** Where a yes ends, and where it gives more than elsewhere. */
function limitYes(plain: Opinion, cases: readonly CaseOpinion[], differing: readonly CaseOpinion[]): Opinion {
  const wheres = simplest(differing).map(({ turns }) => formatWhere(turns, { isHere: false }));
  const giving = cases.filter((one) => !differing.includes(one) && giftsBeyond(plain, one).length > 0);
  const more = simplest(giving).map(
    (one) => `it gives ${giftsBeyond(plain, one).join(" and ")} ${formatWhere(one.turns, { isHere: true })}`,
  );
  return { ...plain, onlyFrom: [...plain.onlyFrom, ...wheres], notes: [...more, ...plain.notes] };
}

const giftsBeyond = ({ gives }: Opinion, { opinion }: CaseOpinion): string[] =>
  [...new Set(opinion.gives)].filter((gift) => !gives.includes(gift));

/** Without those that say what another says already with fewer blocks. */
const simplest = (cases: readonly CaseOpinion[]): CaseOpinion[] =>
  cases.filter(
    ({ turns }) =>
      !cases.some(
        (other) =>
          paying(turns.length) &&
          other.turns.length < turns.length &&
          other.turns.every(({ match }) => turns.some((turn) => turn.match === match)),
      ),
  );

function leaveOpen(plain: Opinion, differing: readonly CaseOpinion[]): Opinion {
  const blocks = differing.flatMap(({ turns }) => turns.map(({ match }) => match));
  const doubts = [...new Set(blocks)].map(({ text, place }) => `it depends on ${text} (${place})`);
  return { ...plain, refusals: [], doubts: [...doubts, ...plain.doubts, ...formatRefusals(plain)] };
}

/** `isHere`: the line works where the blocks turn out so, otherwise it works everywhere else. */
function formatWhere(turns: readonly Turn[], { isHere }: { isHere: boolean }): string {
  const [first, ...more] = turns.map(({ match, holds }) => ({
    text: `${match.text} holds (${match.place})`,
    holds,
  }));
  if (!first) return "";
  if (more.length === 0) return `${first.holds === isHere ? "where" : "not where"} ${first.text}`;
  const all = [first, ...more].map(({ text, holds }) =>
    holds ? text : text.replace(" holds (", " does not hold ("),
  );
  return `${isHere ? "where" : "not where"} ${all.join(" and ")}`;
}

/** Blocks of one case are looked for among those of another one. */
function paying(turns: number): true {
  spend(1 + turns);
  return true;
}
