import type { Database } from "better-sqlite3";
import { placeOf } from "#store/access/grant-writer.ts";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import type { About, FindingWriter } from "#store/findings/finding-writer.ts";
import type { probeTable } from "#store/scans/probe-table.ts";
import type { HostVisit } from "#store/visit.ts";
import type { HostNames } from "./host-name-table.ts";
import { hostReader, type Seen } from "./host-reader.ts";

type Deps = {
  certificates: CertificateMemory;
  findings: FindingWriter;
  names: HostNames;
  probes: ReturnType<typeof probeTable>;
};

const NOTHING: Seen = { grants: new Map(), keyFiles: new Map(), certificates: new Set() };

const VISIT = `
  INSERT INTO host (host, port, name, user, state, outcome, message, last_scan, last_seen, key_type, key_fingerprint,
    key_blob, is_key_refused)
  VALUES (@host, @port, @name, @user, @state, @outcome, @message, @scanId, @at, @keyType, @fingerprint, @blob,
    @isKeyRefused)
  ON CONFLICT (host, port) DO UPDATE
  SET user = @user, state = @state, outcome = @outcome, message = @message, last_scan = @scanId, last_seen = @at,
      key_type = ifnull(@keyType, key_type), key_fingerprint = ifnull(@fingerprint, key_fingerprint),
      key_blob = ifnull(@blob, key_blob),
      is_key_refused = CASE WHEN @keyType IS NULL THEN is_key_refused ELSE @isKeyRefused END
  RETURNING id`;

/** Remembers visits to hosts. */
export function hostVisits(db: Database, { certificates, findings, names, probes }: Deps) {
  const reader = hostReader(db, certificates);
  const visit = db.prepare<object, number>(VISIT).pluck();

  return {
    /** A visit that could not read changes nothing that is known but what the last visit met. */
    visit({ target, hostKey, isKeyRefused, collected, findings: drafts, ...probe }: HostVisit): void {
      probes.record({ ...probe, target, hostKey: isKeyRefused ? hostKey : null });
      const name = names.idOf(target.host);
      const key = {
        keyType: hostKey?.keyType ?? null,
        fingerprint: hostKey?.fingerprint ?? null,
        blob: hostKey && Buffer.from(hostKey.blob),
        isKeyRefused: Number(isKeyRefused),
      };
      const id = visit.get({ ...probe, ...target, ...key, name }) ?? 0;
      const look = { scanId: probe.scanId, isWhole: collected !== null && !collected.isPartial };
      const seen: Seen = collected
        ? reader.read({ id, name, ...target }, { collected, look, at: probe.at })
        : NOTHING;
      findings.replace(
        { name, host: id, at: probe.at },
        drafts,
        look.isWhole ? () => true : wasSeen(seen, hostKey !== null),
        (about) => {
          if (about.kind === "host") return id;
          if (about.kind === "grant") return seen.grants.get(placeOf(about)) ?? null;
          return about.kind === "key-file" ? (seen.keyFiles.get(about.path) ?? null) : null;
        },
      );
    },
  };
}

/** What a partial visit can clear: findings about what it saw, and about the host itself once that showed its key. */
function wasSeen(seen: Seen, hasKey: boolean): (about: About) => boolean {
  const grants = new Set(seen.grants.values());
  const keyFiles = new Set(seen.keyFiles.values());
  return ({ kind, id }) => {
    if (kind === "host") return hasKey;
    if (kind === "certificate") return seen.certificates.has(id);
    return kind === "grant" ? grants.has(id) : keyFiles.has(id);
  };
}
