import { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { Replacement } from "#shared/model/runs/deployment.ts";
import {
  type AccessHost,
  type FilePlan,
  NEW_KEY_PLACEHOLDER,
  type Plan,
  type PlanId,
  RenewalPlan,
  RotateKeyPlan,
} from "#shared/model/runs/plan.ts";
import type { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";
import { Phase, type RunId, RunOrder, RunState, type RunStep, StepState } from "#shared/model/runs/run.ts";
import { described } from "#shared/model/runs/step-result.ts";
import { writeExactly } from "#shared/text/exact-bytes.ts";
import type { Store } from "#store/store.ts";
import { START } from "#store/testing/make-visit.ts";

const HASH = "ab".repeat(32);

/** Makes a plan with a payload in every field that a host, a file or a person can write, and its run. */
export function fillRunbook(store: Store, payload: string, index: number): void {
  fillRun(store, { payload, index, plan: makePlan(payload, index) });
}

/** The same for a renewal, with texts of its issuer. */
export function fillRenewal(store: Store, payload: string, index: number): void {
  const plan = makeRenewal(payload, index);
  const id = fillRun(store, { payload, index, plan });
  const at = { host: plan.hosts[0]?.host ?? "", port: 22, change: "c0" };
  const names = [payload, payload];
  store.runbooks.certificates.add(id, { ...at, names, issuer: 1 });
  store.runbooks.certificates.set(id, {
    ...at,
    names,
    issuer: 1,
    state: pick(RunOrder.shape.state.options, index),
    note: { kind: "refused", said: payload },
    csr: new TextEncoder().encode(payload),
    keyId: payload,
    orderUrl: payload,
    chain: payload,
    sha256: index % 2 === 0 ? HASH : null,
    newHashes: [payload],
    trust: makeTrust(payload),
  });
}

/** Names of authorities are written by whoever made them. */
const makeTrust = (payload: string): RenewalTrust => {
  const chain = {
    issuer: payload,
    isSelfSigned: false,
    root: payload,
    end: payload,
    trustedBy: [],
    unknownTo: [],
  };
  return { old: chain, next: chain, by: "issued", root: "other", lost: ["mozilla"], kept: [], unsure: [] };
};

type Wanted = { payload: string; index: number; plan: Plan };

function fillRun(store: Store, { payload, index, plan }: Wanted): RunId {
  const { plans, runs, journal, files } = store.runbooks;
  const planId = plans.take({ plan, hash: HASH, at: START });
  const { kind } = plan;
  const id = runs.begin({
    ...makeRun(payload, planId),
    kind,
    origin: "live",
    token: `${kind} ${payload}${index}`,
  });
  runs.setKey(id, { line: payload, fingerprint: payload });
  runs.setState({
    id,
    state: pick(RunState.options, index),
    reasons: [{ kind: "blocked", cause: described(payload) }],
    byHand: [payload, `rm ${payload}`],
    endedAt: START,
  });
  journal.addSteps(
    id,
    Phase.options.map((phase, at) => makeStep(payload, phase, at)),
  );
  for (const fate of ["left-out", "stuck"] as const)
    files.put(id, {
      host: payload.slice(0, 200),
      port: 22,
      path: `${payload}${fate}`,
      phase: "grant",
      fate,
      cause: described(payload),
      takeOut: [payload],
      putBack: [payload],
      repair: fate === "stuck" ? { over: HASH, to: HASH, isApproved: false } : null,
    });
  fillClaim(store, id, { payload, index, planId });
  for (const entry of ["intends", "failed"] as const)
    journal.append({
      runId: id,
      ordinal: 2,
      kind: entry,
      note: { kind: "connection-lost", why: payload },
      at: START,
    });
  const tried = { kind: "retrying" as const, cause: described(payload) };
  journal.append({ runId: id, ordinal: 2, kind: "failed", result: tried, at: START });
  return id;
}

/** The claim about a host in a result that nobody has signed. */
function fillClaim(
  { runbooks: { offline } }: Store,
  run: RunId,
  { payload, index, planId }: { payload: string; index: number; planId: PlanId },
): void {
  const nonce = `${run} ${index}`;
  const host = payload.slice(0, 200);
  offline.addScript({ nonce, planId, host, port: 22, phases: ["create-key"], at: START });
  const script = offline.findScript(nonce)?.id ?? 0;
  offline.putResult({
    digest: nonce,
    script,
    run,
    verifiedBy: null,
    signature: { hostKey: payload, person: { kind: "unsupported", why: payload }, confirmed: null },
    outcome: "done",
    why: payload,
    endedAt: START,
    newKey: { line: payload, fingerprint: payload },
    importedAt: START,
    body: new Uint8Array(),
  });
}

const pick = <Value>(values: readonly Value[], index: number): Value =>
  values[index % values.length] as Value;

const makeRun = (payload: string, planId: PlanId) => ({
  planId,
  title: payload,
  at: START,
  acknowledgements: [payload],
  counts: { hosts: 1, adds: 1, changes: 0, removes: 1 },
});

const makeStep = (payload: string, phase: Phase, at: number): RunStep => ({
  ordinal: at + 1,
  phase,
  host: payload.slice(0, 200),
  port: 22,
  batch: 0,
  verification: null,
  result: {
    kind: "needs-attention",
    cause: { kind: "file-changed", path: payload },
    left: [described(payload)],
  },
  state: pick(StepState.options, at + 1),
  message: payload,
  at: START,
});

function makePlan(payload: string, index: number): RotateKeyPlan {
  return RotateKeyPlan.parse({
    format: "latchkey-plan-1",
    kind: "rotate-key",
    title: payload,
    madeAt: START,
    oldKey: payload,
    newKey: { kind: "made-here", keyType: payload, comment: payload, path: payload },
    options: {},
    hosts: [makeHost(payload, index)],
    here: [makeHolder(payload)],
    checks: (["ok", "warning", "acknowledge", "refused"] as const).map((state) => ({
      state,
      id: payload,
      host: payload,
      account: payload,
      text: `${state} ${payload}`,
    })),
    leftOut: [payload],
    asOf: null,
    remaining: [],
    confirm: { word: payload, why: [payload] },
  });
}

const makeHost = (payload: string, index: number): AccessHost => ({
  host: `${payload.slice(0, 200)}${index}`,
  port: 22,
  user: payload,
  useSudo: true,
  batch: 0,
  hostKey: payload,
  rollbackTimer: "at",
  files: [makeFile(payload)],
  privateKeyLocations: [makeHolder(payload)],
  verifications: [{ account: payload, verification: { kind: "none", why: payload } }],
});

const makeHolder = (payload: string) => ({
  host: null,
  kind: "file" as const,
  path: payload,
  uid: 0,
  gid: 0,
  owner: payload,
  mode: payload,
  isEncrypted: true,
  before: HASH,
  hasPublicFile: true,
  possession: { kind: "verified" as const },
});

function makeFile(payload: string): FilePlan {
  const text = writeExactly(new TextEncoder().encode(payload));
  return {
    account: payload,
    path: payload,
    uid: 0,
    gid: 0,
    owner: payload,
    mode: payload,
    before: HASH,
    sizeBytes: 1,
    added: [],
    removed: [],
    adds: 1,
    changes: 0,
    removes: 1,
    hunks: [
      {
        line: 1,
        rows: [
          { sign: " ", text },
          { sign: "-", text },
          { sign: "+", text: `${NEW_KEY_PLACEHOLDER} ${text}` },
        ],
      },
    ],
  };
}

function makeRenewal(payload: string, index: number): RenewalPlan {
  const plan = makePlan(payload, index);
  const hosts = plan.hosts.map((host) => ({ ...host, certificates: [makeChange(payload)] }));
  return RenewalPlan.parse({ ...plan, kind: "rotate-certificate", hosts });
}

const makeChange = (payload: string): Replacement => ({
  id: "c0",
  old: Sha256.parse(HASH),
  subject: payload,
  names: [payload, payload],
  notAfter: START,
  issuer: { id: 1, name: "portal", kind: "acme" },
  trust: makeTrust(payload),
  key: { kind: "p256", made: "there" },
  challenge: { kind: "webroot", path: `/${payload.slice(0, 4_000)}`, of: "site" },
  files: [
    {
      path: payload,
      real: payload,
      holds: "jks",
      owner: payload,
      uid: 0,
      gid: 0,
      mode: payload,
      before: HASH,
      sizeBytes: 1,
      passphrase: payload,
      entry: payload,
    },
  ],
  services: [
    {
      server: "described",
      where: payload,
      config: payload,
      test: "staged",
      reload: payload,
      described: { test: payload, reload: payload },
    },
  ],
  verificationEndpoints: [
    {
      address: payload,
      port: 443,
      serverName: payload,
      startTls: null,
      from: "host",
      before: Sha256.parse(HASH),
    },
  ],
});
