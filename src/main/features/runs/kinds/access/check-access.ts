/**
 * Whether sshd refuses the keys whose lines a removal has taken away: for each account, we offer it the public key
 * alone.
 */
import type { HostSession } from "#connect/host-sessions.ts";
import type { Step } from "#domain/runs/step.ts";
import { type KeyLine, readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { expandsWildcards, hasWildcard, keyFilesOf } from "#domain/ssh/deciders/files.ts";
import { isAuthority, letsIn } from "#domain/ssh/deciders/lines.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import {
  type AccountInspection,
  type FileInspection,
  inspectAccount,
  inspectFile,
  inspectHost,
  settingOf,
} from "#net/ssh/session/inspect-host.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type {
  RefusalVerification,
  VerificationKey,
  VerificationRoute,
} from "#net/ssh/verify/verification.ts";
import { verifyRefused } from "#net/ssh/verify/verify-login.ts";
import { hostOf, SessionLost } from "#runs/engine/runbook.ts";
import { toInstant } from "#shared/model/instant.ts";
import { type FilePlan, type HostPlan, oldKeyOf, verificationsOf } from "#shared/model/runs/plan.ts";
import type { AccessCheck } from "#shared/model/runs/run.ts";
import type { Evidence } from "#shared/model/runs/step-result.ts";
import { filesLeft } from "./hold-folders.ts";
import { contextOf, type KeyRun, newKeyLine } from "./key-run.ts";
import { linesOfStep, linesRemoved } from "./move-file.ts";

/** A key that an account must not accept any more. */
type Removed = { account: string; key: PublicKey };

/** Pauses between tries; an sshd that penalizes our address for what it has refused accepts connections again later. */
const PAUSES_MS = [2_000, 10_000, 20_000];

/**
 * Checks every account of a removal, and stores the answers. Empty if nothing must be refused. Rejects with
 * `SessionLost`.
 */
export async function checkAccess(run: KeyRun, step: Step, session: HostSession): Promise<AccessCheck[]> {
  if (step.phase !== "revoke") return [];
  const host = hostOf(run, step);
  const checks: AccessCheck[] = [];
  const { removed: all, from } = await findRemoved(run, step, session);
  for (const removed of all) {
    const answer = await checkPatiently(run, { host, session, from }, removed);
    const { account, key } = removed;
    const check: AccessCheck = {
      host: host.host,
      port: host.port,
      account,
      fingerprint: key.fingerprint,
      ...answer,
      at: toInstant(new Date()),
    };
    await run.journal.keepCheck(check);
    checks.push(check);
  }
  return checks;
}

/** `from`: the address of this computer as the host sees it; null: not known. */
async function findRemoved(
  run: KeyRun,
  step: Step,
  { remote }: HostSession,
): Promise<{ removed: Removed[]; from: string | null }> {
  const verifications = verificationsOf(hostOf(run, step));
  const reading = await inspectHost(remote);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const own = await inspectAccount(remote, remote.user, null);
  if (own.kind === "lost") throw new SessionLost(own.message);
  const from = own.kind === "seen" ? own.account.from : null;
  const login = { address: from, unixTime: reading.host.epochSeconds };
  const found = new Map<string, Removed>();
  for (const { file } of filesLeft(run, step)) {
    const kept = linesPut(file, step, newKeyLine(run));
    const gone = readAuthorizedKeys(linesRemoved(file, newKeyLine(run))).filter((line) => !isAuthority(line));
    const readers = [file.account, ...(file.others ?? [])].filter((account) =>
      verifications.some((verification) => verification.account === account),
    );
    for (const { key } of gone) {
      // A line that was restricted, but still admits our address, accepts the key as before.
      const isKept = kept.some(
        (line) => line.key?.fingerprint === key?.fingerprint && letsIn(line.parsedOptions, login) !== false,
      );
      if (!key || isKept) continue;
      for (const account of readers) found.set(`${account} ${key.fingerprint}`, { account, key });
    }
  }
  return { removed: [...found.values()], from };
}

const linesPut = (file: FilePlan, step: Step, newKey: string | null): KeyLine[] =>
  readAuthorizedKeys(Buffer.from((linesOfStep(file, step, newKey)?.put ?? []).join("\n"), "latin1"));

type AccessQuery = { host: HostPlan; session: HostSession; from: string | null };
type AccessAnswer = { answer: AccessCheck["answer"]; why: string[] };

async function checkPatiently(run: KeyRun, query: AccessQuery, removed: Removed): Promise<AccessAnswer> {
  for (const pause of PAUSES_MS) {
    const answer = await checkOnce(run, query, removed);
    if (answer.answer !== "unknown") return answer;
    await run.retryPolicy.wait(pause, run.signal);
  }
  return checkOnce(run, query, removed);
}

/**
 * Asks the sshd that we logged in by, then each other sshd of the host that reads a file, or runs a command, which may
 * have the key.
 */
async function checkOnce(run: KeyRun, query: AccessQuery, { account, key }: Removed): Promise<AccessAnswer> {
  const { remote, route } = query.session;
  const newKey = await keyThatStays(run, query, account);
  const own = await verifyRefused(route, { user: account, oldKey: key.blob, newKey });
  // What sshd reads may depend on the address of the client.
  const reading = await inspectAccount(remote, account, query.from);
  if (reading.kind === "lost") throw new SessionLost(reading.message);
  const seen = reading.kind === "seen" ? reading.account : null;
  const means = await findAcceptedBy(remote, account, { seen, fingerprint: key.fingerprint });
  const others = own.kind === "refused" && seen ? await checkOtherSshds(route, { account, key }, means) : [];
  const accepted = others.filter(({ verification }) => verification.kind === "still-accepted");
  if (accepted.length > 0) return { answer: "accepted", why: accepted.flatMap(({ said }) => said) };
  const [unknown] = others;
  if (own.kind === "refused" && unknown) return { answer: "unknown", why: unknown.said };
  return toAnswer(own, formatAcceptedBy(means.own), seen);
}

function toAnswer(
  verification: RefusalVerification,
  means: readonly string[],
  seen: AccountInspection | null,
): AccessAnswer {
  switch (verification.kind) {
    case "refused":
      return { answer: "refused", why: [] };
    case "still-accepted":
      return { answer: "accepted", why: means.length > 0 ? [...means] : [formatHidden(seen)] };
    case "inconclusive":
    case "other-host-key":
      return { answer: "unknown", why: [verification.message] };
  }
}

const formatHidden = (seen: AccountInspection | null): string =>
  seen?.sshd == null
    ? "by something that this login may not see: log in as root, or with sudo, to know what sshd reads"
    : "by something that is in no file that sshd reads by its configuration as it stands";

type Other = { verification: RefusalVerification; said: string[] };

/**
 * Only those sshds that may have the key: each that refuses it counts a failed login. Returns all answers but refusals.
 */
async function checkOtherSshds(
  route: VerificationRoute,
  { account, key }: Removed,
  means: AcceptedBy,
): Promise<Other[]> {
  const others: Other[] = [];
  for (const { ports, found } of means.others)
    for (const port of ports) {
      const verification = await verifyRefused(routeTo(route, port), {
        user: account,
        oldKey: key.blob,
        newKey: null,
      });
      const there = found.map(({ kind, by }) => ({ kind, by: `${by} (the sshd on port ${port})` }));
      if (verification.kind === "still-accepted")
        others.push({ verification, said: formatAcceptedBy(there) });
      else if (verification.kind !== "refused")
        others.push({
          verification,
          said: [`${there.map(({ by }) => by).join(" and ")} may let it in: ${verification.message}`],
        });
    }
  return others;
}

/** The same host at another port. A route through other machines leads to one port alone. */
const routeTo = (route: VerificationRoute, port: number): VerificationRoute => ({
  ...route,
  target: { ...route.target, port },
  async open() {
    const opened = await route.open();
    if (!("stream" in opened)) return opened;
    opened.stream.destroy();
    const message = `no way from here leads to port ${port} of ${route.target.host}`;
    return { outcome: "not-supported", message, hostKey: null, isKeyRefused: false, transient: null };
  },
});

/**
 * The key that logs in after the query, so that it costs the host no failed login; null: none that is available does.
 */
async function keyThatStays(
  run: KeyRun,
  { host, session: { remote, keys } }: AccessQuery,
  account: string,
): Promise<VerificationKey | null> {
  const verification = verificationsOf(host).find((one) => one.account === account)?.verification;
  const made = run.made.newKey?.fingerprint;
  if (verification?.kind === "from-here" && made)
    return run.privateKeys.verificationKey(contextOf(run), made);
  if (account !== remote.user || remote.isTyped || remote.loginKey === oldKeyOf(run.plan)) return null;
  return keys.find(({ fingerprint }) => fingerprint === remote.loginKey) ?? null;
}

/** What a step keeps of these answers. */
export const toEvidence = (checks: readonly AccessCheck[]): Evidence[] =>
  checks.map(({ account, fingerprint, answer, why }) => ({
    kind: "access",
    account,
    fingerprint,
    answer,
    why,
  }));

/**
 * By what an account may accept a key, as the rest of a sentence after "by". `known`: the key was read there;
 * `possible`: sshd uses it, and only sshd knows whether the key is there.
 */
type MeansOfAccess = { kind: "known" | "possible"; by: string };

type AcceptedBy = {
  /** Of the sshd that we logged in by. */
  own: MeansOfAccess[];
  /** Of others of the host, on these ports; only those that have any. */
  others: { ports: number[]; found: MeansOfAccess[] }[];
};

/** Each as "by ..." or "perhaps by ...", the known ones first. */
export const formatAcceptedBy = (means: readonly MeansOfAccess[]): string[] => [
  ...means.filter(({ kind }) => kind === "known").map(({ by }) => `by ${by}`),
  ...means.filter(({ kind }) => kind === "possible").map(({ by }) => `perhaps by ${by}`),
];

const possible = (by: string): MeansOfAccess => ({ kind: "possible", by });

/**
 * Inspects what each sshd of the host reads now for the account. `seen` null: nothing is known of it. Rejects with
 * `SessionLost`.
 */
export async function findAcceptedBy(
  remote: RemoteSession,
  name: string,
  { seen, fingerprint }: { seen: AccountInspection | null; fingerprint: string },
): Promise<AcceptedBy> {
  if (!seen) return { own: [], others: [] };
  const find = (settings: ReadonlyMap<string, string>) =>
    findIn(remote, { ...seen, name }, { settings, fingerprint });
  const own = seen.sshd ? await find(seen.sshd) : [];
  const others: AcceptedBy["others"] = [];
  for (const { settings, unloadedConfig } of seen.otherSshds) {
    const found = [...(await find(settings)), ...listUnreadable(unloadedConfig)];
    if (found.length > 0) others.push({ ports: [Number(settings.get("port") ?? 22)], found });
  }
  return { own: [...own, ...listUnreadable(seen.unloadedConfig)], others };
}

/** What sshd uses is then in no file. */
function listUnreadable(unloadedConfig: readonly string[] | null): MeansOfAccess[] {
  if (unloadedConfig === null)
    return [possible("what it has read, which may be another configuration than stands there")];
  if (unloadedConfig.length === 0) return [];
  const files = unloadedConfig.join(" and ");
  return [possible(`what sshd had read before ${files} was changed: have it read its configuration again`)];
}

async function findIn(
  remote: RemoteSession,
  account: { name: string; uid: number; home: string; sshdVersion: string | null },
  { settings, fingerprint }: { settings: ReadonlyMap<string, string>; fingerprint: string },
): Promise<MeansOfAccess[]> {
  const command = settingOf(settings, "authorizedkeyscommand");
  const means = command === null ? [] : [possible(`AuthorizedKeysCommand ${command}`)];
  const values = settings.get("authorizedkeysfile")?.split(/\s+/) ?? [];
  for (const path of keyFilesOf(values, account)) {
    // Only sshd knows which files these are.
    if (hasWildcard(path) && expandsWildcards(account)) {
      means.push(possible(`a file that AuthorizedKeysFile ${path} leads to`));
      continue;
    }
    const reading = await inspectFile(remote, path);
    if (reading.kind === "lost") throw new SessionLost(reading.message);
    const { content } = reading.file;
    if (content === null && !isMissing(reading.file))
      means.push(possible(`${path}, which could not be read`));
    for (const line of readAuthorizedKeys(content ?? new Uint8Array()))
      if (line.key?.fingerprint === fingerprint && line.problem === null && !isAuthority(line))
        means.push({ kind: "known", by: `line ${line.line} of ${path}` });
  }
  return means;
}

const isMissing = ({ state, refusal }: FileInspection): boolean =>
  state === "absent" && (refusal === null || refusal.why === "absent" || refusal.why === "no-folder");
