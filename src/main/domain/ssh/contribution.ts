import { spend } from "#domain/work-budget.ts";
import type { Gift } from "#shared/model/verdict.ts";

/** Why sshd does not take a line, for certain. */
export type Refusal = {
  reason: string;
  /** The setting that decides it, with its place, where nothing of the line itself does; null for the line. */
  setting: string | null;
};

/**
 * What one decider has to say of a line. A refusal is proven: whatever else was not read, sshd does not take
 * the line. A doubt names what was not read or cannot be told.
 */
export type Contribution = {
  refusals?: Refusal[];
  doubts?: string[];
  /** What a reader should know although it decides nothing. */
  notes?: string[];
  onlyFrom?: string[];
  /** What whoever is let in gets. */
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

/** What was proven from settings is not, as long as a part of the settings was not read. */
export function weaken(opinion: Opinion): Opinion {
  return { ...opinion, refusals: [], doubts: [...opinion.doubts, ...formatRefusals(opinion)] };
}

export const formatRefusals = ({ refusals }: Opinion): string[] => refusals.map(({ reason }) => reason);

export function stateOf({ refusals, doubts }: Opinion): "yes" | "no" | "unknown" {
  if (refusals.length > 0) return "no";
  return doubts.length > 0 ? "unknown" : "yes";
}

/** The one setting without which a line that is a no would be a yes; null where there is none. */
export function dormantBy({ refusals, doubts }: Opinion): string | null {
  const [first] = refusals;
  if (!first?.setting || doubts.length > 0) return null;
  return refusals.every(({ setting }) => setting === first.setting) ? first.setting : null;
}
