import type { Owner, Use } from "#shared/model/verdict.ts";

const NOTHING = { reasons: [], coverage: { read: [], notRead: [] } };

/** One host alone does not tell who owns a key: that is judged over all hosts, this computer and the rosters. */
export const UNJUDGED_OWNER: Owner = {
  state: "unknown",
  who: null,
  isMatched: false,
  managedBy: null,
  ...NOTHING,
};

/** Nor does one reading of its logs tell whether it is used: that is judged with what earlier ones saw. */
export const UNJUDGED_USE: Use = {
  state: "unknown",
  at: null,
  from: null,
  count: 0,
  evidence: null,
  ...NOTHING,
};
