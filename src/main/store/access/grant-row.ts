import type { GrantRow } from "#shared/model/grant.ts";
import { Verdict } from "#shared/model/verdict.ts";
import { isOrphaned, sayWhy } from "#shared/text/why.ts";
import type { FindingBriefs } from "#store/findings/finding-briefs.ts";

/** As a query on `grant_line` gives it. */
export type Row = {
  id: number;
  host_name: string;
  port: number;
  account: string;
  file: string;
  line: number;
  key_type: string | null;
  key_bits: number | null;
  fingerprint: string | null;
  comment: string;
  options: string;
  effective: string;
  verdict: string;
  first_seen: string;
  last_seen: string;
};

export const COLUMNS = `id, host_name, port, account, file, line, key_type, key_bits, fingerprint, comment, options, effective,
  verdict, (SELECT started_at FROM scan WHERE scan.id = first_scan) AS first_seen,
  (SELECT started_at FROM scan WHERE scan.id = last_scan) AS last_seen`;

/** How the rows of grants are filled with what is to be said of them. */
export function grantRows(briefs: FindingBriefs) {
  return { toGrant };

  function toGrant(row: Row): GrantRow {
    const verdict = Verdict.parse(JSON.parse(row.verdict));
    return {
      id: row.id,
      host: row.host_name,
      port: row.port,
      account: row.account,
      file: row.file,
      line: row.line,
      keyType: row.key_type,
      keyBits: row.key_bits,
      fingerprint: row.fingerprint,
      comment: row.comment,
      options: row.options,
      verdict,
      orphaned: isOrphaned(verdict),
      why: sayWhy(verdict),
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      findings: [
        ...briefs.about({ kind: "grant", id: row.id }),
        ...(row.fingerprint === null || row.effective === "no" ? [] : briefs.ofKey(row.fingerprint)),
      ],
    };
  }
}
