import type { RunSecrets } from "#net/local/private-halves/run-secrets.ts";
import type { Ask } from "#net/ssh/ask.ts";
import type { Failed, Refused } from "#net/ssh/hand/exchange.ts";
import type { Lost } from "#net/ssh/hand/hand.ts";
import { sayAnswer } from "#net/ssh/hand/say-refusal.ts";
import type { Plan } from "#shared/model/plan.ts";

/** `type base64`, and its SHA256. */
export type NewKeyMade = { line: string; fingerprint: string };

/** What a run knows, as far as private halves are concerned. `line` is `type base64`. */
export type Near = {
  plan: Plan;
  newKey: NewKeyMade | null;
  secrets: RunSecrets | null;
  ask: Ask;
  signal: AbortSignal;
};

export type Outcome =
  | { kind: "done" }
  | { kind: "failed"; message: string }
  | { kind: "lost"; message: string };

export const DONE: Outcome = { kind: "done" };
export const fail = (message: string) => ({ kind: "failed" as const, message });

/** What a hand would not do, or could not, of the file at `path`. */
export function failBy(tail: Refused | Failed | Lost, path: string): Exclude<Outcome, { kind: "done" }> {
  if (tail.kind === "lost") return tail;
  return fail(sayAnswer(tail, path));
}

export const blobOf = ({ line }: { line: string }): Buffer => Buffer.from(line.split(" ")[1] ?? "", "base64");

export const NO_PAIR = "the private half of the new key is not at hand: it cannot be put anywhere";
