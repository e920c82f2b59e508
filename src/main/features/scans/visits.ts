import type { Hop, SshConfig } from "#domain/ssh-config/ssh-config.ts";
import { readKnownHostsFiles } from "#net/local/known-hosts-files.ts";
import type { Patience } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { fetchHostCertificate } from "#net/ssh/fetch-host-certificate.ts";
import {
  gatherIdentities,
  type Identities,
  listUsualKeyFiles,
  type UnusableIdentity,
} from "#net/ssh/identities.ts";
import type { ClientLogin } from "#net/ssh/system/client-login.ts";
import { findSsh } from "#net/ssh/system/find-ssh.ts";
import { createTypedLogins } from "#net/ssh/typed-logins.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { Turns } from "#net/turns.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import type { Asked } from "#store/scans/unvisited-table.ts";
import type { Store } from "#store/store.ts";
import { createApproach } from "./approach.ts";
import type { AtOnce } from "./at-once.ts";
import { chooseIdentities } from "./choose-identities.ts";
import { createEndpointVisits, findJumps } from "./endpoint-visits.ts";
import { createHostKeys } from "./host-keys.ts";
import { type HostsOfWay, planHosts } from "./plan-hosts.ts";
import type { Recording } from "./recording/recording.ts";
import type { Visits } from "./run-scan.ts";
import { createTransports } from "./transports.ts";
import { createUnlocker } from "./unlock-files.ts";
import { visitHost } from "./visit-host.ts";

type Deps = {
  store: Store;
  recording: Pick<Recording, "accept" | "makeRoom">;
  prober: TlsProber;
  workstation: Workstation;
  /** POSIX sh, sent to every host. */
  collectorScript: string;
  now: () => Date;
  /** How it waits before it tries a host again. */
  patience: Patience;
  /** Told of the private keys of this computer that a scan looks at, by their paths: a fingerprint each. */
  noteKeys: (keyOfFile: ReadonlyMap<string, string>) => Promise<void>;
};

export type VisitOptions = {
  asked: readonly Asked[];
  sshConfig: SshConfig;
  acceptNew: boolean;
  /** Named by the user. */
  identityFiles: readonly string[];
  mayAsk: boolean;
  askPassword: boolean;
  everyAddress: boolean;
  asksForOffers: boolean;
};

export type Preparation = { scanId: ScanId; ask: Ask; atOnce: AtOnce; signal: AbortSignal };

/** The ways to visit, for scans. */
export type PrepareVisits = ReturnType<typeof createVisits>;

export function createVisits(deps: Deps) {
  const { store, recording, prober, workstation, collectorScript, now, patience, noteKeys } = deps;
  const { home, agentSocket, user } = workstation;
  const usual = listUsualKeyFiles(home);
  const turns = new Turns();
  return { refuseUnusable, prepare };

  /** Refuses an identity file that the user named and that cannot be used, whatever is answered to questions. */
  async function refuseUnusable({ identityFiles, mayAsk }: VisitOptions): Promise<void> {
    if (identityFiles.length === 0) return;
    const { unusable } = await gatherIdentities({ identityFiles, home, agentSocket });
    const mayBeOf = ({ isLocked, forClient }: UnusableIdentity) =>
      (isLocked && mayAsk) || (forClient !== undefined && findSsh() !== null);
    const named = unusable.find((one) => identityFiles.includes(one.source) && !mayBeOf(one));
    if (named) throw new Refusal("invalid-input", `${named.source} cannot be used to log in: ${named.why}`);
  }

  /** For one scan. Endpoints need no key: only hosts wait until those are read, and somebody has opened the locked ones. */
  function prepare(options: VisitOptions, preparation: Preparation): Visits {
    const { scanId } = preparation;
    const ssh = findSsh();
    const routeTo = (target: SshTarget) => options.sshConfig.routeTo(target, user);
    const ways = planHosts(options.asked, { routeTo, ssh });
    const common = { scanId, collect: createTransports(ssh), now };
    let hosts: ReturnType<typeof prepareHosts> | null = null;
    const prepared = () => {
      hosts ??= prepareHosts([...ways, ...findJumps(options, user)], options, preparation);
      return hosts;
    };
    const keepOpen = async (jumps: HostsOfWay["jumps"]) => (await prepared()).keepOpen(jumps);
    return {
      ...{ ways, keepOpen },
      visitHost: async (login) => visitHost({ ...(await prepared()), ...common }, login),
      ...createEndpointVisits({ prober, patience, now, user, keepOpen }, options, preparation),
    };
  }

  /** The keys and known_hosts of one scan are read here, once; a locked key is asked for here, once. */
  async function prepareHosts(
    ways: readonly HostsOfWay[],
    { acceptNew, identityFiles, mayAsk, askPassword }: VisitOptions,
    { scanId, ask, atOnce, signal }: Preparation,
  ) {
    const { accept, makeRoom } = recording;
    const unlock = mayAsk ? createUnlocker(ask, signal) : null;
    const gathered = await gatherFor(ways, { identityFiles, home, agentSocket, unlock });
    if (ways.length > 0) await noteKeys(gathered.keyOfFile);
    const typed = mayAsk && askPassword ? createTypedLogins(ask) : null;
    const approach = createApproach({
      ...{ scanId, turns, fetchHostCertificate, limits: SSH_LIMITS, atOnce, patience, signal },
      hostKeys: await createHostKeys({ store, accept, readKnownHostsFiles, now }, { home, acceptNew }),
      waysInto: (hop) => ({
        ...chooseIdentities(hop, { ...gathered, named: identityFiles, usual }),
        ...{ typed, client: toClientLogin(hop, agentSocket) },
      }),
    });
    return { approach, keepOpen: approach.keepOpen, makeRoom, collectorScript, limits: SSH_LIMITS };
  }
}

/** The keys of the files that the user named, then of those that ssh_config names for any machine on the way. */
function gatherFor(
  ways: readonly HostsOfWay[],
  sources: Omit<Parameters<typeof gatherIdentities>[0], "configured">,
): Promise<Identities> {
  const hops = ways.flatMap(({ jumps, hosts }) => [...jumps, ...hosts.flat().flatMap(hostOf)]);
  if (hops.length === 0) return NO_IDENTITIES;
  const configured = {
    files: hops.flatMap(({ identityFiles }) => identityFiles ?? []),
    isForAll: hops.every(({ identityFiles }) => identityFiles !== null),
  };
  return gatherIdentities({ ...sources, configured });
}

const toClientLogin = (
  { address, port, knownAs, openssh }: Hop,
  agentSocket: string | null,
): ClientLogin => ({
  ...{ address, agentSocket, ...(openssh ?? NOTHING_ASKED) },
  hostKeyAlias: knownAs.host === address && knownAs.port === port ? null : knownAs.host,
});

const NOTHING_ASKED = {
  ...{ proxyCommand: null, certificateFiles: [], pkcs11Provider: null, securityKeyProvider: null },
  gssapi: false,
};

const hostOf = ({ route }: HostsOfWay["hosts"][number][number]): Hop[] =>
  route.kind === "hops" ? [route.host] : [];

/** Where there is no way to any host, no keys are looked at, and none is asked for. */
const NO_IDENTITIES = Promise.resolve<Identities>({
  ...{ identities: [], keyOfFile: new Map(), heldByAgent: new Set(), unusable: [] },
});
