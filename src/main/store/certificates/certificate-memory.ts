import type { Database } from "better-sqlite3";
import type { Revoked } from "#shared/model/certificates/chain.ts";
import { Severity, type Violation } from "#shared/model/finding.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { SeenCertificate } from "#store/probe-record.ts";

/** Stands for a date that cannot be read; it comes after every date. */
export const UNREADABLE = "unreadable";

export type CertificateMemory = ReturnType<typeof certificateMemory>;

/** Keeps each certificate once, under its hash. */
export function certificateMemory(db: Database) {
  const find = db.prepare<[string], Known>(
    "SELECT id, ssh_fingerprint IS NULL AS isWithoutSsh FROM certificate WHERE sha256 = ?",
  );
  const add = db.prepare(`
    INSERT INTO certificate (sha256, subject, issuer, common_name, serial, not_before, not_after, names, key_type,
      key_bits, curve, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, warn_from, urgent_from,
      is_over_limit, is_for_clients, ssh_fingerprint, first_seen)
    VALUES (@sha256, @subject, @issuer, @commonName, @serial, @notBefore, @notAfter, @names, @keyType, @keyBits,
      @curve, @spkiSha256, @signature, @isCa, @isSelfIssued, @malformed, @sizeBytes, @warnFrom, @urgentFrom,
      @isOverLimit, @isForClients, @sshFingerprint, @at)`);
  // A certificate that an earlier version of this program stored has no fingerprint yet.
  const addSsh = db.prepare("UPDATE certificate SET ssh_fingerprint = ? WHERE id = ?");
  const keepDer = db.prepare("INSERT INTO certificate_der (certificate, der, extensions) VALUES (?, ?, ?)");

  return {
    isKnown: (sha256: string): boolean => find.get(sha256) !== undefined,
    idOf: (sha256: string): number | null => find.get(sha256)?.id ?? null,

    /** Writes the facts of a certificate when it is seen for the first time, and never again. */
    remember(seen: SeenCertificate, at: Instant): number {
      const known = find.get(seen.certificate.sha256);
      if (known) {
        if (known.isWithoutSsh && seen.sshFingerprint !== null) addSsh.run(seen.sshFingerprint, known.id);
        return known.id;
      }
      const id = Number(add.run({ ...toRow(seen), at }).lastInsertRowid);
      keepDer.run(id, Buffer.from(seen.der), JSON.stringify(seen.certificate.extensions));
      return id;
    },
  };
}

type Known = { id: number; isWithoutSsh: number };

function toRow({ certificate, warnFrom, urgentFrom, ...evaluated }: SeenCertificate) {
  const { extensions: _, ...facts } = certificate;
  const notAfter = certificate.notAfter ?? UNREADABLE;
  return {
    ...facts,
    notAfter,
    names: JSON.stringify(certificate.names),
    malformed: JSON.stringify(certificate.malformed),
    isCa: Number(certificate.isCa),
    isSelfIssued: Number(certificate.isSelfIssued),
    isOverLimit: Number(evaluated.isOverLimit),
    isForClients: Number(evaluated.isForClients),
    sshFingerprint: evaluated.sshFingerprint,
    warnFrom: warnFrom !== null && warnFrom < notAfter ? warnFrom : notAfter,
    urgentFrom,
  };
}

/** Which certificates are revoked, and who said so. */
export function revokedTable(db: Database) {
  const find = db
    .prepare<[string], string | null>("SELECT revoked FROM certificate WHERE sha256 = ?")
    .pluck();
  const note = db.prepare(`
    UPDATE certificate
    SET revoked = @revoked, revoked_since = CASE WHEN @revoked IS NOT NULL THEN ifnull(revoked_since, @at) END
    WHERE sha256 = @sha256`);
  const ofIssuer = db.prepare<{ issuer: string }, { sha256: string; serial: string }>(`
    SELECT sha256, serial FROM certificate
    WHERE is_seen = 1 AND substr(issuer, 1, 120) = substr(@issuer, 1, 120) AND issuer = @issuer`);
  const saidBy = db
    .prepare<[string], string>(`
      SELECT sha256 FROM certificate INDEXED BY certificate_revoked
      WHERE revoked IS NOT NULL AND revoked ->> 'by' = ?`)
    .pluck();

  return {
    /** Null where nothing says that it is revoked. */
    of(sha256: string): Revoked | null {
      const text = find.get(sha256) ?? null;
      return text === null ? null : (JSON.parse(text) as Revoked);
    },

    note(sha256: string, revoked: Revoked | null, at: Instant): void {
      note.run({
        sha256,
        at,
        revoked: revoked && JSON.stringify({ by: revoked.by, sentence: revoked.sentence }),
      });
    },

    /** The certificates of an issuer, as certificates print its name, that are seen now. */
    ofIssuer: (issuer: string) => ofIssuer.all({ issuer }),
    saidBy: (by: string): string[] => saidBy.all(by),
  };
}

/**
 * A stored certificate: its issuer as certificates print it, and what it was evaluated by; null where it was not
 * evaluated.
 */
type EvaluatedCertificate = { id: number; issuer: string; evaluatedBy: string | null };

/**
 * One location at which a certificate is seen now: the name of its host, and the endpoint; null for files of that host.
 */
type SeenAt = { name: number; endpoint: number | null };

/**
 * A certificate is evaluated with so many hosts, and so many endpoints of each: the wildcard of a fleet is seen at
 * thousands.
 */
const MOST_NAMES = 20;
const MOST_ENDPOINTS = 20;

/**
 * What certificates break of their profiles. It is evaluated when they are stored, for it changes only with the program
 * and with their chains.
 */
export function violationTable(db: Database) {
  const find = db.prepare<[string], EvaluatedCertificate>(
    "SELECT id, issuer, evaluated_by AS evaluatedBy FROM certificate WHERE sha256 = ?",
  );
  const served = db
    .prepare<[number], number>(`
      SELECT 1 FROM location
      WHERE certificate = CAST(? AS INTEGER) AND gone_scan IS NULL AND endpoint IS NOT NULL AND position = 0 LIMIT 1`)
    .pluck();
  const issuedBy = db
    .prepare<{ subject: string }, number>(`
      SELECT 1 FROM certificate INDEXED BY certificate_issued
      WHERE substr(issuer, 1, 120) = (SELECT substr(@subject, 1, 120)) AND is_seen = 1 AND is_self_issued = 0
        AND issuer = (SELECT @subject) LIMIT 1`)
    .pluck();
  const names = db
    .prepare<[number], number>(`
      SELECT DISTINCT name FROM location WHERE certificate = CAST(? AS INTEGER) AND gone_scan IS NULL
      ORDER BY name LIMIT ${MOST_NAMES}`)
    .pluck();
  const endpoints = db
    .prepare<[number, number], number | null>(`
      SELECT DISTINCT endpoint FROM location
      WHERE certificate = CAST(? AS INTEGER) AND name = CAST(? AS INTEGER) AND gone_scan IS NULL
      ORDER BY endpoint LIMIT ${MOST_ENDPOINTS}`)
    .pluck();
  const sent = db
    .prepare<[number], string>(`
      SELECT DISTINCT sha256 FROM location JOIN certificate ON certificate.id = location.certificate
      WHERE endpoint = CAST(? AS INTEGER) AND gone_scan IS NULL ORDER BY sha256`)
    .pluck();
  const held = db
    .prepare<[string, number], string>(`
      SELECT sha256 FROM json_each(?) CROSS JOIN certificate ON certificate.sha256 = json_each.value
      WHERE EXISTS (
        SELECT 1 FROM location
        WHERE location.certificate = certificate.id AND name = CAST(? AS INTEGER) AND gone_scan IS NULL)
      ORDER BY sha256`)
    .pluck();
  const der = db
    .prepare<[string], Uint8Array>(`
      SELECT der FROM certificate JOIN certificate_der ON certificate_der.certificate = certificate.id
      WHERE sha256 = ?`)
    .pluck();
  const known = db
    .prepare<{ issuer: string; profile: string; rules: string }, number>(`
      SELECT id FROM profile_violation
      WHERE substr(issuer, 1, 120) = substr(@issuer, 1, 120) AND profile = @profile AND rules = @rules AND issuer = @issuer`)
    .pluck();
  const add = db.prepare(`
    INSERT INTO profile_violation (issuer, profile, severity, rules, since)
    VALUES (@issuer, @profile, @severity, @rules, @at)`);
  const begin = db.prepare(
    "UPDATE profile_violation SET since = @at WHERE id = @id AND certificate_count = 0",
  );
  const note = db.prepare(`
    UPDATE certificate SET violation = @violation, violation_severity = @severity, evaluated_by = @evaluatedBy
    WHERE id = @id`);

  return {
    find: (sha256: string): EvaluatedCertificate | null => find.get(sha256) ?? null,

    /** Whether an endpoint presents it as its own. */
    isServed: (id: number): boolean => served.get(id) !== undefined,

    /** Whether a certificate is seen that names this subject as its issuer, self-issued ones aside. */
    hasIssued: (subject: string): boolean => issuedBy.get({ subject }) !== undefined,

    /** Where it is seen now, in an order that is always the same. */
    seenAt: (id: number): SeenAt[] =>
      names.all(id).flatMap((name) => endpoints.all(id, name).map((endpoint) => ({ name, endpoint }))),

    /** The hashes of all that an endpoint sends now. */
    sentBy: (endpoint: number): string[] => sent.all(endpoint),

    /** Which of these are seen under this name now, in files or sent. */
    heldBy: (name: number, hashes: readonly string[]): string[] => held.all(JSON.stringify(hashes), name),

    der: (sha256: string): Uint8Array | null => der.get(sha256) ?? null,

    /** `violation` is null where it breaks nothing that is worth a finding. */
    note(
      { id, issuer }: EvaluatedCertificate,
      violation: Violation | null,
      { evaluatedBy, at }: { evaluatedBy: string; at: Instant },
    ): void {
      const severity = violation && Severity.options.indexOf(violation.severity);
      note.run({
        id,
        evaluatedBy,
        violation: violation && rowOf(issuer, violation, at),
        severity: violation?.severity === "low" ? null : severity,
      });
    },
  };

  function rowOf(issuer: string, { profile, severity, rules }: Violation, at: Instant): number {
    const row = { issuer, profile, rules: JSON.stringify(rules) };
    const id = known.get(row);
    if (id !== undefined) {
      begin.run({ id, at });
      return id;
    }
    return Number(add.run({ ...row, severity: Severity.options.indexOf(severity), at }).lastInsertRowid);
  }
}
