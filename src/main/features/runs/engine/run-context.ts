import type { HostRequest, HostSession } from "#connect/host-sessions.ts";
import type { Back, Step } from "#domain/runs/step.ts";
import type { RunSecrets } from "#net/local/private-halves/run-secrets.ts";
import type { RetryPolicy } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import type { HostKeys } from "#runs/kinds/host-key/host-keys.ts";
import type { Holders, NewKeyMade } from "#runs/kinds/private-keys/locations.ts";
import type { RenewalTools } from "#runs/kinds/renewal/tools.ts";
import {
  type HostPlan,
  type KeyPlan,
  newKeyOf,
  type Plan,
  type PlanHash,
  type RenewalPlan,
} from "#shared/model/plan.ts";
import type { RunId } from "#shared/model/run.ts";
import type { BackAs, Cause, StepResult } from "#shared/model/step-result.ts";
import type { Trace } from "#shared/text/trace.ts";
import type { Confirmations } from "#store/runbooks/confirmation-table.ts";
import type { Sessions } from "./execute.ts";
import type { Journal } from "./journal.ts";

/** All that the parts of one run have in common. */
export type RunContext<P extends Plan = KeyPlan> = {
  runId: RunId;
  plan: P;
  token: string;
  planHash: PlanHash;
  /** Shown to whoever finds a folder held: `jo@desk, run 7`. */
  who: string;
  journal: Journal;
  sessions: Sessions;
  holders: Holders;
  /** What people have said of the new key by now. */
  confirmations: () => Confirmations;
  hostKeys: HostKeys;
  /** Null where no certificate is renewed. */
  renewal: RenewalTools | null;
  /** Changes while the run goes on: the key that it has made, and what is secret of it. */
  made: { newKey: NewKeyMade | null; secrets: RunSecrets | null };
  /**
   * Opens the new private half of a run that was begun before, as soon as something is to be done with it: while a run only
   * waits nobody has to be there who tells a passphrase. Rejects with `HalfLocked`.
   */
  openHalf: () => Promise<void>;
  /** By step, in seconds of its host's clock: since when a login by somebody else is waited for. */
  awaitedSince: Map<number, number>;
  /** Somebody wants the old private keys gone that the run has kept. */
  removesOld: boolean;
  ask: Ask;
  retryPolicy: RetryPolicy;
  trace: Trace;
  signal: AbortSignal;
  transportOf: (host: HostPlan) => HostRequest["transport"];
};

export type RenewalRun = RunContext<RenewalPlan>;

export const isRenewalRun = (run: RunContext<Plan>): run is RenewalRun =>
  run.plan.kind === "rotate-certificate";

export const nearOf = ({ plan, token, made, ask, signal }: RunContext) => ({
  plan,
  token,
  ask,
  signal,
  newKey: made.newKey,
  secrets: made.secrets,
});

/** The session of a host broke: what was done there is not known. */
export class SessionLost extends Error {}

/** The new private half cannot be opened now; the message says which, and what to do. */
export class HalfLocked extends Error {}

/** The login at the step's host. Rejects with `SessionLost` where there is none to be had. */
export async function enterHost({ sessions }: RunContext<Plan>, place: number): Promise<HostSession> {
  const inside = await sessions.of(place);
  if ("kind" in inside) throw new SessionLost(inside.message);
  return inside;
}

export const hostOf = <P extends Plan>({ plan }: RunContext<P>, { host }: Pick<Step, "host">) => {
  const found: P["hosts"][number] | undefined = host === null ? undefined : plan.hosts[host];
  if (!found) throw new Error("a step that is done on a host has none");
  return found;
};

/** `type base64` of the new key; of one that was given before it is in the plan. */
export function newKeyLine({ plan, made }: Pick<RunContext, "plan" | "made">): string | null {
  const newKey = newKeyOf(plan);
  return made.newKey?.line ?? (newKey?.kind === "given" ? newKey.line : null);
}

/** Of a step that was taken back. `as`: how its place stands, where nothing has failed. `left`: what is still there, and does no harm. */
export const resultOf = (back: Back, as: BackAs, left: Cause[] = []): StepResult =>
  back.as === "undone"
    ? { kind: "rolled-back", as, left }
    : { kind: "failed", cause: back.cause, stands: "rolled-back", left };

/** Of a step that could not be taken back. `left`: what stands in the way. */
export const stuckOf = (back: Back, left: Cause[]): StepResult => ({
  kind: "needs-attention",
  cause: back.as === "failed" ? back.cause : null,
  left,
});
