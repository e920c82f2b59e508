import type { Collection } from "#domain/collection/collection.ts";
import type { Owner, Use } from "#shared/model/verdict.ts";
import type { PublicKey } from "./key-blob.ts";

/** One host alone does not tell who owns a key: that is judged over all hosts, this computer and the rosters. */
export const UNJUDGED_OWNER: Owner = {
  ...{ state: "unknown", who: null, isMatched: false, managedBy: null, reasons: [] },
  coverage: { read: [], notRead: [] },
};

/** For whoever still asks host by host. */
export const judgeOwners = (_collection: Collection) => (_key: PublicKey | null) => UNJUDGED_OWNER;

/** Logs are not collected yet. */
export const judgeUse = (): Use => ({
  state: "unknown",
  at: null,
  from: null,
  count: 0,
  reasons: ["logs are not read yet"],
  coverage: { read: [], notRead: ["logs of logins"] },
});
