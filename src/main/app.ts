import { createRouterClient, implement } from "@orpc/server";
import { contract } from "#shared/contract/index.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import type { Trace } from "#shared/text/trace.ts";
import { createBackground } from "./background.ts";
import { createConnections } from "./connect/connect-to-host.ts";
import { createSshConfigLoader } from "./connect/load-ssh-config.ts";
import { createAccess } from "./features/access/index.ts";
import { createActivity } from "./features/activity/index.ts";
import { createBundles } from "./features/bundles/index.ts";
import { createCertificates } from "./features/certificates/index.ts";
import { createChains } from "./features/chains/index.ts";
import { createChanges } from "./features/changes/index.ts";
import { createDatabase } from "./features/database/index.ts";
import { createEndpoints } from "./features/endpoints/index.ts";
import { createEvents } from "./features/events/index.ts";
import { createFindings } from "./features/findings/index.ts";
import { createForecast } from "./features/forecast/index.ts";
import { createGraph } from "./features/graph/index.ts";
import { createHostKeyList } from "./features/host-keys/index.ts";
import { createHosts } from "./features/hosts/index.ts";
import { createInspect } from "./features/inspect/index.ts";
import { createIssuers } from "./features/issuers/index.ts";
import { createLabels } from "./features/labels/index.ts";
import { createOverview } from "./features/overview/index.ts";
import { createPeople } from "./features/people/index.ts";
import { createScans } from "./features/scans/index.ts";
import { lookAtBundles } from "./features/scans/look-at-bundles.ts";
import { recordInto } from "./features/scans/recorders.ts";
import { createServed } from "./features/served/index.ts";
import { createSettings } from "./features/settings/index.ts";
import { createTargets } from "./features/targets/index.ts";
import { createKnownHostsReader } from "./features/targets/known-hosts-reader.ts";
import { createTargetReader } from "./features/targets/read-targets.ts";
import { createThisComputer } from "./features/this-computer/index.ts";
import { createVaultDoor } from "./features/vault/index.ts";
import { type CallContext, createGuard } from "./guard.ts";
import { collectorScript } from "./host-scripts.ts";
import { logToStderr, usualTrace } from "./log.ts";
import { createPageFiles, NO_START_FILES, type StartFiles } from "./net/local/page-files.ts";
import { readKeyFolder } from "./net/local/read-key-folder.ts";
import { lookAtThisComputer } from "./net/local/this-computer.ts";
import { findWorkstation } from "./net/local/workstation.ts";
import { RETRY_POLICY, type RetryPolicy } from "./net/retries.ts";
import { readKeyFile } from "./net/ssh/identities.ts";
import { createTlsProber } from "./net/tls/probe-endpoint.ts";
import { type DatabaseWish, openAppStore } from "./open-app-store.ts";
import { openAppVault, type StartKeeper, sealFor } from "./open-app-vault.ts";
import { createAppRuns } from "./run-tools.ts";

export type AppOptions = DatabaseWish & {
  /** Refuses every command; so does a database that is opened to be read. */
  isReadOnly?: boolean;
  /** Makes a backup a day; for a shell that stays. */
  keepsBackups?: boolean;
  workstation?: Workstation;
  now?: () => Date;
  /** The files of this computer that a page may name, beside this user's own. */
  startFiles?: StartFiles;
  /** How a scan waits before it tries a host again. */
  retryPolicy?: RetryPolicy;
  /** How the process of the vault is started; by default as one of Node's. */
  startKeeper?: StartKeeper;
  log?: (error: unknown) => void;
  /** Told of what runs do on hosts, by names; by default on standard error where LATCHKEY_LOG is `debug`. */
  trace?: Trace;
};

export type App = ReturnType<typeof createApp>;

/** Latchkey without a window. A shell adds a way in, and nothing else. */
export function createApp(options: AppOptions) {
  const { workstation = findWorkstation(), now = () => new Date(), retryPolicy = RETRY_POLICY } = options;
  const { log = logToStderr, trace = usualTrace(), startFiles = NO_START_FILES } = options;
  const { store, access, damage } = openAppStore(options, now);
  const { isReadOnly = access === "read" } = options;
  const { start: inBackground, stop } = createBackground(log);
  const events = createEvents();
  const { announce } = events;
  const common = { store, announce, now };
  const recording = recordInto(store, { announce, log });
  const { accept, hold, importBundle } = recording;
  const vault = openAppVault(store, { ...options, now, announce });
  const prober = createTlsProber();
  const loadSshConfig = createSshConfigLoader();
  const readKnownHosts = createKnownHostsReader(workstation);
  const readTargets = createTargetReader({ workstation, readKnownHosts });
  const here = { workstation, look: lookAtThisComputer, readKeyFile, readKeyFolder };
  const people = createPeople({ ...common, here, hold });
  const noteKeys = people.lookAround;
  const openConnections = createConnections({ store, accept, workstation, now, retryPolicy, noteKeys });
  const work = { ...common, openConnections, prober, workstation, retryPolicy, inBackground, log };
  const scans = createScans({ ...work, readTargets, recording, collectorScript });
  const chains = createChains(common);
  const issuers = createIssuers({ ...common, vault, trust: chains.trustPem });
  const runbooks = createAppRuns({ ...work, vault, issuers, scan: scans.scan, loadSshConfig, trace });
  const database = createDatabase({ ...common, damage, log });
  const { listPrograms } = issuers;
  const { check: checkFiles } = createPageFiles({ home: workstation.home, given: startFiles, listPrograms });

  if (options.keepsBackups && !isReadOnly)
    for (const keep of [database.keepBackups, runbooks.keepWatch]) inBackground(keep);

  const router = implement(contract)
    .$context<CallContext>()
    .use(createGuard({ isReadOnly, log, checkFiles }))
    .router({
      access: createAccess({ store }),
      activity: createActivity({ store }),
      bundles: createBundles({ ...common, collectorScript, importBundle, plan: lookAtBundles(store) }),
      certificates: createCertificates(common),
      chains: chains.procedures,
      changes: createChanges(common),
      database: database.procedures,
      endpoints: createEndpoints({ store }),
      events: events.procedures,
      findings: createFindings(common),
      forecast: createForecast(common),
      graph: createGraph({ store }),
      hostKeys: createHostKeyList({ store, workstation, readKnownHosts, loadSshConfig }),
      hosts: createHosts(common),
      inspect: createInspect({ prober, now }),
      issuers: issuers.procedures,
      labels: createLabels(common),
      overview: createOverview(common),
      people: people.procedures,
      runbooks: runbooks.procedures,
      scans: scans.procedures,
      served: createServed({ store }),
      settings: createSettings({ store, isReadOnly, workstation }),
      targets: createTargets({ ...common, readTargets, workstation }),
      thisComputer: createThisComputer({ workstation, look: lookAtThisComputer, loadSshConfig }),
      vault: createVaultDoor({ ...common, vault }),
    });

  return {
    /** What whoever opened this should know first: damage, or what is missing. */
    warnings: [damage, store.loss, store.unsealed].filter((warning) => warning !== null),
    router,
    client: createRouterClient(router, { context: { isUser: true } }),
    seal: sealFor(vault),
    async [Symbol.asyncDispose]() {
      await stop();
      await vault[Symbol.asyncDispose]();
      await recording.close();
      store.close();
    },
  };
}
