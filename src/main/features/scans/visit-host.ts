import { readCollection } from "#domain/collection/read-collection.ts";
import { type AgainstKey, findChangedHostKey } from "#domain/findings/host-findings.ts";
import type { collectHost, HostReading } from "#net/ssh/collect.ts";
import { SSH_LIMITS } from "#net/ssh/collect.ts";
import type { Identity } from "#net/ssh/identities.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { HostVisit } from "#store/visit.ts";
import { describeHost } from "./describe-host.ts";
import type { HostKeys } from "./host-keys.ts";

/** What every visit of one scan has in common. */
export type HostVisitor = {
  scanId: ScanId;
  collectHost: typeof collectHost;
  collectorScript: string;
  identities: readonly Identity[];
  hostKeys: HostKeys;
  /** The login for targets that name none. */
  defaultUser: string;
  usesSudo: (target: SshTarget) => boolean;
  readCertificate: (der: Uint8Array) => Certificate | null;
  now: () => Date;
};

/** Logs in to a host, reads it and judges what was read. Rejects only when `signal` says stop. */
export async function visitHost(
  visitor: HostVisitor,
  target: SshTarget,
  signal: AbortSignal,
): Promise<HostVisit> {
  const { scanId, hostKeys, now } = visitor;
  const begun = performance.now();
  const nonce = crypto.randomUUID().replaceAll("-", "");
  const verifier = hostKeys.verifierFor(target, signal);
  const reading = await visitor.collectHost({
    target,
    user: target.user ?? visitor.defaultUser,
    identities: visitor.identities,
    verifyHostKey: verifier.verify,
    hostKeyTypes: hostKeys.preferTypes(target),
    collectorScript: visitor.collectorScript,
    nonce,
    useSudo: visitor.usesSudo(target),
    limits: SSH_LIMITS,
    signal,
  });
  const at = now();
  const visit = { scanId, target, at: toInstant(at), tookMs: Math.round(performance.now() - begun) };
  if (reading.state === "failed")
    return { ...visit, ...describeFailure(target, reading, verifier.findAgainst()) };
  return { ...visit, ...describeReading(reading, nonce, at, visitor) };
}

type Described = Omit<HostVisit, "scanId" | "target" | "at" | "tookMs">;

function describeFailure(
  target: SshTarget,
  { outcome, message, hostKey, isKeyRefused }: Extract<HostReading, { state: "failed" }>,
  against: AgainstKey | null,
): Described {
  const findings = hostKey && against ? [findChangedHostKey(target, hostKey, against)] : [];
  return { state: "failed", outcome, message, hostKey, isKeyRefused, collected: null, findings };
}

/**
 * A stream is whole only when its own trailer says so, whatever the connection looked like, and a host only when the
 * collector left nothing out.
 */
function describeReading(
  reading: Exclude<HostReading, { state: "failed" }>,
  nonce: string,
  at: Date,
  visitor: HostVisitor,
): Described {
  const { hostKey, stream } = reading;
  const collection = readCollection(stream, { nonce });
  if (!collection) {
    const message = "the host answered without running what it was asked to run";
    return { ...FAILED, outcome: "restricted-shell", message, hostKey };
  }
  const { host, findings } = describeHost(collection, at, visitor);
  const shared = { hostKey, isKeyRefused: false, collected: host, findings };
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

const FAILED = { state: "failed" as const, isKeyRefused: false, collected: null, findings: [] };
