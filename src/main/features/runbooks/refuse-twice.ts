import type { HolderPlan, Plan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunStep } from "#shared/model/run.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";
import type { Running } from "./launch-run.ts";

/**
 * One run at a time on each host and for each private half, whichever process's: here they are told apart before anybody
 * logs in, or makes a key.
 */
export function refuseTwice(running: Running, plan: Plan): void {
  const wanted = new Set(plan.hosts.map(sayPlace));
  const halves = halvesOf(plan);
  for (const [id, other] of running) {
    const both = other.plan.hosts.find((host) => wanted.has(sayPlace(host)));
    if (both) throw new Refusal("conflict", `run ${id} is at work on ${both.host}; wait until it is over`);
    const half = findBoth(halves, other.plan);
    if (half) throw new Refusal("conflict", `run ${id} is replacing ${half}; wait until it is over`);
  }
}

/** A run that stands still may have its new half beside an old one, or in its place. */
export function refuseBegun({ runbooks }: Pick<Store, "runbooks">, plan: Plan): void {
  const halves = halvesOf(plan);
  for (const { id, planId } of runbooks.runs.open()) {
    const other = runbooks.plans.find(planId)?.plan;
    const half = other && findBoth(halves, other);
    if (half && runbooks.journal.steps(id).some(holdsHalves))
      throw new Refusal(
        "conflict",
        `run ${id} has begun to replace ${half}; resume it, or roll it back, before another one`,
      );
  }
}

const holdsHalves = ({ phase, state }: RunStep): boolean =>
  (phase === "make-key" || phase === "hand-over") && !STANDS_ASIDE.has(state);

const STANDS_ASIDE: ReadonlySet<RunStep["state"]> = new Set(["planned", "failed", "undone"]);

/** The private halves that a plan replaces or makes, by what tells them apart; each as it is said. */
function halvesOf({ hosts, here, newKey, oldKey }: Plan): Map<string, string> {
  const say = ({ host, kind, path }: Pick<HolderPlan, "host" | "kind" | "path">): [string, string] => {
    const place = host === null ? path : `${sayPlace(host)}:${path}`;
    return kind === "agent" ? [`${place} ${oldKey}`, `a key of the agent at ${path}`] : [place, place];
  };
  const held = [...here, ...hosts.flatMap(({ holders }) => holders)].map(say);
  const made =
    newKey?.kind === "made-here"
      ? [say({ host: null, kind: "file", path: newKey.path })]
      : newKey?.kind === "made-on-holder"
        ? [say({ host: newKey, kind: "file", path: newKey.path })]
        : [];
  return new Map([...held, ...made]);
}

function findBoth(halves: ReadonlyMap<string, string>, other: Plan): string | undefined {
  return [...halvesOf(other)].find(([half]) => halves.has(half))?.[1];
}
