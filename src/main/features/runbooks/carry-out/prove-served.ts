import { helloName } from "#domain/rotation/run/certificates/hello-name.ts";
import { judgeShown, type Wanted, wantedAt } from "#domain/rotation/run/certificates/judge-shown.ts";
import type { Step } from "#domain/rotation/run/step.ts";
import type { Way } from "#net/ways/proxy-way.ts";
import type { ServedProof } from "#shared/model/pair.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayPoint } from "#shared/text/pair.ts";
import { changesOf, orderOf, toolsOf } from "./renewal-place.ts";
import { enterHost, type RunContext } from "./run-context.ts";

type Expected = ServedProof & { wanted: Wanted };

type ServedOutcome =
  | { kind: "served"; said: string; places: number }
  | { kind: "not-served"; message: string };

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;
/** Of a server that was told to read its files again, the last of its old processes may answer for a while. */
const ROUNDS_IN_A_ROW = 2;

/**
 * Asks every place until each shows the new certificate (`new`) with its intermediates, or the one that was there before, twice
 * in a row, or the time is over.
 */
export async function proveServed(
  run: RunContext,
  step: Step,
  which: "new" | "old",
  patienceMs: number,
): Promise<ServedOutcome> {
  const expected = changesOf(run, step).flatMap((change) => {
    const known = { fresh: orderOf(run, step, change), old: change.old };
    return change.proofs.map((proof): Expected => ({ ...proof, wanted: wantedAt(proof, which, known) }));
  });
  const begun = performance.now();
  let inARow = 0;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const wrong = await askAll(run, step, expected);
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

const MOST_SAID = 3;

const saySeen = (expected: readonly Expected[]): string =>
  expected.length === 0
    ? "in place; nowhere could be seen whether it is served"
    : `seen at ${sayCount(expected.length, "place")}`;

/** Rejects with `SessionLost` where a place is looked at from a host that cannot be entered. */
async function askAll(run: RunContext, step: Step, expected: readonly Expected[]): Promise<string[]> {
  const isByHost = expected.some(({ from }) => from === "host");
  const way = isByHost ? (await enterHost(run, step.host ?? -1)).hand.way : null;
  const asked = await Promise.all(expected.map((one) => askOne(run, one, way)));
  return asked.flat();
}

/** What is wrong at each address of a place. */
async function askOne(run: RunContext, one: Expected, way: Way | null): Promise<string[]> {
  const isByHost = one.from === "host";
  if (isByHost && way === null) return [`${sayPoint(one)}: this login leads to nothing beyond its host`];
  const asked = { ...one, serverName: helloName(one) };
  const shown = await toolsOf(run).chainsAt(asked, isByHost ? way : null, run.signal);
  return shown.flatMap((at) => {
    const wrong = judgeShown(one.before, one.wanted, at);
    if (wrong === null) return [];
    const where = sayPoint(one);
    const whence = at.address === one.address ? where : `${where} (${at.address})`;
    return [at.chain.length === 0 ? `${whence}: ${wrong}` : `${whence} ${wrong}`];
  });
}
