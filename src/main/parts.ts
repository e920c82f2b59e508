/** What several features use. Each part is loaded and made once, when one of them first needs it. */
import type { Announcement } from "#shared/contract/events.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import type { Trace } from "#shared/text/fault.ts";
import { lazily } from "./lazy.ts";
import type { RetryPolicy } from "./net/tasks.ts";
import type { StartVaultProcess } from "./net/vault/vault.ts";
import type { Store } from "./store/store.ts";

export type PartsDeps = {
  store: Store;
  /** The damage that was found when the database was opened; null when there was none. */
  damage: string | null;
  announce: (announcement: Announcement) => void;
  now: () => Date;
  workstation: Workstation;
  retryPolicy: RetryPolicy;
  /** Starts work that outlives the call; the signal aborts when Latchkey closes. */
  inBackground: (work: (signal: AbortSignal) => Promise<void>) => void;
  log: (error: unknown) => void;
  trace: Trace;
  startVaultProcess?: StartVaultProcess;
};

export type Parts = ReturnType<typeof createParts>;

/** Loads none of them yet. */
export function createParts(deps: PartsDeps) {
  const { store, announce, now, workstation, log } = deps;

  const vault = lazily(async () => (await import("./open-app-vault.ts")).openAppVault(store, deps));
  const recording = lazily(async () =>
    (await import("./features/scans/recorders.ts")).recordInto(store, { announce, log }),
  );
  const people = lazily(async () => {
    const { createPeople, createLocalKeyReader } = await import("./features/people/index.ts");
    const { hold } = await recording();
    return createPeople({ store, announce, now, here: createLocalKeyReader(workstation), hold });
  });
  const loadSshConfig = lazily(async () =>
    (await import("./connect/load-ssh-config.ts")).createSshConfigLoader(),
  );
  const readKnownHosts = lazily(async () =>
    (await import("./features/targets/read-targets.ts")).createKnownHostsReader(workstation),
  );
  const readTargets = lazily(async () => {
    const { createTargetReader } = await import("./features/targets/read-targets.ts");
    return createTargetReader({ workstation, readKnownHosts: await readKnownHosts() });
  });
  const openConnections = lazily(async () => {
    const { createConnections } = await import("./connect/connect-to-host.ts");
    const { accept } = await recording();
    return createConnections({
      ...deps,
      accept,
      noteKeys: async (keys) => (await people()).refreshHeldKeys(keys),
    });
  });
  const prober = lazily(async () => (await import("./net/tls/probe-endpoint.ts")).createTlsProber());
  const collectorScript = lazily(async () => (await import("./host-scripts.ts")).collectorScript);
  const compareSshfp = lazily(async () => (await import("./connect/sshfp.ts")).createSshfp());
  const scans = lazily(async () => {
    const { createScans } = await import("./features/scans/index.ts");
    return createScans({
      ...deps,
      recording: await recording(),
      readTargets: await readTargets(),
      openConnections: await openConnections(),
      prober: await prober(),
      collectorScript: await collectorScript(),
      compareSshfp: async (...request) => (await compareSshfp())(...request),
    });
  });
  const chains = lazily(async () =>
    (await import("./features/chains/index.ts")).createChains({ store, announce, now }),
  );
  const issuers = lazily(async () => {
    const { createIssuers } = await import("./features/issuers/index.ts");
    const { trustPem } = await chains();
    return createIssuers({ store, announce, now, vault: await vault(), trust: trustPem });
  });
  const runs = lazily(async () => {
    const { createAppRuns } = await import("./run-tools.ts");
    return createAppRuns({
      ...deps,
      vault: await vault(),
      issuers: await issuers(),
      rootStores: (await chains()).rootStores,
      openConnections: await openConnections(),
      prober: await prober(),
      loadSshConfig: await loadSshConfig(),
      scan: async (request) => (await scans()).scan(request),
    });
  });
  const database = lazily(async () => (await import("./features/database/index.ts")).createDatabase(deps));

  return {
    vault,
    recording,
    people,
    loadSshConfig,
    readKnownHosts,
    readTargets,
    prober,
    collectorScript,
    scans,
    chains,
    issuers,
    runs,
    database,
  };
}
