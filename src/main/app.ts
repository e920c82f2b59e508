import { createRouterClient, os, type Router } from "@orpc/server";
import type { contract, LatchkeyClient } from "#shared/contract/index.ts";
import type { ProcedureMeta } from "#shared/contract/procedure.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Receiver, Sealed } from "#shared/model/issuers/vault.ts";
import type { Redacted } from "#shared/model/secret.ts";
import type { Trace } from "#shared/text/fault.ts";
import { createBackground } from "./background.ts";
import { createEvents } from "./features/events/index.ts";
import { type CallContext, createGuard } from "./guard.ts";
import { lazyRouter } from "./lazy.ts";
import { logToStderr, usualTrace } from "./log.ts";
import { createPageFiles, NO_START_FILES, type StartFiles } from "./net/local/page-files.ts";
import { findWorkstation } from "./net/local/read-ssh-files.ts";
import { RETRY_POLICY, type RetryPolicy } from "./net/tasks.ts";
import type { StartVaultProcess } from "./net/vault/vault.ts";
import { type DatabaseRequest, openAppStore } from "./open-app-store.ts";
import { createParts, type Parts, type PartsDeps } from "./parts.ts";

export type AppOptions = DatabaseRequest & {
  /** Refuses every command; so does a database that is opened for reading alone. */
  isReadOnly?: boolean;
  /** Makes one backup a day; for a shell that keeps running. */
  keepsBackups?: boolean;
  workstation?: Workstation;
  now?: () => Date;
  /** The files of this computer that a page may name, in addition to this user's own. */
  startFiles?: StartFiles;
  /** When, and how often, a scan tries a host again. */
  retryPolicy?: RetryPolicy;
  /** How the vault process is started; by default as a Node process. */
  startVaultProcess?: StartVaultProcess;
  log?: (error: unknown) => void;
  /** Receives what runs do on hosts, by names; by default on standard error where LATCHKEY_LOG is `debug`. */
  trace?: Trace;
};

export type App = ReturnType<typeof createApp>;

type AppRouter = Router<typeof contract, CallContext>;
type FeatureDeps = PartsDeps & { isReadOnly: boolean };

/** Latchkey without a user interface. A shell gives access to it, and adds nothing else. */
export function createApp(options: AppOptions) {
  const { workstation = findWorkstation(), now = () => new Date(), retryPolicy = RETRY_POLICY } = options;
  const { log = logToStderr, trace = usualTrace(), startFiles = NO_START_FILES } = options;
  const { store, access, damage } = openAppStore(options, now);
  const { isReadOnly = access === "read" } = options;
  const { start: inBackground, stop } = createBackground(log);
  const events = createEvents();
  const world = { workstation, now, retryPolicy, log, trace };
  const deps = { ...options, ...world, store, announce: events.announce, damage, isReadOnly, inBackground };
  const parts = createParts(deps);
  const { vault, recording } = parts;
  const listPrograms = async () => (await parts.issuers()).listPrograms();
  const { check: checkFiles } = createPageFiles({ home: workstation.home, startFiles, listPrograms });

  if (options.keepsBackups && !isReadOnly) {
    inBackground(async (signal) => (await parts.database()).keepBackups(signal));
    inBackground(async (signal) => (await parts.runs()).keepWatch(signal));
  }

  const router: AppRouter = os
    .$context<CallContext>()
    .$meta<ProcedureMeta>({ kind: "query" })
    .use(createGuard({ isReadOnly, log, checkFiles }))
    .router(createFeatures(deps, parts, events.procedures));
  const client: LatchkeyClient = createRouterClient(router, { context: { isUser: true } });

  return {
    /** What the user should know first: damage, or what is missing. */
    warnings: [damage, store.loss, store.unsealed].filter((warning) => warning !== null),
    router,
    client,
    /** The database that this process alone writes; null if it only reads one, or has it in memory. */
    heldPath: access === "write" && options.databasePath !== ":memory:" ? store.facts().path : null,
    /** Seals a secret that was typed in this process, and overwrites the plain text. */
    seal: async (typed: Redacted<Uint8Array>) => sealFor(await (await vault()).receiver(), typed),
    async [Symbol.asyncDispose]() {
      await using _store = atEnd(() => store.close());
      await using _recording = atEnd(async () => (await recording.ifMade())?.close());
      await using _vault = atEnd(async () => (await vault.ifMade())?.[Symbol.asyncDispose]());
      await stop();
    },
  };
}

/** Whatever fails before; Node 22 has no stack of what is to be closed. */
const atEnd = (close: () => unknown): AsyncDisposable => ({
  [Symbol.asyncDispose]: async () => void (await close()),
});

/** Seals a typed secret to a vault, which may be another process's, and overwrites the plain text. */
export async function sealFor(receiver: Receiver, typed: Redacted<Uint8Array>): Promise<Sealed> {
  const { sealTo } = await import("./net/vault/sealed-box.ts");
  return sealTo(receiver, typed);
}

/** All procedures, one feature a line. A feature is loaded at its first call. */
function createFeatures(deps: FeatureDeps, parts: Parts, events: AppRouter["events"]): AppRouter {
  const { store, now, workstation, isReadOnly } = deps;
  const { recording, loadSshConfig, readKnownHosts, readTargets, prober, collectorScript } = parts;
  return {
    access: lazyRouter(async () => (await import("./features/reports/index.ts")).createAccess(deps)),
    accounts: lazyRouter(async () => (await import("./features/reports/index.ts")).createAccounts(deps)),
    auditLog: lazyRouter(async () => (await import("./features/reports/index.ts")).createAuditLog(deps)),
    bundles: lazyRouter(async () => {
      const { createBundles } = await import("./features/bundles/index.ts");
      const { createBundlePlanner } = await import("./features/scans/import-bundle.ts");
      const script = await collectorScript();
      const { importBundle } = await recording();
      return createBundles({
        ...deps,
        collectorScript: script,
        importBundle,
        plan: createBundlePlanner(store),
      });
    }),
    certificates: lazyRouter(async () =>
      (await import("./features/certificates/index.ts")).createCertificates(deps),
    ),
    chains: lazyRouter(async () => (await parts.chains()).procedures),
    changes: lazyRouter(async () => (await import("./features/changes/index.ts")).createChanges(deps)),
    database: lazyRouter(async () => (await parts.database()).procedures),
    endpoints: lazyRouter(async () => (await import("./features/reports/index.ts")).createEndpoints(deps)),
    events,
    findings: lazyRouter(async () => (await import("./features/findings/index.ts")).createFindings(deps)),
    forecast: lazyRouter(async () => (await import("./features/reports/index.ts")).createForecast(deps)),
    graph: lazyRouter(async () => (await import("./features/graph/index.ts")).createGraph(deps)),
    hostKeys: lazyRouter(async () => {
      const { createHostKeyList } = await import("./features/host-keys/index.ts");
      const readers = { readKnownHosts: await readKnownHosts(), loadSshConfig: await loadSshConfig() };
      return createHostKeyList({ store, workstation, ...readers });
    }),
    hosts: lazyRouter(async () => (await import("./features/hosts/index.ts")).createHosts(deps)),
    inspect: lazyRouter(async () => {
      const { createInspect } = await import("./features/inspect/index.ts");
      return createInspect({ prober: await prober(), now });
    }),
    issuers: lazyRouter(async () => (await parts.issuers()).procedures),
    labels: lazyRouter(async () => (await import("./features/labels/index.ts")).createLabels(deps)),
    logins: lazyRouter(async () => (await import("./features/reports/index.ts")).createLogins(deps)),
    people: lazyRouter(async () => (await parts.people()).procedures),
    reviews: lazyRouter(async () => {
      const { createReviews } = await import("./features/reviews/index.ts");
      const { createLabels } = await import("./features/labels/index.ts");
      const labels = createRouterClient(createLabels(deps));
      return createReviews({
        ...deps,
        makePlan: async (request) => (await parts.runs()).plan(request),
        setOwner: (things, owner) => labels.set({ things: [...things], owner }),
      });
    }),
    runs: lazyRouter(async () => (await parts.runs()).procedures),
    scans: lazyRouter(async () => (await parts.scans()).procedures),
    served: lazyRouter(async () => (await import("./features/reports/index.ts")).createServed(deps)),
    settings: lazyRouter(async () => {
      const { createSettings } = await import("./features/settings/index.ts");
      return createSettings({ store, isReadOnly, workstation });
    }),
    targets: lazyRouter(async () => {
      const { createTargets } = await import("./features/targets/index.ts");
      return createTargets({ ...deps, readTargets: await readTargets(), workstation });
    }),
    thisComputer: lazyRouter(async () => {
      const { createThisComputer } = await import("./features/this-computer/index.ts");
      return createThisComputer({ workstation, loadSshConfig: await loadSshConfig() });
    }),
    today: lazyRouter(async () => (await import("./features/today/index.ts")).createToday(deps)),
    vault: lazyRouter(async () => {
      const { createVaultFeature } = await import("./features/vault/index.ts");
      return createVaultFeature({ ...deps, vault: await parts.vault() });
    }),
  };
}
