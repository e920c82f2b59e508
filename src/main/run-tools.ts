/** Plans and runs, with all that they need to change hosts, files and certificates. */

import accountRemovalScript from "#resources/rotation/account-removal.sh?raw";
import accountsScript from "#resources/rotation/accounts.sh?raw";
import factsScript from "#resources/rotation/facts.sh?raw";
import hostKeyScript from "#resources/rotation/host-key.sh?raw";
import keyLocationScript from "#resources/rotation/key-location.sh?raw";
import offlineKeyScript from "#resources/rotation/offline-key.sh?raw";
import type { Announcement } from "#shared/contract/events.ts";
import type { ScanRequest } from "#shared/contract/scans.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { HostPlan } from "#shared/model/runs/plan.ts";
import { writeTarget } from "#shared/text/hosts/target.ts";
import { readPem } from "./codec/pem.ts";
import { createSessions, type SessionDeps } from "./connect/host-sessions.ts";
import { listUsable } from "./connect/login-keys.ts";
import {
  type ChainFacts,
  compareTrust,
  type NextChain,
  type TrustedStore,
  type TrustReader,
  toIssuedChain,
  toLastIssued,
} from "./domain/runs/renewal/trust.ts";
import { createClimber } from "./domain/x509/path/find-issuer.ts";
import { indexCertificates } from "./domain/x509/path/path-certificate.ts";
import { verifyBundleSignature } from "./features/bundles/verify-bundle-signature.ts";
import type { createIssuers } from "./features/issuers/index.ts";
import { createRunbooks } from "./features/runs/index.ts";
import { createAccessKind } from "./features/runs/kinds/access/access.ts";
import { createDisableKind } from "./features/runs/kinds/disable/disable.ts";
import { createHostKeyKind } from "./features/runs/kinds/host-key/host-key.ts";
import { verifyAgent } from "./features/runs/kinds/private-keys/here.ts";
import { verifyThere } from "./features/runs/kinds/private-keys/on-host.ts";
import { createPrivateKeys } from "./features/runs/kinds/private-keys/private-keys.ts";
import { createReloadKind } from "./features/runs/kinds/reload/reload.ts";
import { createRemoveKind } from "./features/runs/kinds/remove/remove.ts";
import { createRenewalKind } from "./features/runs/kinds/renewal/renewal.ts";
import { createOfflineRuns } from "./features/runs/offline/offline-runs.ts";
import { publicRoots } from "./features/scans/recording/note-certificates.ts";
import {
  challengeScript,
  deploymentScript,
  libraryScript,
  offlineLibraryScript,
  offlineScript,
  sessionScript,
} from "./host-scripts.ts";
import { answer } from "./net/challenges/answer.ts";
import { inspectKeyFile } from "./net/local/inspect-key-file.ts";
import { nameThisComputer } from "./net/local/read-ssh-files.ts";
import type { RetryPolicy } from "./net/tasks.ts";
import { createChainsAt, type TlsProber } from "./net/tls/probe-endpoint.ts";
import type { Vault } from "./net/vault/vault.ts";
import type { Store } from "./store/store.ts";

/** The scripts of a run's session. */
const SESSION_SCRIPTS = [sessionScript, libraryScript, keyLocationScript, factsScript, hostKeyScript];

/** Of a session that disables or removes accounts: their entries, and how root's own folder and timer are used. */
const ACCOUNT_SCRIPTS = [deploymentScript, accountsScript, accountRemovalScript];

/** Of a session that renews: servers, their files, and challenges; the shell reads them after the others. */
const SERVER_SCRIPTS = [deploymentScript, challengeScript];

type RunToolsDeps = SessionDeps & {
  store: Store;
  vault: Vault;
  prober: TlsProber;
  issuers: Issuers;
  /** The roots that clients trust, by store. */
  rootStores: RootStores;
  /** Scans, and resolves once the scan has ended. */
  scan: (request: ScanRequest) => Promise<void>;
  retryPolicy: RetryPolicy;
  announce: (announcement: Announcement) => void;
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  now: () => Date;
};

type Issuers = ReturnType<typeof createIssuers>;
type RootStores = () => Promise<readonly TrustedStore[]>;

export function createAppRuns({ issuers, rootStores, scan, ...deps }: RunToolsDeps) {
  const { store, vault, prober, workstation, loadSshConfig, log, now } = deps;
  const sessionsBy = (scripts: readonly string[]) => createSessions(deps, scripts.join("\n"));
  const openSessions = sessionsBy(SESSION_SCRIPTS);
  const tools = {
    order: issuers.order,
    answer,
    vault,
    chainsAt: createChainsAt(prober),
    roots: () => indexCertificates([...publicRoots().all.map(({ der }) => der), ...store.trust.ders("root")]),
    derOf: (sha256: string) => store.certificates.find(sha256, now())?.der ?? null,
    issuerOf: store.runbooks.certificates.issuerOf,
    openTrust: createTrustOpener(store, rootStores, now),
  };
  const renewal = {
    ...tools,
    openSessions: sessionsBy([...SESSION_SCRIPTS, ...SERVER_SCRIPTS]),
    issuers: async () => issuers.known(),
    readWindow: (issuer: string, sha256: string) => readWindow(issuers, log, { issuer, sha256 }),
  };
  const probeEndpoints = async (endpoints: readonly TlsTarget[]) => {
    if (endpoints.length > 0) await scan({ text: endpoints.map(writeTarget).join("\n") });
  };
  const rescan = async (hosts: readonly HostPlan[], identityFiles: readonly string[]) => {
    const usable = await listUsable(identityFiles, workstation);
    if (usable === null) return false;
    await scanAgain(scan, hosts, usable);
    return true;
  };
  const factDeps = async () => ({
    inventory: store.runbooks.facts,
    heldKeys: store.people.heldKeys,
    workstation,
    now,
    inspectKeyFile,
    verifyAgent,
    verifyThere,
    routeTo: (await loadSshConfig(workstation, null)).config.routeTo,
  });
  const who = `${workstation.user}@${nameThisComputer().hostname}`;
  const openAccountSessions = sessionsBy([...SESSION_SCRIPTS, ...ACCOUNT_SCRIPTS]);
  const ofKeys = { ...deps, openSessions, privateKeys: createPrivateKeys(workstation), rescan, factDeps };
  return createRunbooks({
    ...deps,
    who,
    rescan,
    kinds: {
      access: createAccessKind({
        ...ofKeys,
        who,
        offline: createOfflineRuns({
          ...deps,
          offlineParts: {
            session: `${offlineLibraryScript}\n${sessionScript}`,
            keyLocation: keyLocationScript,
            offline: offlineScript,
            offlineKey: offlineKeyScript,
          },
          verifyResultSignature: (result, bytes) => verifyBundleSignature(store, result, bytes),
          inspectKeyFile,
        }),
      }),
      hostKey: createHostKeyKind(ofKeys),
      disable: createDisableKind({ ...ofKeys, openAccountSessions }),
      remove: createRemoveKind({ ...ofKeys, openAccountSessions }),
      renewal: createRenewalKind({
        ...deps,
        ...tools,
        tools,
        renewal,
        openSessions: renewal.openSessions,
        factDeps,
        probeEndpoints,
      }),
      reload: createReloadKind({
        ...deps,
        ...renewal,
        reload: renewal,
        factDeps,
        probeEndpoints,
      }),
    },
  });
}

/** Compares who trusts certificates: by all that is known of the old one, and of its issuer. */
function createTrustOpener(store: Store, rootStores: RootStores, now: () => Date) {
  const climb = createClimber(store.chains.named);
  const oldChain = (sha256: string): ChainFacts | null => {
    const leaf = store.certificates.find(sha256, now())?.der;
    if (!leaf) return null;
    const sent = store.chains.sentWith(sha256).flatMap(({ chain }) => chain.map(({ der }) => der));
    return { leaf, above: [...sent, ...climb(leaf)], beside: [] };
  };
  const expect = ({ id }: Issuer): NextChain | null => {
    const authority = store.issuers.local.find(id);
    if (authority)
      return {
        leaf: authority.intermediate,
        above: [authority.root],
        beside: [],
        isLeaf: false,
        by: "authority",
      };
    const { ders } = readPem(Buffer.from(store.runbooks.certificates.lastChain(id) ?? ""));
    return toLastIssued(ders, ders.flatMap(climb));
  };
  return async (): Promise<TrustReader> => {
    const stores = await rootStores();
    const compare = (old: string, next: NextChain | null) =>
      compareTrust({ old: oldChain(old), next, stores, now: now() });
    return {
      expected: (old, issuer) => compare(old, issuer && expect(issuer)),
      issued: (old, chain) => compare(old, toIssuedChain(chain, chain.flatMap(climb))),
    };
  };
}

/** Reads hosts of a plan once more, by the logins of the plan; resolves once they are read. */
async function scanAgain(
  scan: RunToolsDeps["scan"],
  hosts: readonly HostPlan[],
  identityFiles: readonly string[],
): Promise<void> {
  for (const [useSudo, some] of Map.groupBy(hosts, (host) => host.useSudo)) {
    const text = some
      .map(({ host, port, user }) => writeTarget({ kind: "ssh", host, port, user }))
      .join("\n");
    await scan({ text, useSudo, identityFiles: [...identityFiles] });
  }
}

/**
 * When an issuer wants a certificate renewed. A fault of ours goes to the log, and the plan is made without a window.
 */
async function readWindow(
  { renewal }: Issuers,
  log: (error: unknown) => void,
  { issuer, sha256 }: { issuer: string; sha256: string },
) {
  try {
    const { window } = await renewal(issuer, sha256);
    return { kind: "said", from: window?.from ?? null } as const;
  } catch (error) {
    if (error instanceof Refusal) return { kind: "unasked", message: error.message } as const;
    log(error);
    return { kind: "unasked", message: "something went wrong; the log has the details" } as const;
  }
}
