/** The key that logged us in is tried again before a change of that account's files stays. */
import type { HostSession } from "#connect/host-sessions.ts";
import { filesOf } from "#domain/runs/files/stages.ts";
import type { Step } from "#domain/runs/step.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { readLoginMessage, readSshdEntry } from "#domain/use/login-messages.ts";
import { publicBlobOf } from "#net/ssh/identities.ts";
import { inspectFile, inspectHost, readLoginLines } from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { LoginVerification, VerificationKey } from "#net/ssh/verify/verification.ts";
import { verifyClientLogin, verifyFromKeyHost } from "#net/ssh/verify/verify-by-client.ts";
import { isForSsh2, readRefusalReason, verifyLogin, verifyRefused } from "#net/ssh/verify/verify-login.ts";
import { acquireSession, hostOf, SessionLost } from "#runs/engine/runbook.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { hostIdOf, type KeyPlan, newKeyOf, oldKeyOf, verificationsOf } from "#shared/model/runs/plan.ts";
import type { PlannedVerification } from "#shared/model/runs/planned-verification.ts";
import { described, type Evidence } from "#shared/model/runs/step-result.ts";
import { OWN_LOGIN } from "#shared/text/runs/plan.ts";
import { readVerification, verifyConfirmed } from "./confirm-key.ts";
import { accountsLeftOut } from "./hold-folders.ts";
import { contextOf, type KeyRun, nameKey, type VerificationOutcome } from "./key-run.ts";

type LoginsOfStep = { step: Step; host: KeyPlan["hosts"][number]; session: HostSession };

/** Verifies, for every account whose files a step changes, that those who should be able to log in can. */
export async function verifyAccounts(
  run: KeyRun,
  step: Step,
  session: HostSession,
): Promise<VerificationOutcome> {
  const host = hostOf(run, step);
  const login = { step, host, session };
  const accounts = accountsOf(run, step);
  const evidence: Evidence[] = [];
  const kinds = new Set<VerificationOutcome["kind"]>();
  for (const { account, verification } of verificationsOf(host).filter((one) => accounts.has(one.account))) {
    const outcome = await verifyLet(run, login, account, verification);
    if (!("evidence" in outcome)) return outcome;
    kinds.add(outcome.kind);
    evidence.push(...outcome.evidence);
  }
  const own = await verifyOwnLogin(run, login, accounts);
  if (!("evidence" in own)) return own;
  kinds.add(own.kind);
  const kind = kinds.has("awaits-log") ? "awaits-log" : kinds.has("unverified") ? "unverified" : "verified";
  return { kind, evidence: [...evidence, ...own.evidence] };
}

/**
 * Also accounts whose files have the new key's line already, before the old one goes, and others who log in by a file.
 */
function accountsOf(run: KeyRun, step: Step): Set<string> {
  const host = hostOf(run, step);
  const { files } = host;
  const verifications = verificationsOf(host);
  const leftOut = accountsLeftOut(run, step);
  const first = new Set(files.map(({ account }) => account));
  const others = verifications.flatMap(({ account }) => (first.has(account) ? [] : [account]));
  const isAll = step.phase === "grant" && newKeyOf(run.plan) !== null;
  const changed = isAll ? first : filesOf(files, step).map(({ file }) => file.account);
  return new Set([...changed, ...others].filter((account) => !leftOut.has(account)));
}

/** Verifies that those who should be able to log in to an account can. */
async function verifyLet(
  run: KeyRun,
  login: LoginsOfStep,
  account: string,
  verification: PlannedVerification,
): Promise<VerificationOutcome> {
  switch (verification.kind) {
    case "none":
      return { kind: "unverified", evidence: [{ kind: "no-login", account, why: verification.why }] };
    case "by-hand":
      return { kind: "unsure", cause: { kind: "verified-by-hand", account } };
    case "by-log":
      return (await verifyConfirmed(run, login, account)) ?? { kind: "awaits-log", evidence: [] };
    case "from-host":
      return readVerification(run, account, await verifyWherePrivateKeyIs(run, login, account, verification));
    case "from-here":
      return verifyFromHere(run, login, account, verification.runs);
    default:
      return assertNever(verification);
  }
}

async function verifyFromHere(
  run: KeyRun,
  login: LoginsOfStep,
  account: string,
  runs: "command" | "nothing",
): Promise<VerificationOutcome> {
  const { session } = login;
  const fingerprint = run.made.newKey?.fingerprint ?? oldKeyOf(run.plan);
  const key = fingerprint && (await run.privateKeys.verificationKey(contextOf(run), fingerprint));
  if (!key) return { kind: "unsure", cause: { kind: "key-not-usable-here", account } };
  const verified = readVerification(
    run,
    account,
    await verifyLogin(session.route, { user: account, key, runs }),
  );
  return verified.kind === "refused" ? addReason(verified, account, session) : verified;
}

/** How far back the host's log is read for the reason of a login that it has just refused. */
const JUST_NOW_SECONDS = 30;

async function addReason(
  refused: Extract<VerificationOutcome, { kind: "refused" | "alarm" }>,
  account: string,
  { remote }: HostSession,
): Promise<VerificationOutcome> {
  const reading = await inspectHost(remote);
  if (reading.kind === "lost") return refused;
  const sinceEpoch = reading.host.epochSeconds - JUST_NOW_SECONDS;
  const why = await readRefusalReason(remote, { account, sinceEpoch });
  return why === null || refused.cause.kind !== "login-refused"
    ? refused
    : { ...refused, cause: { ...refused.cause, logged: why } };
}

async function verifyWherePrivateKeyIs(
  run: KeyRun,
  { host, session }: LoginsOfStep,
  account: string,
  verification: Extract<PlannedVerification, { kind: "from-host" }>,
): Promise<LoginVerification> {
  const newKey = newKeyOf(run.plan);
  const hostIndex = run.plan.hosts.findIndex(
    (one) => one.host === verification.host && one.port === verification.port,
  );
  const made = run.made.newKey;
  if (hostIndex < 0 || newKey?.kind !== "made-on-host" || !made)
    return {
      kind: "inconclusive",
      why: "impossible",
      message: `${verification.host} is not a host of the plan`,
    };
  const { remote } = await acquireSession(run, hostIndex);
  const fresh = await inspectFile(remote, `${newKey.path}.latchkey-new`);
  const isFresh = fresh.kind === "seen" && fresh.file.state === "file";
  return verifyFromKeyHost(remote, {
    target: { host: host.host, port: host.port },
    user: account,
    runs: verification.runs,
    hostKey: session.remote.hostKey.blob,
    fingerprint: made.fingerprint,
    keyFile: isFresh ? `${newKey.path}.latchkey-new` : newKey.path,
  });
}

type StepAtHost = { step: Step; host: KeyPlan["hosts"][number]; session: HostSession };

/**
 * Where a file of our own account was changed, the key or the certificate that logged us in logs in once more. If the
 * user acknowledged that it will not, another login must work: by another key that is available here, or anybody's, if
 * the host's journal shows it.
 */
async function verifyOwnLogin(
  run: KeyRun,
  login: StepAtHost,
  accounts: ReadonlySet<string>,
): Promise<VerificationOutcome> {
  const { remote, keys, route } = login.session;
  const { user, loginKey, loginCertificate, isTyped } = remote;
  // A rotation shows that the new one logs in instead.
  const isReplaced = newKeyOf(run.plan) !== null && (loginKey ?? loginCertificate) === oldKeyOf(run.plan);
  if (isReplaced || !accounts.has(user)) return { kind: "verified", evidence: [] };
  if (loginCertificate !== null)
    return verifyByClientAgain(run, login, { fingerprint: loginCertificate, isCertificate: true });
  if (loginKey === null) return { kind: "verified", evidence: [] };
  const key = keys.find(({ fingerprint }) => fingerprint === loginKey);
  // The key is on a token, which only OpenSSH's client has read.
  if (!key) return verifyByClientAgain(run, login, { fingerprint: loginKey, isCertificate: false });
  if (isTyped && isForSsh2(key)) return checkOwnKey(run, login, publicBlobOf(key));
  const verified = await verifyLogin(route, { user, key, runs: "nothing" });
  if (verified.kind === "verified")
    return { kind: "verified", evidence: [{ kind: "own-login", account: user, by: "key" }] };
  if (verified.kind === "refused" && isAgreedTo(run, login)) return verifyLeft(run, login);
  return readVerification(run, user, verified, "key");
}

/** Offers what this very login has offered: a key in another selection may be refused because of those before it. */
async function verifyByClientAgain(
  run: KeyRun,
  login: StepAtHost,
  accepted: { fingerprint: string; isCertificate: boolean },
): Promise<VerificationOutcome> {
  const { remote, route } = login.session;
  const { user, clientKeys: keys } = remote;
  const { client } = route;
  if (!client) throw new Error(`${accepted.fingerprint} was accepted without OpenSSH's client`);
  const by = letInBy(remote);
  const verified = await verifyClientLogin({ ...route, client }, { user, keys, accepted });
  if (verified.kind === "verified") {
    return { kind: "verified", evidence: [{ kind: "own-login", account: user, by }] };
  }
  if (verified.kind !== "refused") return readVerification(run, user, verified, by);
  if (isAgreedTo(run, login)) return verifyLeft(run, login);
  return {
    kind: "refused",
    cause: { kind: "own-login-ended", account: user, by, said: verified.message },
  };
}

/** The key logs in only together with typed input: so we ask without a signature whether sshd accepts it. */
async function checkOwnKey(run: KeyRun, login: StepAtHost, oldKey: Uint8Array): Promise<VerificationOutcome> {
  const { user } = login.session.remote;
  const answer = await verifyRefused(login.session.route, { user, oldKey, newKey: null });
  switch (answer.kind) {
    case "still-accepted":
      return {
        kind: "verified",
        evidence: [{ kind: "own-key-accepted", account: user }],
      };
    case "refused":
      return isAgreedTo(run, login)
        ? verifyLeft(run, login)
        : { kind: "refused", cause: { kind: "own-key-refused", account: user } };
    case "inconclusive":
      return {
        kind: "unverified",
        evidence: [{ kind: "own-key-untried", account: user, why: answer.message }],
      };
    case "other-host-key":
      return { kind: "alarm", cause: described(answer.message) };
    default:
      return assertNever(answer);
  }
}

const letInBy = ({ loginCertificate }: RemoteSession): "key" | "certificate" =>
  loginCertificate === null ? "key" : "certificate";

/** Whether the plan has that acknowledgement: no run begins before all of them were given. */
const isAgreedTo = ({ plan }: KeyRun, { host, session }: StepAtHost): boolean =>
  plan.checks.some(
    ({ id, state, host: hostIndex, account }) =>
      id === OWN_LOGIN &&
      state === "acknowledge" &&
      hostIndex === hostIdOf(host) &&
      account === session.remote.user,
  );

/** Each that is refused costs the host a failed login. */
const MOST_TRIED = 3;

/** Another login since the change: by a key available here that is in the account's files, or by anybody. */
async function verifyLeft(run: KeyRun, login: StepAtHost): Promise<VerificationOutcome> {
  const { remote, route } = login.session;
  const { user } = remote;
  for (const key of (await keysLeft(run, login)).slice(0, MOST_TRIED)) {
    const verified = await verifyLogin(route, { user, key, runs: "nothing" });
    if (verified.kind === "other-host-key") return { kind: "alarm", cause: described(verified.message) };
    if (verified.kind !== "verified") continue;
    const by = letInBy(remote);
    return {
      kind: "verified",
      evidence: [{ kind: "other-login", account: user, key: nameKey(run, key.fingerprint), by }],
    };
  }
  return findOtherLogin(run, login);
}

async function keysLeft(run: KeyRun, { host, session }: StepAtHost): Promise<VerificationKey[]> {
  const { remote, keys } = session;
  const standing = new Set<string>();
  for (const { path, account, others = [] } of host.files) {
    if (account !== remote.user && !others.includes(remote.user)) continue;
    const reading = await inspectFile(remote, path);
    if (reading.kind === "lost") throw new SessionLost(reading.message);
    for (const { key } of readAuthorizedKeys(reading.file.content ?? new Uint8Array()))
      if (key) standing.add(key.fingerprint);
  }
  return keys.filter(
    ({ fingerprint }) =>
      standing.has(fingerprint) && fingerprint !== remote.loginKey && fingerprint !== oldKeyOf(run.plan),
  );
}

/** In every log entry of sshd that names a key. */
const ANY_KEY = "SHA256:";

async function findOtherLogin(
  run: KeyRun,
  { step, session: { remote } }: StepAtHost,
): Promise<VerificationOutcome> {
  const { user } = remote;
  const reading = await inspectHost(remote);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const since = run.awaitedSince.get(step.ordinal) ?? reading.host.epochSeconds;
  run.awaitedSince.set(step.ordinal, since);
  const read = await readLoginLines(remote, { sinceEpoch: since, fingerprints: [ANY_KEY] });
  if (read.kind === "lost") throw new SessionLost(read.message);
  const by = letInBy(remote);
  if (read.kind !== "read" || !read.sources.includes("journal"))
    return { kind: "refused", cause: { kind: "no-other-login", account: user, by } };
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
    return { kind: "unsure", awaited, cause: { kind: "awaited", for: awaited } };
  }
  const { from } = login;
  return { kind: "verified", evidence: [{ kind: "other-login-in-log", account: user, from, by }] };
}
