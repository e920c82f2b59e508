import type { Step } from "#domain/runs/step.ts";
import type { PhaseWork, Runbook } from "#runs/engine/runbook.ts";
import {
  type HolderPlan,
  holdersByHost,
  holdersHere,
  type KeyPlan,
  newKeyOf,
  oldKeyOf,
} from "#shared/model/plan.ts";
import type { RunStep } from "#shared/model/run.ts";
import { formatPlace } from "#shared/text/target.ts";
import { changeHost, intendChange, undoHost, verifyHost } from "./change-host.ts";
import { commitPlace } from "./finish.ts";
import { handOver, holdersOf, makeKey, proveHandOver, undoHandOver, undoMakeKey } from "./install-key.ts";
import { isVerifiedFromHere, type KeyRun } from "./key-run.ts";

/** A change of a host's files: proved by logins, from this computer too. */
const change: PhaseWork<KeyRun> = {
  intend: intendChange,
  act: changeHost,
  verify: verifyHost,
  undo: undoHost,
  prepare: async (run, step) => {
    if (isVerifiedFromHere(run, step)) await run.openHalf();
  },
};

const followsOwnKeys = ({ plan }: KeyRun): boolean => holdersHere(plan).length > 0;

/** What runs do that change lines of files, and the private keys that go with them. */
export const KEY_PHASES: Runbook<KeyRun>["phases"] = {
  "make-key": {
    intend: () => ({ kind: "make-key" }),
    act: makeKey,
    undo: undoMakeKey,
    prepare: (run) => run.openHalf(),
  },
  add: change,
  "hand-over": {
    intend: (run: KeyRun, step: Step) => ({ kind: "install-key", locations: holdersOf(run, step).length }),
    act: handOver,
    verify: proveHandOver,
    undo: undoHandOver,
    prepare: (run) => run.openHalf(),
  },
  remove: { ...change, followsOwnKeys },
  // There is no way back from here.
  commit: { intend: () => ({ kind: "clear" }), act: commitPlace, followsOwnKeys },
};

const STANDS_ASIDE: ReadonlySet<RunStep["state"]> = new Set(["planned", "failed", "undone"]);

/** Whether a new private key may stand beside an old one, or in its place, by a step of a run that stands still. */
export const holdsKey = ({ phase, state }: RunStep): boolean =>
  (phase === "make-key" || phase === "hand-over") && !STANDS_ASIDE.has(state);

/** The private keys that a plan replaces or makes, by what tells them apart; each as it is said. */
export function listKeysHeld(plan: KeyPlan): ReadonlyMap<string, string> {
  const [newKey, oldKey] = [newKeyOf(plan), oldKeyOf(plan)];
  const name = ({ host, kind, path }: Pick<HolderPlan, "host" | "kind" | "path">): [string, string] => {
    const place = host === null ? path : `${formatPlace(host)}:${path}`;
    return kind === "agent" ? [`${place} ${oldKey}`, `a key of the agent at ${path}`] : [place, place];
  };
  const held = [...holdersHere(plan), ...holdersByHost(plan).flat()].map(name);
  const made =
    newKey?.kind === "made-here"
      ? [name({ host: null, kind: "file", path: newKey.path })]
      : newKey?.kind === "made-on-holder"
        ? [name({ host: newKey, kind: "file", path: newKey.path })]
        : [];
  return new Map([...held, ...made]);
}
