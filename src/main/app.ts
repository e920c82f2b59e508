import { createRouterClient, implement } from "@orpc/server";
import carryKeyScript from "#resources/rotation/carry-key.sh?raw";
import factsScript from "#resources/rotation/facts.sh?raw";
import holdersScript from "#resources/rotation/holders.sh?raw";
import hostKeyScript from "#resources/rotation/host-key.sh?raw";
import { contract, type LatchkeyClient } from "#shared/contract/index.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import { sayFault } from "#shared/text/fault.ts";
import { printable } from "#shared/text/printable.ts";
import { writeTarget } from "#shared/text/target.ts";
import { sayTrace, type Trace } from "#shared/text/trace.ts";
import { createBackground } from "./background.ts";
import { createConnections } from "./connect/connect-to-host.ts";
import { createSessions, type SessionDeps } from "./connect/host-sessions.ts";
import { createSshConfigLoader } from "./connect/load-ssh-config.ts";
import { listUsable } from "./connect/login-keys.ts";
import { createAccess } from "./features/access/index.ts";
import { createActivity } from "./features/activity/index.ts";
import { createBundles } from "./features/bundles/index.ts";
import { judgeSignature } from "./features/bundles/judge-signature.ts";
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
import { createHolders } from "./features/runbooks/holders/create-holders.ts";
import { verifyAgent } from "./features/runbooks/holders/verify-agent.ts";
import { verifyThere } from "./features/runbooks/holders/verify-there.ts";
import { createHostKeys } from "./features/runbooks/host-key/create-host-keys.ts";
import { createRunbooks } from "./features/runbooks/index.ts";
import type { RunDeps } from "./features/runbooks/launch-run.ts";
import { createScans } from "./features/scans/index.ts";
import { lookAtBundles } from "./features/scans/look-at-bundles.ts";
import { recordInto } from "./features/scans/recorders.ts";
import { createVisits } from "./features/scans/visits.ts";
import { createServed } from "./features/served/index.ts";
import { createSettings } from "./features/settings/index.ts";
import { createTargets } from "./features/targets/index.ts";
import { createKnownHostsReader } from "./features/targets/known-hosts-reader.ts";
import { createTargetReader } from "./features/targets/read-targets.ts";
import { createThisComputer } from "./features/this-computer/index.ts";
import { createVaultDoor } from "./features/vault/index.ts";
import { type CallContext, createGuard } from "./guard.ts";
import {
  carriedLibraryScript,
  carryScript,
  collectorScript,
  handScript,
  libraryScript,
} from "./host-scripts.ts";
import { countFreeDescriptors } from "./net/descriptors.ts";
import { lookAtHeldHalf } from "./net/local/look-at-held-half.ts";
import { createPageFiles, NO_START_FILES, type StartFiles } from "./net/local/page-files.ts";
import { readKeyFolder } from "./net/local/read-key-folder.ts";
import { nameThisComputer } from "./net/local/ssh-config-files.ts";
import { lookAtThisComputer } from "./net/local/this-computer.ts";
import { findWorkstation } from "./net/local/workstation.ts";
import { PATIENCE, type Patience } from "./net/retries.ts";
import { readKeyFile } from "./net/ssh/identities.ts";
import { createTlsProber } from "./net/tls/probe-endpoint.ts";
import { type DatabaseWish, openAppStore } from "./open-app-store.ts";
import { openAppVault, type StartKeeper, sealFor } from "./open-app-vault.ts";
import { renewalMeans, SERVER_SCRIPTS } from "./renewal-means.ts";

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
  patience?: Patience;
  /** How the process of the vault is started; by default as one of Node's. */
  startKeeper?: StartKeeper;
  log?: (error: unknown) => void;
  /** Told of what runs do on hosts, by names; by default on standard error where LATCHKEY_LOG is `debug`. */
  trace?: Trace;
};

export type App = ReturnType<typeof createApp>;

/** Latchkey without a window. A shell adds a way in, and nothing else. */
export function createApp({
  keepsBackups = false,
  workstation = findWorkstation(),
  now = () => new Date(),
  patience = PATIENCE,
  startFiles = NO_START_FILES,
  log = logToStderr,
  trace = process.env.LATCHKEY_LOG === "debug" ? traceToStderr : () => undefined,
  ...asked
}: AppOptions) {
  const { store, access, damage } = openAppStore(asked, now);
  const { isReadOnly = access === "read" } = asked;
  const background = createBackground(log);
  const events = createEvents();
  const { announce } = events;
  const prober = createTlsProber();
  const { readTargets, ...readers } = readersOf(workstation);
  const here = { workstation, look: lookAtThisComputer, readKeyFile, readKeyFolder };
  const recording = recordInto(store, { announce, log });
  const vault = openAppVault(store, { ...asked, now, announce });
  const people = createPeople({ store, here, hold: recording.hold, announce, now });
  const ways = { store, recording, workstation, now, patience, noteKeys: people.lookAround };
  const openConnections = createConnections({ ...ways, accept: recording.accept });
  const { readKeyKinds } = store.served;
  const visits = createVisits({ ...ways, openConnections, prober, collectorScript, readKeyKinds });
  const client = (): LatchkeyClient => app.client;
  const database = createDatabase({ store, damage, announce, log, now });

  const tools = { openConnections, announce, log, trace, inBackground: background.start, client };
  const issuers = createIssuers({ store, vault, announce, now, trust: giveTo(client) });
  const runbooks = runbooksBy({ ...ways, ...readers, ...tools, vault, prober, order: issuers.order });

  if (keepsBackups && !isReadOnly)
    for (const keep of [database.keepBackups, runbooks.keepWatch]) background.start(keep);

  const listPrograms = () => listHooks(client());
  const { check: checkFiles } = createPageFiles({ home: workstation.home, given: startFiles, listPrograms });

  const router = implement(contract)
    .$context<CallContext>()
    .use(createGuard({ isReadOnly, log, checkFiles }))
    .router({
      ...attentionOf({ store, announce, now }),
      ...listsOf({ store }),
      ...proceduresOf({ database, events, issuers, people, runbooks }),
      bundles: createBundles({
        store,
        collectorScript,
        importBundle: recording.importBundle,
        announce,
        now,
        plan: lookAtBundles(store),
      }),
      ...filesOf({ store, workstation, ...readers }),
      inspect: createInspect({ prober, now }),
      scans: createScans({
        store,
        readTargets,
        visits,
        recording,
        countFreeDescriptors,
        announce,
        log,
        now,
        inBackground: background.start,
      }),
      settings: createSettings({ store, isReadOnly, workstation }),
      targets: createTargets({ store, readTargets, workstation, now, announce }),
      vault: createVaultDoor({ store, vault, now, announce }),
    });

  const app = {
    /** What whoever opened this should know first: damage, or what is missing. */
    warnings: [damage, store.loss, store.unsealed].filter((warning) => warning !== null),
    router,
    client: createRouterClient(router, { context: { isUser: true } }),
    seal: sealFor(vault),
    [Symbol.asyncDispose]: () => close({ background, vault, recording, store }),
  };
  return app;
}

/** The programs for DNS that issuers have. */
async function listHooks({ issuers }: LatchkeyClient): Promise<string[]> {
  const known = await issuers.known();
  return known.flatMap((issuer) =>
    issuer.kind === "acme" && issuer.challenge?.kind === "dns-hook" ? [issuer.challenge.program] : [],
  );
}

type RunbookWays = Pick<
  RunDeps,
  "store" | "patience" | "announce" | "inBackground" | "log" | "trace" | "now"
> &
  Pick<SessionDeps, "openConnections" | "workstation"> & {
    loadSshConfig: ReturnType<typeof createSshConfigLoader>;
    client: () => LatchkeyClient;
  } & Pick<Parameters<typeof renewalMeans>[0], "vault" | "prober" | "order">;

const HAND_SCRIPTS = [handScript, libraryScript, holdersScript, factsScript, hostKeyScript];
/** Runbooks, with the ways into hosts and files that they change. */
function runbooksBy({ client, loadSshConfig, ...ways }: RunbookWays) {
  const { workstation, store, now } = ways;
  const sessionsBy = (scripts: readonly string[]) =>
    createSessions({ ...ways, loadSshConfig }, scripts.join("\n"));
  return createRunbooks({
    ...ways,
    openSessions: sessionsBy(HAND_SCRIPTS),
    renewal: {
      ...renewalMeans({ ...ways, client }),
      openSessions: sessionsBy([...HAND_SCRIPTS, ...SERVER_SCRIPTS]),
    },
    carried: {
      hand: `${carriedLibraryScript}\n${handScript}`,
      holders: holdersScript,
      carry: carryScript,
      carryKey: carryKeyScript,
    },
    holders: createHolders(workstation),
    hostKeys: createHostKeys({ store, now }),
    judgeSignature: (given, bytes) => judgeSignature(store, given, bytes),
    lookAtHeldHalf,
    who: `${workstation.user}@${nameThisComputer().hostname}`,
    rescan: async (hosts, identityFiles) => {
      const usable = await listUsable(identityFiles, workstation);
      if (usable === null) return false;
      await scanAgain(client(), hosts, usable);
      return true;
    },
    factDeps: async () => ({
      inventory: store.runbooks.facts,
      heldKeys: store.people.heldKeys,
      workstation,
      now,
      lookAtHeldHalf,
      verifyAgent,
      verifyThere,
      routeTo: (await loadSshConfig(workstation, null)).config.routeTo,
    }),
  });
}

/** Reads hosts of a plan once more, as the plan logs in to them; resolves at the end. */
async function scanAgain(
  client: LatchkeyClient,
  hosts: readonly HostPlan[],
  identityFiles: readonly string[],
): Promise<void> {
  for (const [useSudo, some] of Map.groupBy(hosts, (host) => host.useSudo)) {
    const text = some
      .map(({ host, port, user }) => writeTarget({ kind: "ssh", host, port, user }))
      .join("\n");
    const announcements = await client.events.watch();
    const { scanId } = await client.scans.start({ text, useSudo, identityFiles: [...identityFiles] });
    for await (const announced of announcements)
      if (announced.kind === "scan-finished" && announced.scanId === scanId) break;
  }
}

/** Has verdicts go by a root, or by revocation lists, of ours (PEM). */
const giveTo =
  (client: () => LatchkeyClient) =>
  async (kind: "root" | "crl", name: string, pem: string): Promise<void> => {
    await client().chains.trust({ kind, name, base64: Buffer.from(pem).toString("base64") });
  };

const proceduresOf = <T extends Record<string, { procedures: unknown }>>(features: T) =>
  Object.fromEntries(Object.entries(features).map(([name, { procedures }]) => [name, procedures])) as {
    [Name in keyof T]: T[Name]["procedures"];
  };

/** What only reads. */
const listsOf = (deps: Parameters<typeof createAccess>[0]) => ({
  access: createAccess(deps),
  activity: createActivity(deps),
  endpoints: createEndpoints(deps),
  graph: createGraph(deps),
  served: createServed(deps),
});

/** What is told of files of this computer. */
const filesOf = (
  deps: Parameters<typeof createHostKeyList>[0] & Omit<Parameters<typeof createThisComputer>[0], "look">,
) => ({
  hostKeys: createHostKeyList(deps),
  thisComputer: createThisComputer({ ...deps, look: lookAtThisComputer }),
});

/** What needs attention or will, what has changed, and what somebody has decided of it. */
const attentionOf = (deps: Parameters<typeof createFindings>[0]) => ({
  certificates: createCertificates(deps),
  chains: createChains(deps),
  changes: createChanges(deps),
  findings: createFindings(deps),
  forecast: createForecast(deps),
  hosts: createHosts(deps),
  labels: createLabels(deps),
  overview: createOverview(deps),
});

type Closing = {
  background: { stop: () => Promise<void> };
  vault: AsyncDisposable;
  recording: { close: () => Promise<void> };
  store: { close: () => void };
};

async function close({ background, vault, recording, store }: Closing): Promise<void> {
  await background.stop();
  await vault[Symbol.asyncDispose]();
  await recording.close();
  store.close();
}

/** What reads the files of this computer, each time anew. */
function readersOf(workstation: Workstation) {
  const readKnownHosts = createKnownHostsReader(workstation);
  return {
    readKnownHosts,
    loadSshConfig: createSshConfigLoader(),
    readTargets: createTargetReader({ workstation, readKnownHosts }),
  };
}

function traceToStderr(...names: Parameters<Trace>): void {
  process.stderr.write(`latchkey: ${sayTrace(names)}\n`);
}

/** A refusal in the background is a sentence for people. Of anything else only what `sayFault` lets through. */
function logToStderr(error: unknown): void {
  const said = error instanceof Refusal ? printable(error.message) : sayFault(error);
  process.stderr.write(`latchkey: ${said}\n`);
}
