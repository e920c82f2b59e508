/** Runs that reload servers: each tests its configuration first, and must then present what its files hold. */
import type { OpenSessions } from "#connect/host-sessions.ts";
import type { OwnTests } from "#domain/runs/reload/reload-facts.ts";
import { RELOAD_RULES } from "#domain/runs/reload/rules.ts";
import type { Step } from "#domain/runs/step.ts";
import { inspectDeploymentFile, type LiveFile, reloadAsItIs } from "#net/ssh/session/inspect-deployment.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { ChainsAt } from "#net/tls/probe-endpoint.ts";
import {
  acquireSession,
  acted,
  failed,
  hostOf,
  needsAttention,
  type PhaseWork,
  type Runbook,
  type RunContext,
  SessionLost,
  type StepOutcome,
  verified,
} from "#runs/engine/runbook.ts";
import { NO_PARTICULARS, type RunKind } from "#runs/kind.ts";
import { tailCause } from "#runs/kinds/renewal/tools.ts";
import { type Expected, probeUntil, STAYS_UP, whyUnseen } from "#runs/kinds/renewal/verify-served.ts";
import { createReloadPlanner, type ReloadPlannerDeps, testAsItIs } from "#runs/planning/plan-reloads.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { ReloadedServer, ServerKind } from "#shared/model/runs/deployment.ts";
import type { ReloadHost, ReloadPlan } from "#shared/model/runs/plan.ts";
import type { Cause } from "#shared/model/runs/step-result.ts";

type ReloadRun = RunContext<ReloadPlan> & { chainsAt: ChainsAt };

export type ReloadRunbookDeps = {
  /** Sessions with the verbs for servers and their files. */
  openSessions: OpenSessions;
  chainsAt: ChainsAt;
  /** Probes endpoints again. */
  probeEndpoints: (endpoints: readonly TlsTarget[]) => Promise<void>;
};

export const createReloadRunbook = ({
  openSessions,
  chainsAt,
  probeEndpoints,
}: ReloadRunbookDeps): Runbook<ReloadRun> => ({
  rules: RELOAD_RULES,
  openSessions,
  phases: PHASES,
  open: (base) => ({ ...base, chainsAt }),
  async observe(run, host) {
    await acquireSession(run, host ?? -1);
    return { kind: "host-answers" };
  },
  hasCome: async () => ({ kind: "came" }),
  nameWait: () => "certificate",
  refuseUndo: async () => [],
  finish: async (_, { reasons }) => ({ state: "committed", reasons }),
  alsoHostKey: () => null,
  listExclusive: () => new Map(),
  holdsExclusive: () => false,
  begin: () => undefined,
  listNewIdentities: () => [],
  findReasons({ steps }) {
    return (["stays-reloaded", "maybe-reloaded"] as const).flatMap((kind) => {
      const hosts = steps.flatMap(({ host, result }) =>
        host !== null && result?.kind === "rolled-back" && result.as === kind ? [host] : [],
      );
      return hosts.length === 0 ? [] : [{ kind, hosts }];
    });
  },
  refresh: (_, hosts) => probeEndpoints(hosts.flatMap(listTargets)),
  describeRepair: () => [],
  refuseEarlyEnd: () => undefined,
});

export const createReloadKind = (deps: ReloadRunbookDeps & ReloadPlannerDeps): RunKind<ReloadRun> => ({
  runbook: createReloadRunbook(deps),
  planner: createReloadPlanner(deps),
  confirm: null,
  provideCertificate: null,
  describe: () => NO_PARTICULARS,
  offline: {
    refusal: "servers are reloaded by a run alone: what they present afterwards is verified from here",
  },
});

/** A server that has not presented what its files hold by then will not. */
const VERIFICATION_TIMEOUT_MS = 45_000;

const PHASES: { readonly [phase in "test" | "reload"]: PhaseWork<ReloadRun> } = {
  test: {
    intend: (run, step) => ({ kind: "test-servers", servers: namesOf(run, step) }),
    act: testServers,
  },
  reload: {
    intend: (run, step) => ({ kind: "reload-servers", servers: namesOf(run, step) }),
    act: reloadServers,
    verify: verifyReloaded,
  },
};

const serversOf = (run: ReloadRun, step: Step): readonly ReloadedServer[] => hostOf(run, step).servers;

const namesOf = (run: ReloadRun, step: Step): string[] =>
  serversOf(run, step).map(({ service }) => service.server);

/** Whether each server's own test passes, and its files hold what the plan shows. */
async function testServers(run: ReloadRun, step: Step): Promise<StepOutcome> {
  const { remote } = await acquireSession(run, step.host ?? -1);
  const tested = await testAll(run, step, remote);
  if ("cause" in tested) return failed(tested.cause, "nothing-changed");
  return verified([{ kind: "tests-passed", ...tested }]);
}

/** What passed for the plan has to pass again. */
const STRENGTH = { configuration: 2, certificates: 1, nothing: 0 } as const;
const OUTCOMES = { configuration: "passed", certificates: "certificates", nothing: "untested" } as const;

type Tested = { passed: string[]; certificates: string[]; untested: string[] } | { cause: Cause };

async function testAll(run: ReloadRun, step: Step, remote: RemoteSession): Promise<Tested> {
  const tested = { passed: [] as string[], certificates: [] as string[], untested: [] as string[] };
  for (const server of serversOf(run, step)) {
    const { server: name } = server.service;
    const cause = await findOther(server, remote);
    if (cause !== null) return { cause };
    const said = await testOne(server, remote);
    if (said.kind === "failed") return { cause: { kind: "fails-test", server: name, said: said.said } };
    if (STRENGTH[said.kind] < STRENGTH[server.tested])
      return { cause: { kind: "untested-now", server: name, said: said.said } };
    if (said.kind === "nothing")
      await run.journal.note(step.ordinal, { kind: "files-untried", server: name, said: said.said });
    tested[OUTCOMES[said.kind]].push(name);
  }
  return tested;
}

/** Why what would be presented is not what was approved; null: its files hold what the plan shows. */
async function findOther({ files }: ReloadedServer, remote: RemoteSession): Promise<Cause | null> {
  for (const { path, leaf } of files) {
    const reading = await inspectDeploymentFile(remote, path);
    if (reading.kind === "lost") throw new SessionLost(reading.message);
    const now = reading.kind === "seen" ? reading.file.leaf : null;
    if (now !== leaf) return { kind: "other-certificate", path };
  }
  return null;
}

async function testOne({ service, deployments }: ReloadedServer, remote: RemoteSession): Promise<OwnTests> {
  const files: LiveFile[][] = [];
  for (const some of deployments) files.push(await readLive(some, remote));
  const tested = await testAsItIs(remote, service, { files, untried: null });
  if (tested.kind === "lost") throw new SessionLost(tested.message);
  return tested;
}

/** These files as they are now: without those that cannot be read. */
async function readLive(
  files: readonly { path: string; real: string }[],
  remote: RemoteSession,
): Promise<LiveFile[]> {
  const live: LiveFile[] = [];
  for (const { path, real } of files) {
    const reading = await inspectDeploymentFile(remote, path);
    if (reading.kind === "lost") throw new SessionLost(reading.message);
    if (reading.kind === "seen" && reading.file.hash !== null && reading.file.real === real)
      live.push({ path, real, hash: reading.file.hash });
  }
  return live;
}

/** They read all of their files whenever they are reloaded, and are told of none. */
const RELOADED_AS_A_WHOLE: ReadonlySet<ServerKind> = new Set(["nginx", "apache", "postfix", "dovecot"]);

/** The deployments that its reload is given, one at a time; of slapd they only say which process is meant. */
function reloadedFor({ service, deployments }: ReloadedServer): ReloadedServer["deployments"] {
  if (deployments.length === 0 || RELOADED_AS_A_WHOLE.has(service.server)) return [[]];
  return service.server === "slapd" ? deployments.slice(0, 1) : deployments;
}

/**
 * It goes no further. Where it has reloaded already, before it was killed or was resumed, a person has to look; where it
 * had begun before, nothing is said of that.
 */
function leave({ journal }: ReloadRun, { ordinal }: Step, cause: Cause): StepOutcome {
  if (journal.countEntries(ordinal, "acted") > 0) return needsAttention([cause]);
  return failed(cause, journal.countEntries(ordinal, "intends") > 1 ? "not-said" : "nothing-changed");
}

/** Once more each test comes first: other hosts may have taken their time since. */
async function reloadServers(run: ReloadRun, step: Step): Promise<StepOutcome> {
  const { remote } = await acquireSession(run, step.host ?? -1);
  const endpoints = serversOf(run, step).flatMap((server) => server.endpoints);
  const tested = await testAll(run, step, remote);
  const cause = "cause" in tested ? tested.cause : await whyUnseen(run, endpoints, remote);
  if (cause !== null) return leave(run, step, cause);
  for (const server of serversOf(run, step)) {
    const { service } = server;
    for (const files of reloadedFor(server)) {
      const reloaded = await reloadAsItIs(remote, service, await readLive(files, remote));
      if (!("said" in reloaded)) return needsAttention([tailCause(reloaded, service.where)]);
      const { said } = reloaded;
      if (reloaded.kind === "not-reloaded")
        return needsAttention([{ kind: "not-reloaded", server: service.server, said }]);
      await run.journal.note(step.ordinal, { kind: "reloaded", server: service.server, said }, "acted");
      if (reloaded.isWhole) break;
    }
  }
  return acted({ kind: "reloaded-servers", servers: namesOf(run, step) });
}

/** What was not reloaded just now is tested and reloaded again: whoever resumes a run has changed something. */
async function verifyReloaded(run: ReloadRun, step: Step, isFresh: boolean): Promise<StepOutcome> {
  const again = isFresh ? null : await reloadServers(run, step);
  return again !== null && again.state !== "acted" ? again : verifyPresented(run, step);
}

/** A handshake at every address and name of which it is known what is to be presented. */
async function verifyPresented(run: ReloadRun, step: Step): Promise<StepOutcome> {
  const servers = serversOf(run, step);
  const expected = servers.flatMap(({ service, endpoints }) =>
    endpoints.flatMap(({ after, ...endpoint }): Expected[] =>
      after.kind === "unknown"
        ? []
        : [
            {
              ...endpoint,
              staysUp: STAYS_UP.has(service.server),
              expects: { leaves: after.leaves, intermediates: [] },
            },
          ],
    ),
  );
  const { chainsAt } = run;
  const query = { expected, chainsAt, mayGiveUp: true, timeoutMs: VERIFICATION_TIMEOUT_MS };
  const presented = await probeUntil(run, step, query);
  if (presented.kind !== "served") return needsAttention([{ kind: "not-presented", whys: presented.whys }]);
  const all = servers.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  return verified([{ kind: "presented", endpoints: expected.length, unknown: all - expected.length }]);
}

const listTargets = ({ servers }: ReloadHost): TlsTarget[] =>
  servers.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ address, port, serverName, startTls, from }): TlsTarget[] =>
      from === "host"
        ? []
        : [
            {
              kind: "tls",
              host: address,
              port,
              serverName: serverName === address ? null : serverName,
              protocol: startTls ?? "tls",
            },
          ],
    ),
  );
