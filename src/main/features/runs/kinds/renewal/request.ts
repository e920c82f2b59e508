import { readPem } from "#codec/pem.ts";
import { SERVER_TEST } from "#domain/runs/renewal/checks.ts";
import { evaluateIssued } from "#domain/runs/renewal/evaluate-issued.ts";
import { SERVERS } from "#domain/runs/renewal/servers.ts";
import { coversTrust, needsAcknowledgement } from "#domain/runs/renewal/trust.ts";
import type { Back, CertificateSeen, Step } from "#domain/runs/step.ts";
import { type ChallengeDeps as NearHost, type OrderDeps, TYPE_OF_METHOD } from "#net/challenges/challenge.ts";
import { clearChallenges } from "#net/ssh/session/challenges.ts";
import { testServer } from "#net/ssh/session/inspect-deployment.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { createDeploymentKey, finishDeployment } from "#net/ssh/session/replace-deployment.ts";
import {
  acquireSession,
  failed,
  Held,
  hostOf,
  needsAttention,
  rolledBack,
  SessionLost,
  type StepOutcome,
  verified,
  waiting,
} from "#runs/engine/runbook.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { ChallengeMethod, OrderNote, OrderState } from "#shared/model/issuers/issuer.ts";
import type { Replacement } from "#shared/model/runs/deployment.ts";
import { hostIdOf } from "#shared/model/runs/plan.ts";
import type { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";
import { type Cause, described } from "#shared/model/runs/step-result.ts";
import { isAcknowledged } from "#shared/text/runs/plan.ts";
import { trustCheckOf } from "#shared/text/runs/renewal-trust.ts";
import type { CertificateKey, RunCertificate } from "#store/runs/run-certificate-table.ts";
import type { RenewalRun } from "./tools.ts";
import { changesOf, keyOf, orderOf, servicesOf, tailCause, toolsOf } from "./tools.ts";

/** Challenge methods by which the host itself answers. */
const BY_HOST: ReadonlySet<ChallengeMethod["kind"]> = new Set(["webroot", "served-on-host", "tls-alpn"]);

const isAnsweredByHost = ({ challenge }: Replacement): boolean =>
  challenge !== null && BY_HOST.has(challenge.kind);

/** Removes what a killed run has left of its challenge answers on a host. Null, or what stays there. */
async function clearAnswers(
  { token }: Pick<RenewalRun, "token">,
  changes: readonly Replacement[],
  remote: RemoteSession,
): Promise<Cause | null> {
  if (!changes.some(isAnsweredByHost)) return null;
  const cleared = await clearChallenges(remote, { token });
  return cleared.kind === "left" ? described(cleared.message) : null;
}

/** Creates the new keys of a host, and certificate requests for them. Takes what an earlier try has created. */
export async function requestCertificates(run: RenewalRun, step: Step): Promise<StepOutcome> {
  const changes = changesOf(run, step);
  const { remote } = await acquireSession(run, step.host ?? -1);
  const failing = await whyFailing(run, step, remote);
  if (failing !== null) return undoRequests(run, step, { as: "failed", cause: failing });
  for (const change of changes) {
    const problem = await request(run, step, change, remote);
    if (problem !== null) return undoRequests(run, step, { as: "failed", cause: problem });
  }
  return verified([{ kind: "certificate-keys-made", count: changes.length }]);
}

/**
 * Null, or which server fails its own test before anything is new, unless the user acknowledged that in the plan: then
 * nothing is ordered.
 */
async function whyFailing(run: RenewalRun, step: Step, remote: RemoteSession): Promise<Cause | null> {
  const host = hostIdOf(hostOf(run, step));
  if (run.plan.checks.some((one) => one.id === SERVER_TEST && one.host === host)) return null;
  for (const service of servicesOf(changesOf(run, step))) {
    if (!SERVERS[service.server].testsConfiguration) continue;
    const tried = await testServer(remote, service);
    if (tried.kind === "lost") throw new SessionLost(tried.message);
    if (tried.kind === "failed" && "said" in tried)
      return { kind: "fails-own-test", server: service.server, said: tried.said };
  }
  return null;
}

async function request(
  run: RenewalRun,
  step: Step,
  change: Replacement,
  remote: RemoteSession,
): Promise<Cause | null> {
  const order = orderOf(run, step, change);
  const { key, names, id, forClients } = change;
  if (key.made === "here") return order.csr ? null : createKeyInVault(run, keyOf(run, step, change), change);
  const made = await createDeploymentKey(remote, { token: run.token, id, key: key.kind, names, forClients });
  if (made.kind !== "made") return tailCause(made, "the new key");
  const isSame = order.csr !== null && Buffer.compare(order.csr, made.csr) === 0;
  if (!isSame) await toolsOf(run).orders.set(keyOf(run, step, change), requestedWith(made.csr));
  return null;
}

/** What is known of a certificate after a new request was made for it: nothing that an earlier request has brought. */
export const requestedWith = (csr: Uint8Array): Partial<RunCertificate> => ({
  state: "requested",
  note: null,
  csr,
  chain: null,
  sha256: null,
  newHashes: null,
  orderUrl: null,
  trust: null,
});

/** Deletes the new keys, and all that was kept of the run on the host. */
export async function undoRequests(run: RenewalRun, step: Step, back: Back): Promise<StepOutcome> {
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left = await endDeployments(run, step, remote);
  if (left !== null) return needsAttention([left], back);
  return back.as === "failed" ? failed(back.cause) : rolledBack(back, "certificate-keys-removed");
}

/** Null, or why something of the run is still kept there. */
export async function endDeployments(
  run: RenewalRun,
  step: Step,
  remote: RemoteSession,
): Promise<Cause | null> {
  const { vault, orders } = toolsOf(run);
  const changes = changesOf(run, step);
  const answers = await clearAnswers(run, changes, remote);
  if (answers !== null) return answers;
  for (const change of changes) {
    const ended = await finishDeployment(remote, { token: run.token, id: change.id });
    if (ended.kind !== "ended") return tailCause(ended, `what was kept of ${change.names[0]}`);
    const { keyId } = orderOf(run, step, change);
    if (keyId === null) continue;
    await vault.forget(keyId);
    await orders.set(keyOf(run, step, change), { keyId: null });
  }
  return null;
}

/** Creates a key in the vault, and a certificate request for it. Null, or why it cannot. */
async function createKeyInVault(
  run: RenewalRun,
  at: CertificateKey,
  { key, names, forClients }: Replacement,
): Promise<Cause | null> {
  const { vault, orders } = toolsOf(run);
  const made = await vault.createKey(key.kind, {
    kind: "certificate-key",
    label: `${names[0]} on ${at.host}`,
  });
  // Written before it is used: nothing would ever delete a key that no record has.
  await orders.set(at, { keyId: made.id });
  const request = { spki: made.spki, key: key.kind, names, forClients };
  const { makeRequest } = await import("#domain/issuing/make-certificate.ts");
  const csr = await makeRequest(request, (data, how) => vault.sign(made.id, data, how));
  await orders.set(at, requestedWith(csr));
  return null;
}

/** Has the requests of a host signed. Takes the certificates that an earlier try has received. */
export async function issueCertificates(run: RenewalRun, step: Step): Promise<StepOutcome> {
  const changes = changesOf(run, step);
  await clearEarlier(run, step, changes);
  for (const change of changes) {
    const problem = await issue(run, step, change);
    if (problem !== null) return failed(problem);
  }
  const isAwaiting = changes.some((change) => orderOf(run, step, change).chain === null);
  return isAwaiting ? waiting({ kind: "certificate" }) : issuedAt(run, step);
}

/** A killed try may have left its challenge answers, which nothing else would remove until the run ends. */
async function clearEarlier(run: RenewalRun, step: Step, changes: readonly Replacement[]) {
  if (!changes.some(isAnsweredByHost)) return;
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left = await clearAnswers(run, changes, remote);
  if (left !== null) await run.journal.note(step.ordinal, { kind: "answer-left", cause: left });
}

/** Those of a host, by their SHA-256. */
export const issuedAt = (run: RenewalRun, step: Step): StepOutcome =>
  verified(
    changesOf(run, step).map((change) => ({
      kind: "issued",
      name: change.names[0] ?? "",
      sha256: orderOf(run, step, change).sha256,
    })),
  );

/** Null, or why it was not issued. */
async function issue(run: RenewalRun, step: Step, change: Replacement): Promise<Cause | null> {
  const { orders, order } = toolsOf(run);
  const at = keyOf(run, step, change);
  const known = orders.get(at);
  if (known.chain !== null) return null;
  if (!known.csr) throw new Error("a certificate is ordered before it was asked for");
  const ordered = await order(change.issuer.id, known.csr, await methodsOf(run, step, change));
  switch (ordered.kind) {
    case "waits":
      await orders.set(at, { state: "waits", note: { kind: "waits", said: ordered.what } });
      return null;
    case "refused":
      await orders.set(at, { state: "refused", note: { kind: "refused", said: ordered.message } });
      return {
        kind: "order-refused",
        name: change.names[0] ?? "",
        issuer: change.issuer.name,
        said: ordered.message,
      };
    case "issued":
      return take(run, step, change, ordered.chain);
    default:
      return assertNever(ordered);
  }
}

async function take(
  run: RenewalRun,
  step: Step,
  change: Replacement,
  came: readonly Uint8Array[],
): Promise<Cause | null> {
  const { orders, derOf, roots, now } = toolsOf(run);
  const at = keyOf(run, step, change);
  const { csr } = orders.get(at);
  const evaluated = evaluateIssued({
    came,
    csr: csr ?? new Uint8Array(),
    before: derOf(change.old),
    roots: roots(),
    now: now(),
    narrower: change.narrower ?? [],
  });
  if (evaluated.kind === "faulty") {
    await orders.set(at, {
      state: "refused",
      note: { kind: "faulty", faults: evaluated.why },
      orderUrl: null,
    });
    return {
      kind: "certificate-faulty",
      name: change.names[0] ?? "",
      issuer: change.issuer.name,
      faults: evaluated.why,
    };
  }
  const { chain, sha256, notes } = evaluated;
  await orders.set(at, { state: "issued", note: null, chain, sha256 });
  for (const note of notes) await run.journal.note(step.ordinal, { kind: "found", cause: described(note) });
  return null;
}

/**
 * Holds the run before anything is installed if clients would refuse what was issued, unless somebody has acknowledged
 * that: with the plan, or now, after the run has shown it.
 */
export async function holdUntrusted(
  run: RenewalRun,
  step: Step,
  seen: readonly CertificateSeen[],
): Promise<void> {
  const { orders, openTrust, shown } = toolsOf(run);
  const reader = await openTrust();
  const isAgreed = isAcknowledged(trustCheckOf(hostOf(run, step), ""), run.request.acknowledgements);
  const untrusted: { name: string; trust: RenewalTrust }[] = [];
  for (const [nth, change] of changesOf(run, step).entries()) {
    const { chain } = orderOf(run, step, change);
    if (seen[nth] !== "old" || chain === null) continue;
    const trust = reader.issued(change.old, readPem(Buffer.from(chain)).ders);
    if (change.trust ? coversTrust(change.trust, trust) : !needsAcknowledgement(trust)) continue;
    const name = change.names[0] ?? "";
    // Only what was shown can be acknowledged: for another host it is the same if both roots are.
    const isShown = shown.some((one) => one.old?.end === trust.old?.end && coversTrust(one, trust));
    await orders.set(keyOf(run, step, change), { trust });
    if (isAgreed && isShown)
      await run.journal.note(step.ordinal, { kind: "trust-acknowledged", name, trust });
    else untrusted.push({ name, trust });
  }
  if (untrusted.length > 0) throw new Held({ kind: "trust-unacknowledged", certificates: untrusted });
}

async function methodsOf(run: RenewalRun, step: Step, change: Replacement): Promise<OrderDeps> {
  const { orders, derOf, issuerOf, answer } = toolsOf(run);
  const at = keyOf(run, step, change);
  const { challenge, old, issuer } = change;
  const near = challenge && (await nearHost(run, step, isAnsweredByHost(change)));
  const onState = (state: OrderState) => void noteState(run, step, change, state);
  return {
    signal: run.signal,
    onState,
    days: null,
    orderUrl: orders.get(at).orderUrl,
    replaces: issuerOf(old) === issuer.id ? derOf(old) : null,
    challenges:
      challenge && near
        ? { type: TYPE_OF_METHOD[challenge.kind], answer: (requested) => answer(challenge, requested, near) }
        : null,
  };
}

async function nearHost(run: RenewalRun, step: Step, isThere: boolean): Promise<NearHost> {
  const { vault } = toolsOf(run);
  const { remote } = isThere ? await acquireSession(run, step.host ?? -1) : { remote: null };
  return {
    session: remote,
    token: run.token,
    address: hostOf(run, step).host,
    signal: run.signal,
    openSecret: (id) => vault.open(id),
  };
}

async function noteState(run: RenewalRun, step: Step, change: Replacement, state: OrderState) {
  const { orders } = toolsOf(run);
  const at = keyOf(run, step, change);
  const more = state.kind === "ordered" ? { orderUrl: state.url } : {};
  // What cannot be written now is requested of the issuer again.
  await orders.set(at, { state: "ordered", note: toNote(state), ...more }).catch(() => undefined);
}

const toNote = (state: OrderState): OrderNote =>
  state.kind === "challenge"
    ? { kind: "challenge", type: state.type, name: state.name, said: state.reason ?? state.state }
    : { kind: state.kind };
