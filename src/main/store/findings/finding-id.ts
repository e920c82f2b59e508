import { type FindingObject, RuleId } from "#shared/model/finding.ts";

/** What a finding's id is made of: both last from scan to scan, so the id does. */
export type FindingIdentity = { rule: RuleId; object: FindingObject };

const NUMBERED = /^(grant|key-file|host|endpoint|profile-violation)-(\d{1,15})$/;

export function writeFindingId({ rule, object }: FindingIdentity): string {
  return `${rule}:${formatObject(object)}`;
}

function formatObject(object: FindingObject): string {
  if (object.kind === "certificate") return object.sha256;
  if (object.kind === "tls-key") return `tls-key-${object.spki}`;
  return object.kind === "key" ? object.fingerprint : `${object.kind}-${object.id}`;
}

/** Null when it is no id of a finding. */
export function readFindingId(id: string): FindingIdentity | null {
  const colon = id.indexOf(":");
  const rule = RuleId.safeParse(id.slice(0, colon));
  const object = readObject(id.slice(colon + 1));
  return rule.success && object ? { rule: rule.data, object } : null;
}

function readObject(identity: string): FindingObject | null {
  if (/^[0-9a-f]{64}$/.test(identity)) return { kind: "certificate", sha256: identity };
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(identity)) return { kind: "key", fingerprint: identity };
  if (/^tls-key-[0-9a-f]{64}$/.test(identity)) return { kind: "tls-key", spki: identity.slice(8) };
  const [, kind, id] = NUMBERED.exec(identity) ?? [];
  if (kind === undefined) return null;
  return { kind: kind as "grant" | "key-file" | "host" | "endpoint" | "profile-violation", id: Number(id) };
}
