import type { Connections } from "#connect/connect-to-host.ts";
import { formatLost } from "#connect/jump-hosts.ts";
import type { PlannedLogin } from "#connect/plan-logins.ts";
import { type AgainstKey, findChangedHostKey } from "#domain/findings/host-findings.ts";
import { collectHost, SSH_LIMITS } from "#net/ssh/collect.ts";
import { shellCommand } from "#net/ssh/host-connection.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { HostProbe } from "#store/visit.ts";
import { blame } from "./describe-visit.ts";
import type { BroughtHome } from "./recording/brought-home.ts";

/** What every visit of one scan has in common. */
export type HostProber = {
  scanId: ScanId;
  connections: Connections;
  collectorScript: Uint8Array;
  /** Resolves when there is room for so many bytes more, until they are read. */
  makeRoom: (bytes: number) => Promise<void>;
  now: () => Date;
};

/**
 * Logs in to a host and takes what its collector says. A host holds its place until there is room for that: so no more
 * can wait to be read than those bring that are visited at a time. Rejects only when the scan is told to stop.
 */
export async function visitHost(
  visitor: HostProber,
  { target, useSudo, route, transport }: PlannedLogin,
): Promise<BroughtHome> {
  const { scanId, connections, collectorScript, makeRoom, now } = visitor;
  if (route.kind === "unsupported") {
    const visited = { scanId, target, at: toInstant(now()), tookMs: 0 };
    const told = { state: "failed", outcome: "not-supported", message: route.why } as const;
    return { kind: "met", visit: { ...visited, ...NOTHING, ...told } };
  }
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const begunAt = toInstant(now());
  let waitedMs = 0;
  const { met, lost, check, tookMs } = await connections.connectToHost(
    { route, transport },
    {
      command: shellCommand({ useSudo }),
      async use(connection, { target: named, user, signal }) {
        const options = { target: named, user, collectorScript, nonce, limits: SSH_LIMITS, signal };
        const reading = await collectHost(connection, options);
        const begun = performance.now();
        if ("stream" in reading) await makeRoom(reading.stream.length);
        waitedMs = Math.round(performance.now() - begun);
        return reading;
      },
    },
  );
  const visited = {
    scanId,
    target,
    at: toInstant(now()),
    tookMs: Math.max(0, tookMs - waitedMs),
    ...("transport" in met && { transport: met.transport }),
    login: { user: route.host.user, useSudo, begunAt },
  };
  const cut = lost && { jumpHost: lost, message: formatLost(lost) };
  if ("stream" in met) {
    const { loginKey: _, transport: __, ...reading } = met;
    return { kind: "stream", visited, nonce, reading, lost: cut };
  }
  if ("jumpHost" in met)
    return { kind: "met", visit: { ...visited, ...NOTHING, ...whyFailed(met), jumpHost: met.jumpHost } };
  const failed = describeFailure(target, met, check?.findAgainst() ?? null);
  return { kind: "met", visit: blame({ ...visited, ...failed }, cut) };
}

const whyFailed = ({ outcome, message, hostKey, isKeyRefused }: SshFailure) => ({
  state: "failed" as const,
  outcome,
  message,
  hostKey,
  isKeyRefused,
});

function describeFailure(
  target: SshTarget,
  failure: SshFailure,
  against: AgainstKey | null,
): Omit<HostProbe, "scanId" | "target" | "at" | "tookMs"> {
  const { hostKey } = failure;
  const findings = hostKey && against ? [findChangedHostKey(target, hostKey, against)] : [];
  return { ...NOTHING, ...whyFailed(failure), findings };
}

const NOTHING = { hostKey: null, isKeyRefused: false, jumpHost: null, collected: null, findings: [] };
