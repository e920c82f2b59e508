import type { Effective } from "#shared/model/verdict.ts";
import { dormantBy, type Opinion, sayRefusals, stateOf } from "./contribution.ts";

/** An opinion as the verdict that is kept and shown. */
export function sayEffective(opinion: Opinion): Effective {
  const state = stateOf(opinion);
  const reasons = [...sayRefusals(opinion), ...opinion.doubts, ...opinion.notes];
  return {
    state,
    reasons: reasons.length > 0 ? reasons : ["nothing that sshd consults refuses it"],
    coverage: { read: opinion.read, notRead: opinion.notRead },
    onlyFrom: state === "no" ? [] : opinion.onlyFrom,
    gives: state === "no" ? [] : [...new Set(opinion.gives)],
    dormant: dormantBy(opinion),
  };
}
