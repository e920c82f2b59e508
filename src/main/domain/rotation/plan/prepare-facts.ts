import { mergeFiles } from "./merge-files.ts";
import type { HolderFacts, PlanFacts } from "./plan-facts.ts";

/** The facts as plans are made of them: each real file once, and no private half replaced by one that is not here. */
export const prepareFacts = (facts: PlanFacts): PlanFacts => withoutHalf(withEachFileOnce(facts));

const withEachFileOnce = (facts: PlanFacts): PlanFacts => ({
  ...facts,
  hosts: facts.hosts.map((host) => ({ ...host, files: mergeFiles(host.files) })),
});

/** A new key of which only the public half was given can be put in no old one's place. */
function withoutHalf(facts: PlanFacts): PlanFacts {
  if (facts.wish.kind !== "rotate-key" || !facts.given || facts.given.path !== null) return facts;
  const stuck = "the new key's private half is not on this computer: whoever has it puts it there";
  const leave = (holders: readonly HolderFacts[]) =>
    holders.map((holder) => ({ ...holder, stuck: holder.stuck ?? stuck }));
  const hosts = facts.hosts.map((host) => ({ ...host, holders: leave(host.holders) }));
  return { ...facts, here: leave(facts.here), hosts };
}
