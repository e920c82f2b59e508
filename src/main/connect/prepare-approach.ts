import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import { readKnownHostsFiles } from "#net/local/known-hosts-files.ts";
import type { Patience } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { fetchHostCertificate } from "#net/ssh/fetch-host-certificate.ts";
import {
  gatherIdentities,
  type Identities,
  listUsualKeyFiles,
  type OpenKeyFile,
} from "#net/ssh/identities.ts";
import type { ClientLogin } from "#net/ssh/system/client-login.ts";
import { createTypedLogins } from "#net/ssh/typed-logins.ts";
import { Turns } from "#net/turns.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import type { Store } from "#store/store.ts";
import { type Approach, createApproach } from "./approach.ts";
import type { AtOnce } from "./at-once.ts";
import { chooseIdentities } from "./choose-identities.ts";
import { type AcceptHostKey, createHostKeys } from "./host-keys.ts";
import type { HostsOfWay } from "./plan-hosts.ts";
import { createUnlocker } from "./unlock-files.ts";

type Deps = {
  store: Pick<Store, "bundles" | "pins">;
  recording: { accept: AcceptHostKey };
  workstation: Workstation;
  now: () => Date;
  patience: Patience;
  /** Told of the private keys of this computer that are looked at, by their paths: a fingerprint each. */
  noteKeys: (keyOfFile: ReadonlyMap<string, string>) => Promise<void>;
};

type Wish = {
  acceptNew: boolean;
  /** Named by the user. */
  identityFiles: readonly string[];
  mayAsk: boolean;
  askPassword: boolean;
  /** Whoever visits calls `openLocked` for a host that refuses; until then no password is asked for. */
  opensLocked?: boolean;
};

/** `name`: whose visits these are, unlike those of any other scan or run that goes on. */
export type ApproachPreparation = { name: string; ask: Ask; atOnce: AtOnce; signal: AbortSignal };

export type PreparedApproach = Approach & {
  /** Whether a visit that begins now does without keys, and passwords, that `openLocked` would bring. */
  isHeldBack(): boolean;
  /**
   * Asks for the passphrases of the usual key files that were left locked, for there were other keys; once, whoever calls.
   * Whether there were any: then a host that refused all else is worth another visit, and passwords are asked for in it.
   */
  openLocked(): Promise<boolean>;
};

export type PrepareApproach = (
  ways: readonly HostsOfWay[],
  wish: Wish,
  preparation: ApproachPreparation,
) => Promise<PreparedApproach>;

/**
 * The approach to the hosts of one scan or run. Keys and known_hosts are read here, once; a locked key is asked for
 * here, once. All of one process take turns at each host.
 */
export function createApproaches({
  store,
  recording,
  workstation,
  now,
  patience,
  noteKeys,
}: Deps): PrepareApproach {
  const { home, agentSocket } = workstation;
  const usual = listUsualKeyFiles(home);
  const turns = new Turns();

  return async (ways, wish, preparation) => {
    const { acceptNew, identityFiles, mayAsk, askPassword, opensLocked = false } = wish;
    const { name, ask, atOnce, signal } = preparation;
    const { accept } = recording;
    const unlock = mayAsk ? createUnlocker(ask, signal) : null;
    let gathered = await gatherFor(ways, { identityFiles, home, agentSocket, unlock });
    if (ways.length > 0) await noteKeys(gathered.keyOfFile);
    const typed = mayAsk && askPassword ? createTypedLogins(ask) : null;
    let hasOpened = !opensLocked || unlock === null;
    const isHeldBack = () => !hasOpened && listLocked(gathered, usual).length > 0;
    const approach = createApproach({
      name,
      turns,
      fetchHostCertificate,
      limits: SSH_LIMITS,
      atOnce,
      patience,
      signal,
      hostKeys: await createHostKeys({ store, accept, readKnownHostsFiles, now }, { home, acceptNew }),
      waysInto: (hop) => ({
        ...chooseIdentities(hop, { ...gathered, named: identityFiles, usual }),
        typed: isHeldBack() ? null : typed,
        client: toClientLogin(hop, agentSocket),
      }),
    });
    const openLocked = once(async () => {
      if (!unlock || listLocked(gathered, usual).length === 0) return false;
      gathered = await gatherLocked(gathered, { usual, home, unlock });
      hasOpened = true;
      approach.forget();
      return true;
    });
    return { ...approach, isHeldBack, openLocked };
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | null = null;
  return () => {
    begun ??= work();
    return begun;
  };
}

type Locked = { usual: readonly string[]; home: string; unlock: OpenKeyFile };

const listLocked = ({ unusable }: Identities, usual: readonly string[]): string[] =>
  unusable.flatMap(({ isLocked, source }) => (isLocked && usual.includes(source) ? [source] : []));

/** The same with the usual files that somebody has opened. */
async function gatherLocked(gathered: Identities, { usual, home, unlock }: Locked): Promise<Identities> {
  const identityFiles = listLocked(gathered, usual);
  const configured = { files: [], isForAll: true };
  const more = await gatherIdentities({ identityFiles, configured, home, agentSocket: null, unlock });
  return {
    ...gathered,
    identities: [...gathered.identities, ...more.identities],
    keyOfFile: new Map([...gathered.keyOfFile, ...more.keyOfFile]),
    unusable: gathered.unusable.filter(({ source }) => !more.keyOfFile.has(source)),
  };
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
  address,
  agentSocket,
  ...(openssh ?? NOTHING_ASKED),
  hostKeyAlias: knownAs.host === address && knownAs.port === port ? null : knownAs.host,
});

const NOTHING_ASKED = {
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
};

const hostOf = ({ route }: HostsOfWay["hosts"][number][number]): Hop[] =>
  route.kind === "hops" ? [route.host] : [];

/** Where there is no way to any host, no keys are looked at, and none is asked for. */
const NO_IDENTITIES = Promise.resolve<Identities>({
  identities: [],
  keyOfFile: new Map(),
  heldByAgent: new Set(),
  unusable: [],
});
