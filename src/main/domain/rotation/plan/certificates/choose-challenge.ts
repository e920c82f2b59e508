import { chooseWay, type WayFacts } from "#domain/acme/challenge-methods.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";

type ChosenChallenge = { way: ChallengeWay; why: "" } | { way: null; why: string };

/** One way by which all names of a certificate can be shown to be ours; or why there is none. */
export function chooseChallenge(names: readonly string[], facts: WayFacts | null): ChosenChallenge {
  const choices = names.map((name) => ({ name, ...chooseWay({ name, facts, configured: [] }) }));
  const [first, ...others] = choices;
  const has = (ways: readonly { way: ChallengeWay }[], wanted: ChallengeWay) =>
    ways.some(({ way }) => JSON.stringify(way) === JSON.stringify(wanted));
  const common = first?.ways.find(({ way }) => others.every(({ ways }) => has(ways, way)));
  if (common) return { way: common.way, why: "" };
  const stuck = choices.find(({ ways }) => ways.length === 0);
  if (!stuck) return { way: null, why: "no one way fits all of its names" };
  const whys = stuck.not.map(({ kind, why }) => `${kind}: ${why}`).join("; ");
  return { way: null, why: `${stuck.name} cannot be shown to be ours (${whys})` };
}
