import {
  closesForGood,
  type ExpectedCertificates,
  evaluateShown,
  expectedLeaves,
  helloName,
  isUnusable,
  READ_CLOSED,
} from "#domain/runs/renewal/verification-endpoints.ts";
import type { Step } from "#domain/runs/step.ts";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { isFailure } from "#net/tcp-connect.ts";
import type { ChainsAt, ShownAt } from "#net/tls/probe-endpoint.ts";
import { acquireSession, type RunContext, SessionLost } from "#runs/engine/runbook.ts";
import type { ServerKind, VerificationEndpoint } from "#shared/model/runs/deployment.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";
import { formatVerificationEndpoint } from "#shared/text/certificates/deployment.ts";
import type { RenewalRun } from "./tools.ts";
import { changesOf, orderOf, toolsOf } from "./tools.ts";

/** `staysUp`: its servers reload without ending, so none is down while it starts again. */
export type Expected = VerificationEndpoint & { expects: ExpectedCertificates; staysUp: boolean };

/** What was shown so far, by endpoint and address. */
type Readings = Map<string, ShownAt[]>;

type ServedOutcome =
  /** `addresses`: of how many endpoints; `leavesAlone`: at how many addresses only the leaf could be read. */
  { kind: "served"; addresses: number; leavesAlone: number } | { kind: "not-served"; whys: string[] };

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4_000;
/** The last of the old processes of a server that was reloaded may answer for a while. */
const ROUNDS_IN_A_ROW = 2;

/**
 * Probes every endpoint until one of these is so: each shows the new certificate (`new`) with its intermediates, or the
 * one that was there before, twice in a row; the time is over; or a server refuses every handshake now that it has read
 * the new one, by an alert or by ending each connection. During a roll-back an endpoint that the login does not reach
 * any more is left out, and that is noted.
 */
export async function verifyServed(
  run: RenewalRun,
  step: Step,
  which: "new" | "old",
  timeoutMs: number,
): Promise<ServedOutcome> {
  const all = expectedAt(run, step, which);
  const expected = which === "old" ? await leaveOutUnled(run, step, all) : all;
  const mayGiveUp = step.phase === "install" && which === "new";
  return probeUntil(run, step, { expected, chainsAt: toolsOf(run).chainsAt, mayGiveUp, timeoutMs });
}

/**
 * `mayGiveUp`: it ends before its time where a server refuses every handshake. Rejects with `SessionLost`, as what
 * probes from a host does.
 */
type PresentedQuery = {
  expected: readonly Expected[];
  chainsAt: ChainsAt;
  mayGiveUp: boolean;
  timeoutMs: number;
};

/** Probes endpoints until each presents what is expected, twice in a row, or the time is over. */
export async function probeUntil(
  run: RunContext,
  step: Step,
  { expected, chainsAt, mayGiveUp, timeoutMs }: PresentedQuery,
): Promise<ServedOutcome> {
  const begun = performance.now();
  let inARow = 0;
  const readings: Readings = new Map();
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const { wrong, unusable, leavesAlone } = await probeAll(run, step, { expected, readings, chainsAt });
    if (mayGiveUp && unusable.length > 0) return { kind: "not-served", whys: unusable.slice(0, MOST_SAID) };
    inARow = wrong.length === 0 ? inARow + 1 : 0;
    run.trace("served", step.ordinal, step.phase, wrong.length === 0 ? "as-expected" : "not-yet");
    if (inARow >= ROUNDS_IN_A_ROW || expected.length === 0)
      return { kind: "served", addresses: expected.length, leavesAlone };
    if (wrong.length > 0 && performance.now() - begun + pause > timeoutMs)
      return { kind: "not-served", whys: wrong.slice(0, MOST_SAID) };
    if (wrong.length > 0)
      await run.journal.noteRetrying(step.ordinal, { kind: "not-served", whys: wrong.slice(0, 1) });
    await run.retryPolicy.wait(inARow > 0 ? FIRST_PAUSE_MS : pause, run.signal);
  }
}

export const STAYS_UP: ReadonlySet<ServerKind> = new Set([
  "nginx",
  "apache",
  "haproxy",
  "postfix",
  "dovecot",
]);

const MOST_SAID = 3;

const expectedAt = (run: RenewalRun, step: Step, which: "new" | "old"): Expected[] =>
  changesOf(run, step).flatMap((change) => {
    const known = { fresh: orderOf(run, step, change), old: change.old };
    const staysUp = change.services.every(({ server }) => STAYS_UP.has(server));
    return change.verificationEndpoints.map((verification) => ({
      ...verification,
      staysUp,
      expects: expectedLeaves(verification, which, known),
    }));
  });

/** Where the new certificate could not be seen whatever its servers do; null: nowhere. Rejects with `SessionLost`. */
export async function whyUnprovable(
  run: RenewalRun,
  step: Step,
  remote: RemoteSession,
): Promise<Cause | null> {
  return whyUnseen(
    run,
    changesOf(run, step).flatMap((change) => change.verificationEndpoints),
    remote,
  );
}

/** The same of these endpoints. */
export async function whyUnseen(
  run: RunContext,
  endpoints: readonly VerificationEndpoint[],
  remote: RemoteSession,
): Promise<Cause | null> {
  const unled = await findUnled(endpoints, remote.proxy, run.signal);
  if (unled.length === 0) return null;
  await refuseEnded(remote);
  const whys = unled.slice(0, MOST_SAID).map(({ why }) => why);
  return { kind: "served-not-visible", whys };
}

async function leaveOutUnled(run: RenewalRun, step: Step, expected: Expected[]): Promise<Expected[]> {
  if (!expected.some(isByHost)) return expected;
  const { remote } = await acquireSession(run, step.host ?? -1);
  const unled = await findUnled(expected, remote.proxy, run.signal);
  if (unled.length === 0) return expected;
  await refuseEnded(remote);
  const whys = unled.slice(0, MOST_SAID).map(({ why }) => why);
  await run.journal.note(step.ordinal, { kind: "served-not-seen", whys });
  const out = new Set(unled.map(({ verification }) => verification));
  return expected.filter((one) => !out.has(one));
}

/** Rejects with `SessionLost` if the login has ended: then probes through it tell nothing. */
async function refuseEnded({ ended }: RemoteSession): Promise<void> {
  const lost = await Promise.race([ended, Promise.resolve(null)]);
  if (lost) throw new SessionLost(lost.message);
}

const isByHost = ({ from }: VerificationEndpoint): boolean => from === "host";

/** `unusable`: what is wrong even if we wait. `leavesAlone`: at how many addresses only the leaf could be read. */
type ServedFaults = { wrong: string[]; unusable: string[]; leavesAlone: number };

/**
 * Rejects with `SessionLost` if an endpoint is probed from a host that cannot be logged in to, or whose login has
 * ended.
 */
async function probeAll(
  run: RunContext,
  step: Step,
  { expected, readings, chainsAt }: { expected: readonly Expected[]; readings: Readings; chainsAt: ChainsAt },
): Promise<ServedFaults> {
  const remote = expected.some(isByHost) ? (await acquireSession(run, step.host ?? -1)).remote : null;
  const probed = await Promise.all(
    expected.map((one) => probeOne(run.signal, one, { proxy: remote?.proxy ?? null, readings, chainsAt })),
  );
  const wrong = probed.flatMap((one) => one.wrong);
  if (remote && wrong.length > 0) await refuseEnded(remote);
  const unusable = probed.flatMap((one) => one.unusable);
  return { wrong, unusable, leavesAlone: probed.reduce((sum, one) => sum + one.leavesAlone, 0) };
}

/** What is wrong at each address of an endpoint. */
async function probeOne(
  signal: AbortSignal,
  one: Expected,
  { proxy, readings, chainsAt }: { proxy: ProxyRoute | null; readings: Readings; chainsAt: ChainsAt },
): Promise<ServedFaults> {
  if (isByHost(one) && proxy === null)
    return {
      wrong: [`${formatVerificationEndpoint(one)}: this login leads to nothing beyond its host`],
      unusable: [],
      leavesAlone: 0,
    };
  const probed = { ...one, serverName: helloName(one) };
  const shown = await chainsAt(probed, isByHost(one) ? proxy : null, signal);
  const formatWrong = (at: ShownAt): string[] => {
    const why = evaluateShown(one.before, one.expects, at);
    if (why === null) return [];
    const where = formatVerificationEndpoint(one);
    const whence = at.address === one.address ? where : `${where} (${at.address})`;
    return [at.chain.length === 0 ? `${whence}: ${why}` : `${whence} ${why}`];
  };
  const wrong = shown.flatMap(formatWrong);
  const isLost = (at: ShownAt): boolean => {
    const key = `${formatVerificationEndpoint(one)} ${at.address}`;
    const all = [...(readings.get(key) ?? []), at].slice(-READ_CLOSED);
    readings.set(key, all);
    return isUnusable(one.before, at) || (one.staysUp && closesForGood(one.before, all));
  };
  const unusable = shown.filter(isLost).flatMap(formatWrong);
  return { wrong, unusable, leavesAlone: shown.filter((at) => at.isLeafAlone).length };
}

type Unled<Endpoint> = { verification: Endpoint; why: string };

/**
 * The endpoints that only their host reaches, and that its login does not reach now: nothing that is done to a server
 * changes that, or is shown by it. A server that does not listen is not one of them. Rejects only on `signal`.
 */
export async function findUnled<Endpoint extends VerificationEndpoint>(
  verificationEndpoints: readonly Endpoint[],
  proxy: ProxyRoute | null,
  signal: AbortSignal,
): Promise<Unled<Endpoint>[]> {
  const found = await Promise.all(
    verificationEndpoints.map(async (verification) => {
      if (verification.from !== "host") return [];
      const why = await whyUnled(verification, proxy, signal);
      return why === null
        ? []
        : [{ verification, why: `${formatVerificationEndpoint(verification)}: ${why}` }];
    }),
  );
  return found.flat();
}

async function whyUnled(
  { address, addresses = [address], port }: VerificationEndpoint,
  proxy: ProxyRoute | null,
  signal: AbortSignal,
): Promise<string | null> {
  if (proxy === null) return "this login leads to nothing beyond its host";
  for (const host of addresses) {
    const reached = await proxy.reach({ host, port }, signal);
    if (!isFailure(reached)) reached.stream.destroy();
    else if (reached.outcome === "jump-failed") return reached.message;
  }
  return null;
}
