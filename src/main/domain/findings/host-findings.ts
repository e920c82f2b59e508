import type { FindingDraft } from "#shared/model/finding.ts";
import type { HostKeyView } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";

/** Why the key of a host is not trusted: another one is, or this one was revoked. */
export type AgainstKey = { isRevoked: boolean; evidence: string };

/**
 * A host presents another key than the one trusted for it: it was reinstalled, or a
 * man in the middle answers. Only a person can find out, so nothing is sent to it.
 */
export function findChangedHostKey(
  target: SshTarget,
  presented: HostKeyView,
  { isRevoked, evidence }: AgainstKey,
): FindingDraft {
  return {
    rule: "host-key-changed",
    severity: "critical",
    sentence: isRevoked
      ? `${target.host} presents a host key that is revoked`
      : `${target.host} presents another host key than the one that is trusted`,
    evidence: [`presented: ${presented.keyType} ${presented.fingerprint}`, evidence],
    members: [presented.fingerprint],
    remedy: isRevoked
      ? "give the host a new key: whoever has the revoked one can stand in for it"
      : "find out from the host's console whether its key was changed on purpose; if so forget the old key and trust the new one, if not somebody may be in between",
    label: `${target.host}:${target.port}`,
    about: { kind: "host" },
  };
}
