import type { AtOnce } from "#connect/at-once.ts";
import { type HostsOfWay, planHosts } from "#connect/plan-hosts.ts";
import type { PrepareApproach } from "#connect/prepare-approach.ts";
import { createTransports } from "#connect/transports.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { Patience } from "#net/retries.ts";
import type { Ask } from "#net/ssh/ask.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import { gatherIdentities, type UnusableIdentity } from "#net/ssh/identities.ts";
import { findSsh } from "#net/ssh/system/find-ssh.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import { withoutRemarks } from "#shared/text/without-remarks.ts";
import type { Asked } from "#store/scans/unvisited-table.ts";
import type { KeyKindsAt } from "#store/serving/key-kind-reader.ts";
import { createEndpointVisits, findJumps } from "./endpoint-visits.ts";
import type { Recording } from "./recording/recording.ts";
import type { Visits } from "./run-scan.ts";
import { visitHost } from "./visit-host.ts";

type Deps = {
  recording: Pick<Recording, "makeRoom">;
  prepareApproach: PrepareApproach;
  prober: TlsProber;
  workstation: Workstation;
  /** POSIX sh, sent to every host. */
  collectorScript: string;
  now: () => Date;
  /** How it waits before it tries a host again. */
  patience: Patience;
  /** For one scan: of which kinds of keys certificates stand side by side there. */
  readKeyKinds: () => KeyKindsAt;
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
  const { recording, prober, workstation, now, patience, readKeyKinds } = deps;
  const collectorScript = Buffer.from(withoutRemarks(deps.collectorScript));
  const { home, agentSocket, user } = workstation;
  const { prepareApproach } = deps;
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
      ways,
      keepOpen,
      visitHost: async (login) => visitHost({ ...(await prepared()), ...common }, login),
      ...createEndpointVisits(
        { prober, patience, now, user, keepOpen, keyKindsAt: readKeyKinds() },
        options,
        preparation,
      ),
    };
  }

  async function prepareHosts(ways: readonly HostsOfWay[], options: VisitOptions, preparation: Preparation) {
    const approach = await prepareApproach(ways, options, {
      ...preparation,
      name: `scan ${preparation.scanId}`,
    });
    const { makeRoom } = recording;
    return { approach, keepOpen: approach.keepOpen, makeRoom, collectorScript, limits: SSH_LIMITS };
  }
}
