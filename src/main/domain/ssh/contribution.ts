/**
 * What one decider has to say of a line. A refusal is proven: whatever else was not read, sshd does not take
 * the line. A doubt names what was not read or cannot be told.
 */
export type Contribution = {
  refusals?: string[];
  doubts?: string[];
  /** What a reader should know although it decides nothing. */
  notes?: string[];
  onlyFrom?: string[];
  read?: string[];
  notRead?: string[];
};
export type Opinion = Required<Contribution>;

export const refuse = (reason: string): Contribution => ({ refusals: [reason] });
export const doubt = (reason: string): Contribution => ({ doubts: [reason] });

export function addUp(contributions: readonly Contribution[]): Opinion {
  const opinion: Opinion = { refusals: [], doubts: [], notes: [], onlyFrom: [], read: [], notRead: [] };
  for (const contribution of contributions) {
    if (contribution.refusals) opinion.refusals.push(...contribution.refusals);
    if (contribution.doubts) opinion.doubts.push(...contribution.doubts);
    if (contribution.notes) opinion.notes.push(...contribution.notes);
    if (contribution.onlyFrom) opinion.onlyFrom.push(...contribution.onlyFrom);
    if (contribution.read) opinion.read.push(...contribution.read);
    if (contribution.notRead) opinion.notRead.push(...contribution.notRead);
  }
  return opinion;
}

/** What was proven from settings is not, as long as a part of the settings was not read. */
export function weaken(opinion: Opinion): Opinion {
  return { ...opinion, refusals: [], doubts: [...opinion.doubts, ...opinion.refusals] };
}

export function stateOf({ refusals, doubts }: Opinion): "yes" | "no" | "unknown" {
  if (refusals.length > 0) return "no";
  return doubts.length > 0 ? "unknown" : "yes";
}
