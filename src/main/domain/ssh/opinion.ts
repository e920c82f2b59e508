import { spend } from "#domain/work-budget.ts";
import type { Gift } from "#shared/model/access/verdict.ts";
import type { Turn } from "./sshd-match.ts";

/** Why sshd certainly does not accept a line. */
type Refusal = {
  reason: string;
  /** The setting that decides it, with its file and line; null where the line itself decides. */
  setting: string | null;
};

/**
 * What one decider says about a line. A refusal is certain: whatever else was not read, sshd does not accept
 * the line. A doubt names what was not read or cannot be known.
 */
export type Contribution = {
  refusals?: Refusal[];
  doubts?: string[];
  /** What the user should know although it decides nothing. */
  notes?: string[];
  onlyFrom?: string[];
  /** What a login gets. */
  gives?: Gift[];
  read?: string[];
  notRead?: string[];
};
export type Opinion = Required<Contribution>;

export const refuse = (reason: string, setting: string | null = null): Contribution => ({
  refusals: [{ reason, setting }],
});
export const doubt = (reason: string): Contribution => ({ doubts: [reason] });

export function addUp(contributions: readonly Contribution[]): Opinion {
  const opinion: Opinion = {
    refusals: [],
    doubts: [],
    notes: [],
    onlyFrom: [],
    gives: [],
    read: [],
    notRead: [],
  };
  for (const contribution of contributions) {
    spend(1 + lengthOf(contribution));
    for (const one of contribution.refusals ?? []) opinion.refusals.push(one);
    for (const one of contribution.doubts ?? []) opinion.doubts.push(one);
    for (const one of contribution.notes ?? []) opinion.notes.push(one);
    for (const one of contribution.onlyFrom ?? []) opinion.onlyFrom.push(one);
    for (const one of contribution.gives ?? []) opinion.gives.push(one);
    for (const one of contribution.read ?? []) opinion.read.push(one);
    for (const one of contribution.notRead ?? []) opinion.notRead.push(one);
  }
  return opinion;
}

const lengthOf = ({ doubts, notes, onlyFrom, read }: Contribution): number =>
  [doubts, notes, onlyFrom, read].reduce((sum, said) => sum + (said?.length ?? 0), 0);

/** Turns refusals into doubts: settings prove nothing as long as a part of them was not read. */
export function weaken(opinion: Opinion): Opinion {
  return { ...opinion, refusals: [], doubts: [...opinion.doubts, ...formatRefusals(opinion)] };
}

export const formatRefusals = ({ refusals }: Opinion): string[] => refusals.map(({ reason }) => reason);

export function stateOf({ refusals, doubts }: Opinion): "yes" | "no" | "unknown" {
  if (refusals.length > 0) return "no";
  return doubts.length > 0 ? "unknown" : "yes";
}

/** The one setting without which a "no" would be a "yes"; null where there is none. */
export function dormantBy({ refusals, doubts }: Opinion): string | null {
  const [first] = refusals;
  if (!first?.setting || doubts.length > 0) return null;
  return refusals.every(({ setting }) => setting === first.setting) ? first.setting : null;
}

/** The opinion for one case of Match blocks (casesByConnection). */
type CaseOpinion = { outcomes: readonly Turn[]; isByConnection: boolean; opinion: Opinion };

/**
 * Merges the plain opinion, for a login from elsewhere, with the opinions for the other cases of Match blocks. A line
 * that works from some addresses is a "yes" with its `onlyFrom`; where more than the connection decides, it is unknown.
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
  const wheres = opening.map(({ outcomes }) => formatWhere(outcomes, { isHere: true }));
  return { ...first.opinion, onlyFrom: [...first.opinion.onlyFrom, ...wheres] };
}

/** Adds where a "yes" does not hold, and where it gives more than elsewhere. */
function limitYes(plain: Opinion, cases: readonly CaseOpinion[], differing: readonly CaseOpinion[]): Opinion {
  const wheres = simplest(differing).map(({ outcomes }) => formatWhere(outcomes, { isHere: false }));
  const giving = cases.filter((one) => !differing.includes(one) && giftsBeyond(plain, one).length > 0);
  const more = simplest(giving).map(
    (one) =>
      `it gives ${giftsBeyond(plain, one).join(" and ")} ${formatWhere(one.outcomes, { isHere: true })}`,
  );
  return { ...plain, onlyFrom: [...plain.onlyFrom, ...wheres], notes: [...more, ...plain.notes] };
}

const giftsBeyond = ({ gives }: Opinion, { opinion }: CaseOpinion): string[] =>
  [...new Set(opinion.gives)].filter((gift) => !gives.includes(gift));

/** Without cases whose blocks include all blocks of a shorter case. */
const simplest = (cases: readonly CaseOpinion[]): CaseOpinion[] =>
  cases.filter(
    ({ outcomes }) =>
      !cases.some(
        (other) =>
          paying(outcomes.length) &&
          other.outcomes.length < outcomes.length &&
          other.outcomes.every(({ match }) => outcomes.some((turn) => turn.match === match)),
      ),
  );

function leaveOpen(plain: Opinion, differing: readonly CaseOpinion[]): Opinion {
  const blocks = differing.flatMap(({ outcomes }) => outcomes.map(({ match }) => match));
  const doubts = [...new Set(blocks)].map(({ text, location }) => `it depends on ${text} (${location})`);
  return { ...plain, refusals: [], doubts: [...doubts, ...plain.doubts, ...formatRefusals(plain)] };
}

/** `isHere`: the line works where the blocks have these outcomes; otherwise it works everywhere else. */
function formatWhere(outcomes: readonly Turn[], { isHere }: { isHere: boolean }): string {
  const [first, ...more] = outcomes.map(({ match, holds }) => ({
    text: `${match.text} holds (${match.location})`,
    holds,
  }));
  if (!first) return "";
  if (more.length === 0) return `${first.holds === isHere ? "where" : "not where"} ${first.text}`;
  const all = [first, ...more].map(({ text, holds }) =>
    holds ? text : text.replace(" holds (", " does not hold ("),
  );
  return `${isHere ? "where" : "not where"} ${all.join(" and ")}`;
}

/** What it costs to find the blocks of one case among those of another. */
function paying(outcomes: number): true {
  spend(1 + outcomes);
  return true;
}

/** The opinion for one of several daemons; `name` is the command line that started it. */
type DaemonOpinion = { name: string; opinion: Opinion };

/** A line works when any of the daemons accepts it; where they differ, a note names those that do. */
export function mergeDaemons(opinions: readonly DaemonOpinion[]): Opinion {
  const [first, ...others] = opinions;
  if (!first) throw new Error("no daemon was asked");
  const of = (state: ReturnType<typeof stateOf>) =>
    opinions.filter(({ opinion }) => stateOf(opinion) === state);
  const [yes, unknown] = [of("yes"), of("unknown")];
  const taking = yes.length > 0 ? yes : unknown;
  const best = widest(taking);
  if (best && taking.length === opinions.length) return best;
  if (best) {
    const said = `of ${opinions.length} sshd, ${taking.length === 1 ? "only one" : taking.length} ${yes.length > 0 ? "take" : "may take"}${taking.length === 1 ? "s" : ""} it: ${formatNames(taking)}`;
    return { ...best, notes: [said, ...best.notes] };
  }
  // The line is dormant if it is dormant for any one daemon.
  const dormant = opinions.find(({ opinion }) => dormantBy(opinion) !== null) ?? first;
  const rest = [first, ...others].filter((one) => one !== dormant);
  const notes = rest.flatMap(({ name, opinion }) =>
    opinion.refusals.slice(0, 1).map(({ reason }) => `${name}: ${reason}`),
  );
  return { ...dormant.opinion, notes: [...dormant.opinion.notes, ...notes] };
}

/** The client may choose the daemon: the least limited opinion counts, with what any of the daemons gives. */
function widest(taking: readonly DaemonOpinion[]): Opinion | null {
  const best = taking.find(({ opinion }) => opinion.onlyFrom.length === 0) ?? taking[0];
  if (!best) return null;
  const { opinion } = best;
  const wheres = taking.map(({ name, opinion: { onlyFrom } }) => ({ name, where: onlyFrom.join(" and ") }));
  const isBoundAlike = wheres.every(({ where }) => where === opinion.onlyFrom.join(" and "));
  const isBound = opinion.onlyFrom.length > 0 && !isBoundAlike;
  const more = taking.flatMap(({ name, opinion: { gives } }) => {
    const gifts = gives.filter((gift) => !opinion.gives.includes(gift));
    return gifts.length > 0 ? [{ gifts, note: `${name} gives ${gifts.join(" and ")}, too` }] : [];
  });
  return {
    ...opinion,
    onlyFrom: isBound
      ? [wheres.map(({ name, where }) => `${where} by ${name}`).join(", or ")]
      : opinion.onlyFrom,
    gives: [...opinion.gives, ...more.flatMap(({ gifts }) => gifts)],
    notes: [...more.map(({ note }) => note), ...opinion.notes],
  };
}

const formatNames = (opinions: readonly DaemonOpinion[]): string =>
  opinions.map(({ name }) => name).join("; ");
