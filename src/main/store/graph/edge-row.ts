import type { Escalation } from "#shared/model/becoming.ts";
import type { GraphEdge } from "#shared/model/graph.ts";
import { Effective } from "#shared/model/verdict.ts";
import {
  evaluateEscalation,
  evaluateHolding,
  evaluateOpening,
  evaluateSigning,
} from "#shared/text/graph-edge.ts";
import { accountId, agentId, HERE, keyId, personId } from "./node-id.ts";

export type KeyFileRow = {
  host: number;
  path: string;
  owner: string;
  key_type: string | null;
  fingerprint: string | null;
  likely_fingerprint: string | null;
  is_encrypted: number | null;
  possession: string;
};
export const KEY_FILE =
  "key_file.host, path, owner, key_type, fingerprint, likely_fingerprint, is_encrypted, possession";

export type GrantEdgeRow = {
  host: number;
  account: string;
  file: string;
  line: number;
  fingerprint: string;
  options: string;
  effective: string;
};
/** The verdict's other axes are long, and not needed. */
export const GRANT = `grant_line.host, grant_line.account, file, line, grant_line.fingerprint, options,
  json_extract(verdict, '$.effective') AS effective`;

export type AuthorityRow = {
  id: number;
  host: number;
  account: string;
  fingerprint: string;
  file: string;
  line: number;
  principals: string;
  effective: string;
};
export const AUTHORITY = `trusted_authority.id, trusted_authority.host, trusted_authority.account,
  trusted_authority.fingerprint, file, line, principals, effective`;

export type EscalationRow = Omit<Escalation, "what" | "isCertain"> & {
  host: number;
  what: string;
  isCertain: number;
};
export const ESCALATION = `host, account, target, by, commands, password, is_certain AS isCertain, what, shell, rule`;

export type AgentRow = { id: number; host: number; account: string; path: string };

/** A key file, for its owner or for root; null where its key is not known. */
export function holding(file: KeyFileRow, holder: string, kind: "own" | "root"): GraphEdge | null {
  const fingerprint = file.fingerprint ?? file.likely_fingerprint;
  // What signs with another key than it shows holds that other one, of which nothing more is known.
  if (fingerprint === null || file.possession === "other-key") return null;
  const isEncrypted = file.is_encrypted === null ? null : file.is_encrypted === 1;
  const isLikely = file.fingerprint === null;
  return {
    from: accountId(file.host, holder),
    to: keyId(fingerprint),
    how: "holds",
    ...evaluateHolding({
      isEncrypted,
      keyType: file.key_type,
      isLikely,
      kind,
      isVerified: file.possession === "verified",
    }),
    where: file.path,
    options: "",
  };
}

export const opening = (row: GrantEdgeRow): GraphEdge => ({
  from: keyId(row.fingerprint),
  to: accountId(row.host, row.account),
  how: "opens",
  ...evaluateOpening(Effective.parse(JSON.parse(row.effective))),
  where: `${row.file}:${row.line}`,
  options: row.options,
});

export const signing = (row: AuthorityRow): GraphEdge => ({
  from: keyId(row.fingerprint),
  to: accountId(row.host, row.account),
  how: "signs",
  ...evaluateSigning(Effective.parse(JSON.parse(row.effective)), JSON.parse(row.principals) as string[]),
  where: `${row.file}:${row.line}`,
  options: "",
});

export const becoming = (row: EscalationRow): GraphEdge => ({
  from: accountId(row.host, row.account),
  to: accountId(row.host, row.target),
  how: row.by,
  ...evaluateEscalation({ ...row, what: JSON.parse(row.what) as string[], isCertain: row.isCertain === 1 }),
  where: row.rule,
  options: "",
});

export const lending = ({ id, host, account, path }: AgentRow): GraphEdge => ({
  from: accountId(host, account),
  to: agentId(id),
  how: "agent",
  isCertain: false,
  where: path,
  options: "",
  notes: ["open when the host was last read; which keys it lends is not known"],
});

export const rooted = (host: number, root: string, account: string): GraphEdge => ({
  from: accountId(host, root),
  to: accountId(host, account),
  how: "root",
  isCertain: true,
  where: "",
  options: "",
  notes: [],
});

export const holdingHere = ({ fingerprint, place }: { fingerprint: string; place: string }): GraphEdge => ({
  from: HERE,
  to: keyId(fingerprint),
  how: "holds",
  isCertain: true,
  where: place,
  options: "",
  notes: [],
});

export type PersonKeyRow = { person: number; fingerprint: string; roster: string };

export const holdingOf = ({ person, fingerprint, roster }: PersonKeyRow): GraphEdge => ({
  from: personId(person),
  to: keyId(fingerprint),
  how: "holds",
  isCertain: true,
  where: roster,
  options: "",
  notes: [],
});
