import type { Step } from "#domain/rotation/run/step.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { Inside } from "#net/ssh/door.ts";
import { lookAtFile, lookAtHost } from "#net/ssh/hand/look.ts";
import { askWhy } from "#net/ssh/prove/ask-why.ts";
import type { LoginProof, ProofKey } from "#net/ssh/prove/login-proof.ts";
import { proveFromHolder } from "#net/ssh/prove/prove-from-holder.ts";
import { proveLogin } from "#net/ssh/prove/prove-login.ts";
import { proveRefused } from "#net/ssh/prove/prove-refused.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostPlan, Proof } from "#shared/model/plan.ts";
import { accountsLeftOut } from "./leave-out.ts";
import { nameKey } from "./name-key.ts";
import { proveConfirmed } from "./prove-confirmed.ts";
import { enterHost, hostOf, nearOf, newKeyLine, type RunContext } from "./run-context.ts";
import { filesOf, linesRemoved } from "./stage-bytes.ts";

/**
 * `proved`: by logins, each a sentence. `awaits-log`: only a log can tell. `refused`: the change is to be taken back.
 * `unsure`: nobody has said yes or no; it may be tried again. `alarm`: somebody else answers for the host.
 */
export type ProofOutcome =
  | { kind: "proved"; said: string[] }
  | { kind: "awaits-log"; said: string[] }
  | { kind: "refused" | "unsure" | "alarm"; message: string };

type Asked = { step: Step; host: HostPlan; inside: Inside };

/** Proves, for every account whose files a step changes, that whoever is to log in still does or now does. */
export async function proveAccounts(run: RunContext, step: Step, inside: Inside): Promise<ProofOutcome> {
  const host = hostOf(run, step);
  const asked = { step, host, inside };
  const accounts = accountsOf(run, step);
  const said: string[] = [];
  let awaitsLog = false;
  for (const { account, proof } of host.proofs.filter((one) => accounts.has(one.account))) {
    const outcome = await proveOne(run, asked, account, proof);
    if (outcome.kind === "awaits-log") awaitsLog = true;
    else if (outcome.kind !== "proved") return outcome;
    said.push(...outcome.said);
  }
  const own = await proveOwnWay(run, asked, accounts);
  if (own.kind !== "proved") return own;
  return { kind: awaitsLog ? "awaits-log" : "proved", said: [...said, ...own.said] };
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

async function proveOne(run: RunContext, asked: Asked, account: string, proof: Proof): Promise<ProofOutcome> {
  const outcome = await proveLet(run, asked, account, proof);
  switch (proof.kind) {
    case "from-holder":
    case "by-log":
      return askOfOld(run, asked, { account, newKey: null }, outcome);
    default:
      return outcome;
  }
}

/** That whoever is to log in does. */
async function proveLet(run: RunContext, asked: Asked, account: string, proof: Proof): Promise<ProofOutcome> {
  switch (proof.kind) {
    case "none":
      return { kind: "proved", said: [`${account}: no proof (${proof.why})`] };
    case "by-hand":
      return { kind: "unsure", message: `${account} is proved by whoever runs its script, and by no run` };
    case "by-log":
      return (await proveConfirmed(run, asked, account)) ?? { kind: "awaits-log", said: [] };
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
  asked: Asked,
  account: string,
  runs: "command" | "nothing",
): Promise<ProofOutcome> {
  const { inside } = asked;
  const fingerprint = run.made.newKey?.fingerprint ?? run.plan.oldKey;
  const key = fingerprint && (await run.holders.proofKey(nearOf(run), fingerprint));
  if (!key) return { kind: "unsure", message: `the key that is to log in to ${account} cannot be used here` };
  const proved = readProof(run, account, await proveLogin(inside.route, { user: account, key, runs }));
  if (proved.kind === "refused") return addReason(proved, account, inside);
  return askOfOld(run, asked, { account, newKey: key }, proved);
}

/** After a removal: whether the old key is refused. */
async function askOfOld(
  run: RunContext,
  { step, host, inside }: Asked,
  { account, newKey }: { account: string; newKey: ProofKey | null },
  outcome: ProofOutcome,
): Promise<ProofOutcome> {
  if (!("said" in outcome) || step.phase !== "remove" || run.plan.newKey === null) return outcome;
  const oldKey = oldBlob(host, run);
  if (oldKey === null) return outcome;
  return addRefusal(outcome, account, await proveRefused(inside.route, { user: account, oldKey, newKey }));
}

/** How far back the host's log is read for why it has just refused a login. */
const JUST_NOW_SECONDS = 30;

async function addReason(
  refused: Exclude<ProofOutcome, { said: string[] }>,
  account: string,
  { hand }: Inside,
): Promise<ProofOutcome> {
  const look = await lookAtHost(hand);
  if (look.kind === "lost") return refused;
  const sinceEpoch = look.host.epochSeconds - JUST_NOW_SECONDS;
  const why = await askWhy(hand, { account, sinceEpoch });
  return why === null ? refused : { ...refused, message: `${refused.message}; ${why}` };
}

/** In what a step says: sshd lets the old key in by something that the plan does not know. */
export const STILL_TAKEN = "the old key is still taken elsewhere";

/** Before the old key's line is gone it is still taken: whoever asks afterwards only. */
function addRefusal(
  outcome: Extract<ProofOutcome, { said: string[] }>,
  account: string,
  refusal: Awaited<ReturnType<typeof proveRefused>>,
): ProofOutcome {
  const add = (text: string) => ({ ...outcome, said: [...outcome.said, `${account}: ${text}`] });
  switch (refusal.kind) {
    case "refused":
      return add("the old key is refused");
    case "still-taken":
      return add(`${STILL_TAKEN}: ${refusal.message}`);
    case "inconclusive":
      return add(`whether the old key is refused is not known: ${refusal.message}`);
    case "other-host-key":
      return { kind: "alarm", message: refusal.message };
    default:
      return assertNever(refusal);
  }
}

/** The public half of the key whose lines go, from those lines. */
function oldBlob({ files }: HostPlan, run: RunContext): Uint8Array | null {
  for (const file of files) {
    const lines = readAuthorizedKeys(linesRemoved(file, newKeyLine(run)));
    const old = lines.find(({ key }) => key?.fingerprint === run.plan.oldKey)?.key;
    if (old) return old.blob;
  }
  return null;
}

async function proveAtHolder(
  run: RunContext,
  { host, inside }: Asked,
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
    ...{ target: { host: host.host, port: host.port }, user: account, runs: proof.runs },
    ...{ hostKey: inside.hand.hostKey.blob, fingerprint: made.fingerprint },
    keyFile: isFresh ? `${newKey.path}.latchkey-new` : newKey.path,
  });
}

/** Whoever let us in still does, where a file of that very account was changed. */
async function proveOwnWay(
  run: RunContext,
  { inside }: Asked,
  accounts: ReadonlySet<string>,
): Promise<ProofOutcome> {
  const { hand, route } = inside;
  const isMeant = hand.loginKey !== null && hand.loginKey !== run.plan.oldKey && accounts.has(hand.user);
  if (!isMeant || hand.loginKey === null) return { kind: "proved", said: [] };
  const key: ProofKey | null = await run.holders.proofKey(nearOf(run), hand.loginKey);
  if (!key)
    return { kind: "proved", said: [`${hand.user}: the key that let us in is not at hand to try again`] };
  const proved = await proveLogin(route, { user: hand.user, key, runs: "nothing" });
  if (proved.kind === "proved")
    return { kind: "proved", said: [`${hand.user}: the key that let us in still does`] };
  return readProof(run, `${hand.user}, with the key that let us in`, proved);
}

function readProof(run: RunContext, account: string, proof: LoginProof): ProofOutcome {
  switch (proof.kind) {
    case "proved":
      return { kind: "proved", said: [`${account}: logged in with ${nameKey(run, proof.fingerprint)}`] };
    case "refused":
      return { kind: "refused", message: `${account} is not let in: ${proof.message}` };
    case "inconclusive":
      return { kind: "unsure", message: `${account}: ${proof.message}` };
    case "other-host-key":
      return { kind: "alarm", message: proof.message };
    default:
      return assertNever(proof);
  }
}
