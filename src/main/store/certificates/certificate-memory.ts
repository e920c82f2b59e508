import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { SeenCertificate } from "#store/visit.ts";

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
      key_bits, curve, spki_sha256, signature, is_ca, is_self_issued, malformed, size_bytes, due_from, urgent_from,
      is_over_limit, is_for_clients, ssh_fingerprint, first_seen)
    VALUES (@sha256, @subject, @issuer, @commonName, @serial, @notBefore, @notAfter, @names, @keyType, @keyBits,
      @curve, @spkiSha256, @signature, @isCa, @isSelfIssued, @malformed, @sizeBytes, @dueFrom, @urgentFrom,
      @isOverLimit, @isForClients, @sshFingerprint, @at)`);
  // One that was seen by an earlier version of this program has none yet.
  const addSsh = db.prepare("UPDATE certificate SET ssh_fingerprint = ? WHERE id = ?");
  const keepDer = db.prepare("INSERT INTO certificate_der (certificate, der, extensions) VALUES (?, ?, ?)");

  return {
    isKnown: (sha256: string): boolean => find.get(sha256) !== undefined,
    idOf: (sha256: string): number | null => find.get(sha256)?.id ?? null,

    /** Its facts are written when it is seen for the first time, and never again. */
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

function toRow({ certificate, warnFrom, urgentFrom, ...judged }: SeenCertificate) {
  const { extensions: _, ...facts } = certificate;
  const notAfter = certificate.notAfter ?? UNREADABLE;
  return {
    ...facts,
    notAfter,
    names: JSON.stringify(certificate.names),
    malformed: JSON.stringify(certificate.malformed),
    isCa: Number(certificate.isCa),
    isSelfIssued: Number(certificate.isSelfIssued),
    isOverLimit: Number(judged.isOverLimit),
    isForClients: Number(judged.isForClients),
    sshFingerprint: judged.sshFingerprint,
    dueFrom: warnFrom !== null && warnFrom < notAfter ? warnFrom : notAfter,
    urgentFrom,
  };
}
