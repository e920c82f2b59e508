import { readCollection } from "#domain/collection/read-collection.ts";
import { type AgainstKey, findChangedHostKey } from "#domain/findings/host-findings.ts";
import type { CollectOptions } from "#net/ssh/collect.ts";
import { sayLost } from "#net/ssh/jump-hosts.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import type { HostUse } from "#shared/model/host-use.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { HostVisit } from "#store/visit.ts";
import type { Approach, Visited } from "./approach.ts";
import { describeHost } from "./describe-host.ts";
import type { Login } from "./plan-hosts.ts";
import type { CarriedReading, CollectBy } from "./transports.ts";

/** What every visit of one scan has in common. */
export type HostVisitor = {
  scanId: ScanId;
  approach: Pick<Approach, "visit">;
  collect: CollectBy;
  collectorScript: string;
  limits: CollectOptions["limits"];
  readCertificate: (der: Uint8Array) => Certificate | null;
  /** What is known of a host's logins, with what one more reading tells of them. */
  recallUse: (address: Pick<SshTarget, "host" | "port">, seen: HostUse) => HostUse;
  now: () => Date;
};

/** Logs in to a host, reads it and judges what was read. Rejects only when the scan is told to stop. */
export async function visitHost(
  visitor: HostVisitor,
  { target, useSudo, route, transport }: Login,
): Promise<HostVisit> {
  const { scanId, approach, collectorScript, limits, now } = visitor;
  const visit = { scanId, target, at: toInstant(now()), tookMs: 0 };
  if (route.kind === "unsupported")
    return { ...visit, ...FAILED, outcome: "not-supported", message: route.why };
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const visited = await approach.visit(route, (login) =>
    visitor.collect({ ...login, collectorScript, nonce, useSudo, limits }, transport),
  );
  const at = now();
  return {
    ...visit,
    at: toInstant(at),
    tookMs: visited.tookMs,
    ...("transport" in visited.met && { transport: visited.met.transport }),
    ...describeVisit(target, visited, { nonce, at, visitor }),
  };
}

type Described = Omit<HostVisit, "scanId" | "target" | "at" | "tookMs" | "transport">;

function describeVisit(
  target: SshTarget,
  { met, lost, check }: Visited<CarriedReading>,
  { nonce, at, visitor }: { nonce: string; at: Date; visitor: HostVisitor },
): Described {
  if ("jumpHost" in met) return { ...FAILED, ...whyFailed(met), jumpHost: met.jumpHost };
  const described =
    met.state === "failed"
      ? describeFailure(target, met, check?.findAgainst() ?? null)
      : describeReading(met, nonce, at, { ...visitor, target });
  if (!lost || !CUTS.has(described.outcome)) return described;
  return { ...described, outcome: "jump-failed", message: sayLost(lost), jumpHost: lost };
}

/** What the end of a jump host looks like, seen from behind it. */
const CUTS = new Set<HostVisit["outcome"]>(["reset", "timed-out", "throttled", "truncated"]);

const whyFailed = ({ outcome, message, hostKey, isKeyRefused }: SshFailure) => ({
  outcome,
  message,
  hostKey,
  isKeyRefused,
});

function describeFailure(
  target: SshTarget,
  failure: Extract<CarriedReading, { state: "failed" }>,
  against: AgainstKey | null,
): Described {
  const { hostKey } = failure;
  const findings = hostKey && against ? [findChangedHostKey(target, hostKey, against)] : [];
  return { ...FAILED, ...whyFailed(failure), findings };
}

/**
 * A stream is whole only when its own trailer says so, whatever the connection looked like, and a host only when the
 * collector left nothing out.
 */
function describeReading(
  reading: Exclude<CarriedReading, { state: "failed" }>,
  nonce: string,
  at: Date,
  visitor: HostVisitor & { target: SshTarget },
): Described {
  const { hostKey, stream } = reading;
  const collection = readCollection(stream, { nonce });
  if (!collection) {
    const message = "the host answered without running what it was asked to run";
    return { ...FAILED, outcome: "restricted-shell", message, hostKey };
  }
  const { host, findings } = describeHost(collection, at, {
    readCertificate: visitor.readCertificate,
    recallUse: (seen) => visitor.recallUse(visitor.target, seen),
  });
  const shared = { hostKey, isKeyRefused: false, jumpHost: null, collected: host, findings };
  if (reading.state === "partial") {
    const { state, outcome, message } = reading;
    return { state, outcome, message, ...shared };
  }
  if (!host.isPartial) return { state: "ok", outcome: "collected", message: "", ...shared };
  const leftOut = collection.unread.filter(({ kind }) => kind === "limit");
  const cuts = collection.incomplete
    ? [collection.incomplete, reading.ending]
    : leftOut.map(({ path, why }) => `${path}: ${why}`);
  return { state: "partial", outcome: "truncated", message: cuts.filter(Boolean).join("; "), ...shared };
}

const FAILED = {
  ...{ state: "failed" as const, isKeyRefused: false, collected: null, findings: [] },
  ...{ hostKey: null, jumpHost: null },
};
