/** Runs that renew certificates where servers read them. */
import type { OpenSessions } from "#connect/host-sessions.ts";
import { RENEWAL_RULES } from "#domain/runs/renewal/rules.ts";
import type { Observation, Step } from "#domain/runs/step.ts";
import {
  acquireSession,
  Held,
  needsAttention,
  type PhaseWork,
  type Runbook,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import type { RunKind } from "#runs/kind.ts";
import { formatByHand } from "#runs/kinds/by-hand.ts";
import { createRenewalPlanner, type RenewalPlannerDeps } from "#runs/planning/plan-renewals.ts";
import type { Announcement } from "#shared/contract/events.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RenewalHost, RenewalPlan } from "#shared/model/runs/plan.ts";
import type { RunId, RunStep } from "#shared/model/runs/run.ts";
import { described } from "#shared/model/runs/step-result.ts";
import type { Store } from "#store/store.ts";
import { installDeployments, observeFiles, undoInstall, verifyInstalled } from "./install.ts";
import { endDeployments, issueCertificates, issuedAt, requestCertificates, undoRequests } from "./request.ts";
import {
  changesOf,
  createCertificateImport,
  openOrderBook,
  orderOf,
  type ProvisionDeps,
  type RenewalRun,
  type RenewalTools,
  toOrder,
  toolsOf,
} from "./tools.ts";
import { verifyServed } from "./verify-served.ts";

export type RenewalRunbookDeps = {
  store: Store;
  /** Sessions with the verbs for servers and their files. */
  openSessions: OpenSessions;
  tools: Omit<RenewalTools, "orders" | "shown" | "now">;
  /** Probes endpoints again. */
  probeEndpoints: (endpoints: readonly TlsTarget[]) => Promise<void>;
  announce: (announcement: Announcement) => void;
  now: () => Date;
};

export function createRenewalRunbook(deps: RenewalRunbookDeps): Runbook<RenewalRun> {
  const { store, openSessions, tools, now } = deps;
  return {
    rules: RENEWAL_RULES,
    openSessions,
    phases: PHASES,
    open(base, request) {
      const orders = openOrderBook(deps, base.runId);
      const shown = orders.all().flatMap(({ trust }) => trust ?? []);
      return { ...base, request, renewal: { ...tools, orders, shown, now } };
    },
    observe: observeDeployments,
    async hasCome(run, until) {
      const isProvided = await acceptProvided(run);
      // What is installed after it has an hour of its own; while one passes somebody may import what other hosts wait
      // for.
      if (isProvided) return { kind: "came", isTimeOver: false };
      if (until === "certificate") return { kind: "not-yet" };
      const isDue = await isCheckDue(run, run.request.endsGrace);
      return isDue ? { kind: "came", isTimeOver: true } : { kind: "not-yet" };
    },
    nameWait: (_, until) => (until === "post-check" ? "post-check" : "certificate"),
    refuseUndo: async () => [],
    finish: async (_, { reasons }) => ({ state: "committed", reasons }),
    alsoHostKey: () => null,
    listExclusive: () => new Map(),
    holdsExclusive: () => false,
    begin: (run, plan) => addOrders(store, run, plan),
    listNewIdentities: () => [],
    findReasons: () => [],
    refresh: (run, hosts) => handshakeAgain(deps, run, hosts),
    describeRepair: ({ plan, steps, files, token }) => formatByHand(plan, steps, files, token),
    refuseEarlyEnd: () => undefined,
  };
}

export const createRenewalKind = (
  deps: RenewalRunbookDeps & RenewalPlannerDeps & ProvisionDeps,
): RunKind<RenewalRun> => ({
  runbook: createRenewalRunbook(deps),
  planner: createRenewalPlanner(deps),
  confirm: null,
  provideCertificate: createCertificateImport(deps),
  describe: ({ id }) => ({
    orders: deps.store.runbooks.certificates.all(id).map(toOrder),
    confirmation: null,
    oldKeyWatch: null,
    accountWatch: null,
    claims: [],
    remaining: [],
    removeKept: [],
  }),
  offline: {
    refusal: "certificates are renewed by a run alone: what they are served as is verified from here",
  },
});

/** While the vault is locked the run does not go on. */
function holding<A extends unknown[]>(work: (...args: A) => Promise<StepOutcome>) {
  return async (...args: A): Promise<StepOutcome> => {
    try {
      return await work(...args);
    } catch (error) {
      if (error instanceof Refusal && error.code === "locked") throw new Held(described(error.message));
      throw error;
    }
  };
}

const PHASES: {
  readonly [phase in "request" | "issue" | "install" | "post-check" | "finish"]: PhaseWork<RenewalRun>;
} = {
  request: {
    intend: (run, step) => ({ kind: "create-certificate-keys", count: changesOf(run, step).length }),
    act: holding(requestCertificates),
    undo: holding(undoRequests),
  },
  issue: {
    intend(run, step) {
      const changes = changesOf(run, step);
      return {
        kind: "have-signed",
        names: changes.flatMap((change) => change.names),
        issuers: [...new Set(changes.map(({ issuer }) => issuer.name))],
      };
    },
    act: holding(issueCertificates),
  },
  install: {
    intend: (run, step) => ({ kind: "install-certificates", count: changesOf(run, step).length }),
    act: holding(installDeployments),
    verify: holding(verifyInstalled),
    undo: holding(undoInstall),
  },
  "post-check": { intend: () => ({ kind: "check-served" }), act: holding(checkDeployments) },
  // After this there is no roll-back.
  finish: { intend: () => ({ kind: "clear" }), act: holding(finishDeployments) },
};

async function observeDeployments(run: RenewalRun, host: number | null): Promise<Observation> {
  if (host === null) return { kind: "certificates-seen", certificates: [], hasWork: false };
  const { remote } = await acquireSession(run, host);
  return { kind: "certificates-seen", ...(await observeFiles(run, host, remote)) };
}

/** After so long a server either serves it or does not. */
const CHECK_TIMEOUT_MS = 10_000;

/** Checks once more what is served. It rolls nothing back: what has changed since may be on purpose. */
async function checkDeployments(run: RenewalRun, step: Step): Promise<StepOutcome> {
  const served = await verifyServed(run, step, "new", CHECK_TIMEOUT_MS);
  if (served.kind === "served")
    return verified([
      { kind: "served", isAgain: true, addresses: served.addresses, leavesAlone: served.leavesAlone },
    ]);
  // A failed step would say that it was rolled back, which this one was not.
  return needsAttention([], { as: "failed", cause: { kind: "not-served-any-more", seen: served.whys } });
}

/** Removes the old files and keys. */
async function finishDeployments(run: RenewalRun, step: Step): Promise<StepOutcome> {
  const { remote } = await acquireSession(run, step.host ?? -1);
  const left = await endDeployments(run, step, remote);
  return left === null ? verified([{ kind: "cleared", isWhole: true }]) : needsAttention([left]);
}

/** Whether a certificate was imported that a step waits for. */
async function acceptProvided(run: RenewalRun): Promise<boolean> {
  let isAny = false;
  for (const step of RENEWAL_RULES.steps(run.plan).filter(({ phase }) => phase === "issue")) {
    const known = run.journal.steps().find(({ ordinal }) => ordinal === step.ordinal);
    if (!known || !awaitsCertificate(known)) continue;
    if (changesOf(run, step).some((change) => orderOf(run, step, change).chain === null)) continue;
    await run.journal.mark(step.ordinal, "verified", issuedAt(run, step).result);
    isAny = true;
  }
  return isAny;
}

const awaitsCertificate = ({ state, result }: RunStep): boolean =>
  state === "acted" && result?.kind === "waiting" && result.for.kind === "certificate";

/** Whether the new certificates have been served for as long as the plan wants before the post-deployment check. */
async function isCheckDue(run: RenewalRun, endsNow: boolean): Promise<boolean> {
  if (endsNow) {
    await run.journal.note(null, { kind: "post-check-hurried" });
    return true;
  }
  const served = run.journal
    .steps()
    .flatMap(({ phase, state, at }) => (phase === "install" && state === "verified" && at ? [at] : []));
  const last = served.toSorted().at(-1);
  if (!last) return true;
  const due: Instant = toInstant(new Date(Date.parse(last) + run.plan.options.postCheckMinutes * 60_000));
  await run.journal.setDue(due);
  return toInstant(toolsOf(run).now()) >= due;
}

function addOrders({ runbooks }: Store, run: RunId, { hosts }: RenewalPlan): void {
  for (const { host, port, certificates } of hosts)
    for (const { id: change, names, issuer } of certificates)
      runbooks.certificates.add(run, { host, port, change, names, issuer: issuer.id });
}

/** Wherever an old or a new certificate of these hosts was seen. */
async function handshakeAgain(
  { store, probeEndpoints }: RenewalRunbookDeps,
  run: RunId,
  hosts: readonly RenewalHost[],
): Promise<void> {
  const { servers, certificates } = store.runbooks;
  const olds = hosts.flatMap((host) => host.certificates).map(({ old }) => old);
  if (olds.length === 0) return;
  const all = [...olds, ...certificates.all(run).flatMap(({ sha256 }) => sha256 ?? [])];
  const endpoints = all.flatMap((sha256) => servers.endpointsOf(sha256));
  await probeEndpoints([...new Map(endpoints.map((one) => [JSON.stringify(one), one])).values()]);
}
