import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import type { SeenCertificate } from "#store/visit.ts";

/** Stands for a date that cannot be read; it comes after every date. */
export const UNREADABLE = "unreadable";

export type CertificateMemory = ReturnType<typeof certificateMemory>;

/** Keeps each certificate once, under its hash. */
export function certificateMemory(db: Database) {
  const find = db.prepare<[string], Known>(
    "SELECT id, subject, issuer, names, ssh_fingerprint IS NULL AS isWithoutSsh FROM certificate WHERE sha256 = ?",
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
  const restate = restater(db);
  const keepDer = db.prepare("INSERT INTO certificate_der (certificate, der, extensions) VALUES (?, ?, ?)");

  return {
    isKnown: (sha256: string): boolean => find.get(sha256) !== undefined,
    idOf: (sha256: string): number | null => find.get(sha256)?.id ?? null,

    /** Its facts are written when it is seen for the first time, and again where this version of the program words them otherwise. */
    remember(seen: SeenCertificate, at: Instant): number {
      const known = find.get(seen.certificate.sha256);
      if (known) {
        const names = JSON.stringify(seen.certificate.names);
        const { subject, issuer } = seen.certificate;
        if (subject !== known.subject || issuer !== known.issuer || names !== known.names)
          restate(known.id, seen.certificate);
        if (known.isWithoutSsh && seen.sshFingerprint !== null) addSsh.run(seen.sshFingerprint, known.id);
        return known.id;
      }
      const id = Number(add.run({ ...toRow(seen), at }).lastInsertRowid);
      keepDer.run(id, Buffer.from(seen.der), JSON.stringify(seen.certificate.extensions));
      return id;
    },
  };
}

type Known = { id: number; subject: string; issuer: string; names: string; isWithoutSsh: number };

/** Says names of a certificate anew. It is out of sight meanwhile, so that whatever is counted or searched by its names follows. */
function restater(db: Database) {
  const isSeen = db.prepare<[number], number>("SELECT is_seen FROM certificate WHERE id = ?").pluck();
  const see = db.prepare("UPDATE certificate SET is_seen = ? WHERE id = ?");
  const state = db.prepare("UPDATE certificate SET subject = ?, issuer = ?, names = ? WHERE id = ?");
  const extend = db.prepare("UPDATE certificate_der SET extensions = ? WHERE certificate = ?");
  return (id: number, { subject, issuer, names, extensions }: SeenCertificate["certificate"]): void => {
    const was = isSeen.get(id) ?? 0;
    see.run(0, id);
    state.run(subject, issuer, JSON.stringify(names), id);
    extend.run(JSON.stringify(extensions), id);
    see.run(was, id);
  };
}

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
