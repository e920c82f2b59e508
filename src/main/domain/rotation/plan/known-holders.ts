import { placeOf } from "./draft.ts";
import type { HolderFacts, PlanFacts } from "./plan-facts.ts";

/** A private key that is known, as `access` shows it too, at a place where it cannot be replaced. */
export type StuckHolder = { place: string; why: string };

/** Each private half of the key that is known and stays as it is: a link, a hard link, one that cannot be read. */
export function findStuckHolders({ here, hosts }: PlanFacts): StuckHolder[] {
  const stuckOf = (holders: readonly HolderFacts[], where: string): StuckHolder[] =>
    holders.flatMap(({ path, stuck, possession }) =>
      stuck === null || possession.kind === "other-key" ? [] : [{ place: `${path} on ${where}`, why: stuck }],
    );
  return [
    ...stuckOf(here, "this computer"),
    ...hosts.flatMap((host) => stuckOf(host.holders, placeOf(host))),
  ];
}

const MOST_PLACES = 3;

/** `/home/jo/.ssh/id on this computer, ...`. */
export function formatStuckPlaces(stuck: readonly StuckHolder[]): string {
  const more = stuck.length - MOST_PLACES;
  const named = stuck.slice(0, MOST_PLACES).map(({ place }) => place);
  return `${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
