import type { Step } from "#domain/rotation/run/step.ts";
import type { ServedProof } from "#shared/model/pair.ts";
import { sayCount } from "#shared/text/count.ts";
import { changesOf, orderOf, toolsOf } from "./renewal-place.ts";
import type { RunContext } from "./run-context.ts";

/** Any of these is to be shown at a place; null: whatever was shown there before is not known. */
type Expected = ServedProof & { wanted: readonly string[] | null };

type ServedOutcome =
  | { kind: "served"; said: string; places: number }
  | { kind: "not-served"; message: string };

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;
/** Of a server that was told to read its files again, the last of its old processes may answer for a while. */
const ROUNDS_IN_A_ROW = 2;

/**
 * Asks every place until each shows the new certificate (`new`) or the one that was there before, twice in a row, or the time
 * is over.
 */
export async function proveServed(
  run: RunContext,
  step: Step,
  which: "new" | "old",
  patienceMs: number,
): Promise<ServedOutcome> {
  const expected = changesOf(run, step).flatMap((change) => {
    const fresh = orderOf(run, step, change).sha256;
    return change.proofs.map(
      (proof): Expected => ({ ...proof, wanted: wantedAt(proof, which, { fresh, old: change.old }) }),
    );
  });
  const begun = performance.now();
  let inARow = 0;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const wrong = await askAll(run, expected);
    inARow = wrong.length === 0 ? inARow + 1 : 0;
    run.trace("served", step.ordinal, step.phase, wrong.length === 0 ? which : "not-yet");
    if (inARow >= ROUNDS_IN_A_ROW || expected.length === 0)
      return { kind: "served", said: saySeen(expected), places: expected.length };
    if (wrong.length > 0 && performance.now() - begun + pause > patienceMs)
      return { kind: "not-served", message: wrong.slice(0, MOST_SAID).join("; ") };
    if (wrong.length > 0) await run.journal.say(step.ordinal, `is asked again: ${wrong[0]}`);
    await run.patience.wait(inARow > 0 ? FIRST_PAUSE_MS : pause, run.signal);
  }
}

/** A server that had not been reloaded reads the old files when it is told to go back: what they hold is as right as what it showed. */
export function wantedAt(
  { before }: { before: string | null },
  which: "new" | "old",
  { fresh, old }: { fresh: string | null; old: string },
): readonly string[] | null {
  if (which === "new") return fresh === null ? [] : [fresh];
  return before === null ? null : [before, old];
}

const MOST_SAID = 3;

const saySeen = (expected: readonly Expected[]): string =>
  expected.length === 0
    ? "in place; nowhere could be seen whether it is served"
    : `seen at ${sayCount(expected.length, "place")}`;

async function askAll(run: RunContext, expected: readonly Expected[]): Promise<string[]> {
  const asked = await Promise.all(
    expected.map(async (one) => {
      const shown = await toolsOf(run).leavesAt(one, run.signal);
      const where = sayPoint(one);
      if (shown.kind === "silent") return `${where}: ${shown.message}`;
      const other = shown.leaves.find((leaf) => one.wanted !== null && !one.wanted.includes(leaf));
      return other === undefined
        ? null
        : `${where} serves ${other.slice(0, 12)}..., which is ${nameLeaf(one, other)}`;
    }),
  );
  return asked.filter((wrong) => wrong !== null);
}

const nameLeaf = ({ before }: Expected, leaf: string): string =>
  leaf === before ? "the one before" : "neither the one before nor the new one";

const sayPoint = ({ address, port, serverName }: ServedProof): string =>
  `${address.includes(":") ? `[${address}]` : address}:${port}${serverName === null ? "" : `/${serverName}`}`;
