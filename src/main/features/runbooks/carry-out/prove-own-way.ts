/** Whatever has let us in is tried again before a change of that account's files stands. */

import type { HostSession } from "#connect/host-sessions.ts";
import type { Step } from "#domain/rotation/run/step.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { readSshdEntry } from "#domain/use/journal-entry.ts";
import { readLoginMessage } from "#domain/use/login-message.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtFile, lookAtHost } from "#net/ssh/hand/look.ts";
import { readLoginLines } from "#net/ssh/hand/read-log.ts";
import { publicBlobOf } from "#net/ssh/identities.ts";
import type { ProofKey } from "#net/ssh/prove/login-proof.ts";
import { proveClientLogin } from "#net/ssh/prove/prove-by-client.ts";
import { isForSsh2, proveLogin } from "#net/ssh/prove/prove-login.ts";
import { proveRefused } from "#net/ssh/prove/prove-refused.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { described } from "#shared/model/step-result.ts";
import { OWN_LOGIN } from "#shared/text/consent.ts";
import { sayHost } from "#shared/text/plan.ts";
import { formatAwaited, formatKeyName } from "#shared/text/run-step.ts";
import { nameKey } from "./name-key.ts";
import { type ProofOutcome, readProof } from "./proof-outcome.ts";
import { type RunContext, SessionLost } from "./run-context.ts";

type StepAtHost = { step: Step; host: HostPlan; inside: HostSession };

/**
 * The key or the certificate that let us in logs in once more, where a file of that very account was changed. Where somebody has agreed that it will not,
 * something that is left has to: another key at hand here, or whoever else, if the host's journal tells of it.
 */
export async function proveOwnWay(
  run: RunContext,
  asked: StepAtHost,
  accounts: ReadonlySet<string>,
): Promise<ProofOutcome> {
  const { hand, keys, route } = asked.inside;
  const { user, loginKey, loginCertificate, isTyped } = hand;
  // A rotation shows that the new one logs in instead.
  const isReplaced = run.plan.newKey !== null && (loginKey ?? loginCertificate) === run.plan.oldKey;
  if (isReplaced || !accounts.has(user)) return { kind: "proved", evidence: [] };
  if (loginCertificate !== null)
    return proveByClientAgain(run, asked, { fingerprint: loginCertificate, isCertificate: true });
  if (loginKey === null) return { kind: "proved", evidence: [] };
  const key = keys.find(({ fingerprint }) => fingerprint === loginKey);
  // It lies on a token, which OpenSSH's client alone has looked into.
  if (!key) return proveByClientAgain(run, asked, { fingerprint: loginKey, isCertificate: false });
  if (isTyped && isForSsh2(key)) return askOwn(run, asked, publicBlobOf(key));
  const proved = await proveLogin(route, { user, key, runs: "nothing" });
  if (proved.kind === "proved")
    return { kind: "proved", evidence: [{ kind: "own-login", account: user, by: "key" }] };
  if (proved.kind === "refused" && isAgreedTo(run, asked)) return proveLeft(run, asked);
  return readProof(run, `${user}, with the key that let us in`, proved);
}

/** Offers what this very login has offered: another choice of it may be refused for what stands before it. */
async function proveByClientAgain(
  run: RunContext,
  asked: StepAtHost,
  accepted: { fingerprint: string; isCertificate: boolean },
): Promise<ProofOutcome> {
  const { hand, route } = asked.inside;
  const { user, clientKeys: keys } = hand;
  const { client } = route;
  if (!client) throw new Error(`${accepted.fingerprint} has let us in without OpenSSH's client`);
  const what = sayWhatLetIn(hand);
  const proved = await proveClientLogin({ ...route, client }, { user, keys, accepted });
  if (proved.kind === "proved") {
    const by = hand.loginCertificate === null ? "key" : "certificate";
    return { kind: "proved", evidence: [{ kind: "own-login", account: user, by }] };
  }
  if (proved.kind !== "refused") return readProof(run, `${user}, with ${what}`, proved);
  if (isAgreedTo(run, asked)) return proveLeft(run, asked);
  return { kind: "refused", message: `${user}: ${what} does not any more: ${proved.message}` };
}

/** It lets in only beside what was typed: whether sshd takes it is asked without signing. */
async function askOwn(run: RunContext, asked: StepAtHost, oldKey: Uint8Array): Promise<ProofOutcome> {
  const { user } = asked.inside.hand;
  const answer = await proveRefused(asked.inside.route, { user, oldKey, newKey: null });
  switch (answer.kind) {
    case "still-taken":
      return {
        kind: "proved",
        evidence: [described(`${user}: sshd still takes the key that let us in, beside what is typed`)],
      };
    case "refused":
      return isAgreedTo(run, asked)
        ? proveLeft(run, asked)
        : { kind: "refused", message: `${user}: sshd does not take the key that let us in any more` };
    case "inconclusive":
      return {
        kind: "unverified",
        evidence: [
          described(
            `${user}: the key that let us in needs what is typed, so it was not tried again: ${answer.message}`,
          ),
        ],
      };
    case "other-host-key":
      return { kind: "alarm", message: answer.message };
    default:
      return assertNever(answer);
  }
}

const sayWhatLetIn = ({ loginCertificate }: Hand): string =>
  `the ${loginCertificate === null ? "key" : "certificate"} that let us in`;

/** No run begins before what has to be agreed to was. */
const isAgreedTo = ({ plan }: RunContext, { host, inside }: StepAtHost): boolean =>
  plan.checks.some(
    ({ id, state, host: place, account }) =>
      id === OWN_LOGIN && state === "consent" && place === sayHost(host) && account === inside.hand.user,
  );

/** Each costs the host a failed login where it is refused. */
const MOST_TRIED = 3;

/** A login by something that is left, since the change: by a key at hand here that stands in the account's files, or by anybody. */
async function proveLeft(run: RunContext, asked: StepAtHost): Promise<ProofOutcome> {
  const { hand, route } = asked.inside;
  const { user } = hand;
  for (const key of (await keysLeft(run, asked)).slice(0, MOST_TRIED)) {
    const proved = await proveLogin(route, { user, key, runs: "nothing" });
    if (proved.kind === "other-host-key") return { kind: "alarm", message: proved.message };
    if (proved.kind !== "proved") continue;
    const said = `${user}: logged in with ${formatKeyName(nameKey(run, key.fingerprint))}, which is left; ${sayWhatLetIn(hand)} does not any more, as was agreed to`;
    return { kind: "proved", evidence: [described(said)] };
  }
  return hearLeft(run, asked);
}

async function keysLeft(run: RunContext, { host, inside }: StepAtHost): Promise<ProofKey[]> {
  const { hand, keys } = inside;
  const standing = new Set<string>();
  for (const { path, account, others = [] } of host.files) {
    if (account !== hand.user && !others.includes(hand.user)) continue;
    const look = await lookAtFile(hand, path);
    if (look.kind === "lost") throw new SessionLost(look.message);
    for (const { key } of readAuthorizedKeys(look.file.content ?? new Uint8Array()))
      if (key) standing.add(key.fingerprint);
  }
  return keys.filter(
    ({ fingerprint }) =>
      standing.has(fingerprint) && fingerprint !== hand.loginKey && fingerprint !== run.plan.oldKey,
  );
}

/** Every entry of sshd's that names a key. */
const ANY_KEY = "SHA256:";

async function hearLeft(run: RunContext, { step, inside: { hand } }: StepAtHost): Promise<ProofOutcome> {
  const { user } = hand;
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new SessionLost(look.message);
  const since = run.awaitedSince.get(step.ordinal) ?? look.host.epochSeconds;
  run.awaitedSince.set(step.ordinal, since);
  const read = await readLoginLines(hand, { sinceEpoch: since, fingerprints: [ANY_KEY] });
  if (read.kind === "lost") throw new SessionLost(read.message);
  const failing = `${user}: ${sayWhatLetIn(hand)} does not any more, as was agreed to`;
  if (read.kind !== "read" || !read.sources.includes("journal"))
    return {
      kind: "refused",
      message: `${failing}, no other key that is left is at hand here, and this host has no journal that could tell of a login by one`,
    };
  const logins = Buffer.from(read.journal)
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const entry = readSshdEntry(line);
      const login = entry && entry.at > since ? readLoginMessage(entry.message) : null;
      return login && login.account === user && !login.isPartial ? [login] : [];
    });
  const [login] = logins;
  if (!login) {
    const awaited = { kind: "login" as const, account: user };
    return { kind: "unsure", awaited, message: formatAwaited(awaited) };
  }
  const from = login.from === null ? "" : ` from ${login.from}`;
  return { kind: "proved", evidence: [described(`${failing}; the journal tells of a login since${from}`)] };
}
