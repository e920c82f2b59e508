import type { HostSession } from "#connect/host-sessions.ts";
import type { Step } from "#domain/rotation/run/step.ts";
import { lookAtFile, lookAtHost } from "#net/ssh/hand/look.ts";
import { askWhy } from "#net/ssh/prove/ask-why.ts";
import type { LoginProof } from "#net/ssh/prove/login-proof.ts";
import { proveFromHolder } from "#net/ssh/prove/prove-from-holder.ts";
import { proveLogin } from "#net/ssh/prove/prove-login.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostPlan, Proof } from "#shared/model/plan.ts";
import type { Evidence } from "#shared/model/step-result.ts";
import { accountsLeftOut } from "./leave-out.ts";
import { type ProofOutcome, readProof } from "./proof-outcome.ts";
import { proveConfirmed } from "./prove-confirmed.ts";
import { proveOwnWay } from "./prove-own-way.ts";
import { enterHost, hostOf, nearOf, type RunContext } from "./run-context.ts";
import { filesOf } from "./stage-bytes.ts";

type LoginsOfStep = { step: Step; host: HostPlan; inside: HostSession };

/** Proves, for every account whose files a step changes, that whoever is to log in still does or now does. */
export async function proveAccounts(run: RunContext, step: Step, inside: HostSession): Promise<ProofOutcome> {
  const host = hostOf(run, step);
  const asked = { step, host, inside };
  const accounts = accountsOf(run, step);
  const evidence: Evidence[] = [];
  const kinds = new Set<ProofOutcome["kind"]>();
  for (const { account, proof } of host.proofs.filter((one) => accounts.has(one.account))) {
    const outcome = await proveLet(run, asked, account, proof);
    if (!("evidence" in outcome)) return outcome;
    kinds.add(outcome.kind);
    evidence.push(...outcome.evidence);
  }
  const own = await proveOwnWay(run, asked, accounts);
  if (!("evidence" in own)) return own;
  kinds.add(own.kind);
  const kind = kinds.has("awaits-log") ? "awaits-log" : kinds.has("unverified") ? "unverified" : "proved";
  return { kind, evidence: [...evidence, ...own.evidence] };
}

/** Also those of files that have the new key's line already, before the old one goes, and others whom a file lets in. */
function accountsOf(run: RunContext, step: Step): Set<string> {
  const { files, proofs } = hostOf(run, step);
  const leftOut = accountsLeftOut(run, step);
  const first = new Set(files.map(({ account }) => account));
  const others = proofs.flatMap(({ account }) => (first.has(account) ? [] : [account]));
  const isAll = step.phase === "add" && run.plan.newKey !== null;
  const changed = isAll ? first : filesOf(files, step).map(({ file }) => file.account);
  return new Set([...changed, ...others].filter((account) => !leftOut.has(account)));
}

/** That whoever is to log in does. */
async function proveLet(
  run: RunContext,
  asked: LoginsOfStep,
  account: string,
  proof: Proof,
): Promise<ProofOutcome> {
  switch (proof.kind) {
    case "none":
      return { kind: "unverified", evidence: [{ kind: "no-login", account, why: proof.why }] };
    case "by-hand":
      return { kind: "unsure", message: `${account} is proved by whoever runs its script, and by no run` };
    case "by-log":
      return (await proveConfirmed(run, asked, account)) ?? { kind: "awaits-log", evidence: [] };
    case "from-holder":
      return readProof(run, account, await proveAtHolder(run, asked, account, proof));
    case "from-here":
      return proveFromHere(run, asked, account, proof.runs);
    default:
      return assertNever(proof);
  }
}

async function proveFromHere(
  run: RunContext,
  asked: LoginsOfStep,
  account: string,
  runs: "command" | "nothing",
): Promise<ProofOutcome> {
  const { inside } = asked;
  const fingerprint = run.made.newKey?.fingerprint ?? run.plan.oldKey;
  const key = fingerprint && (await run.holders.proofKey(nearOf(run), fingerprint));
  if (!key) return { kind: "unsure", message: `the key that is to log in to ${account} cannot be used here` };
  const proved = readProof(run, account, await proveLogin(inside.route, { user: account, key, runs }));
  return proved.kind === "refused" ? addReason(proved, account, inside) : proved;
}

/** How far back the host's log is read for why it has just refused a login. */
const JUST_NOW_SECONDS = 30;

async function addReason(
  refused: Extract<ProofOutcome, { kind: "refused" | "alarm" }>,
  account: string,
  { hand }: HostSession,
): Promise<ProofOutcome> {
  const look = await lookAtHost(hand);
  if (look.kind === "lost") return refused;
  const sinceEpoch = look.host.epochSeconds - JUST_NOW_SECONDS;
  const why = await askWhy(hand, { account, sinceEpoch });
  return why === null ? refused : { ...refused, message: `${refused.message}; ${why}` };
}

async function proveAtHolder(
  run: RunContext,
  { host, inside }: LoginsOfStep,
  account: string,
  proof: Extract<Proof, { kind: "from-holder" }>,
): Promise<LoginProof> {
  const { newKey } = run.plan;
  const place = run.plan.hosts.findIndex((one) => one.host === proof.host && one.port === proof.port);
  const made = run.made.newKey;
  if (place < 0 || newKey?.kind !== "made-on-holder" || !made)
    return { kind: "inconclusive", why: "impossible", message: `${proof.host} is not a host of the plan` };
  const { hand } = await enterHost(run, place);
  const fresh = await lookAtFile(hand, `${newKey.path}.latchkey-new`);
  const isFresh = fresh.kind === "seen" && fresh.file.state === "file";
  return proveFromHolder(hand, {
    target: { host: host.host, port: host.port },
    user: account,
    runs: proof.runs,
    hostKey: inside.hand.hostKey.blob,
    fingerprint: made.fingerprint,
    keyFile: isFresh ? `${newKey.path}.latchkey-new` : newKey.path,
  });
}
