import type { Effective } from "#shared/model/verdict.ts";
import { dormantBy, formatRefusals, type Opinion, stateOf } from "./contribution.ts";

/** An opinion as the verdict that is kept and shown. */
export function formatEffective(opinion: Opinion): Effective {
  const state = stateOf(opinion);
  const reasons = [...formatRefusals(opinion), ...opinion.doubts, ...opinion.notes];
  return {
    state,
    reasons: reasons.length > 0 ? reasons : ["nothing that sshd consults refuses it"],
    coverage: { read: opinion.read, notRead: opinion.notRead },
    onlyFrom: state === "no" ? [] : opinion.onlyFrom,
    gives: state === "no" ? [] : [...new Set(opinion.gives)],
    dormant: dormantBy(opinion),
  };
}
