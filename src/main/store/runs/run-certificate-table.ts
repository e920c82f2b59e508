import type { Database } from "better-sqlite3";
import { OrderNote } from "#shared/model/issuers/issuer.ts";
import { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";
import type { RunId, RunOrder } from "#shared/model/runs/run.ts";
import { fromStored, Texts, toStored, toStoredOrNull } from "./stored-json.ts";

/** A certificate of a run, with what only the run itself needs. */
export type RunCertificate = {
  host: string;
  port: number;
  /** The id of its replacement in the plan. */
  change: string;
  names: string[];
  issuer: number;
  state: RunOrder["state"];
  /** Null: its state is enough. */
  note: OrderNote | null;
  /** DER. */
  csr: Uint8Array | null;
  /** The vault's entry of a key that was made here. */
  keyId: string | null;
  orderUrl: string | null;
  /** PEM, the leaf first. */
  chain: string | null;
  sha256: string | null;
  /** Hashes of the new files, in the order of the plan. */
  newHashes: string[] | null;
  /** Which clients would refuse it, as was shown when the run stopped for that; null: it did not. */
  trust: RenewalTrust | null;
};

export type CertificateKey = Pick<RunCertificate, "host" | "port" | "change">;

type Row = Omit<RunCertificate, "names" | "note" | "keyId" | "orderUrl" | "newHashes" | "trust"> & {
  names: string;
  note: string | null;
  key_id: string | null;
  order_url: string | null;
  new_hashes: string | null;
  trust: string | null;
};

const COLUMNS =
  "host, port, change, names, issuer, state, note, csr, key_id, order_url, chain, sha256, new_hashes, trust";

/** What runs have requested from issuers. Nothing in it is secret. */
export function runCertificateTable(db: Database) {
  const add = db.prepare(`
    INSERT INTO run_certificate (run, host, port, change, names, issuer, state)
    VALUES (@run, @host, @port, @change, @names, @issuer, 'planned')`);
  const all = db.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM run_certificate WHERE run = ? ORDER BY host, port, change`,
  );
  const set = db.prepare(`
    UPDATE run_certificate
    SET state = @state, note = @note, csr = @csr, key_id = @keyId, order_url = @orderUrl, chain = @chain,
      sha256 = @sha256, new_hashes = @newHashes, trust = @trust
    WHERE run = @run AND host = @host AND port = @port AND change = @change`);
  const issuerOf = db
    .prepare<[string], number>(
      "SELECT issuer FROM run_certificate WHERE sha256 = ? ORDER BY run DESC LIMIT 1",
    )
    .pluck();
  const lastChain = db
    .prepare<[number], string>(
      "SELECT chain FROM run_certificate WHERE issuer = ? AND chain IS NOT NULL ORDER BY run DESC LIMIT 1",
    )
    .pluck();
  const seenOf = db
    .prepare<[number], string>(`
      SELECT DISTINCT run_certificate.sha256 FROM run_certificate
      JOIN certificate ON certificate.sha256 = run_certificate.sha256 AND certificate.is_seen = 1
      WHERE run_certificate.issuer = ? AND EXISTS (
        SELECT 1 FROM location WHERE location.certificate = certificate.id AND location.gone_scan IS NULL AND location.position = 0)
      ORDER BY certificate.not_after`)
    .pluck();

  return {
    add: (run: RunId, { names, ...one }: CertificateKey & Pick<RunCertificate, "names" | "issuer">): void =>
      void add.run({ ...one, run, names: toStored(Texts, names) }),

    all: (run: RunId): RunCertificate[] => all.all(run).map(toCertificate),

    set: (run: RunId, { names: _, note, newHashes, trust, ...one }: RunCertificate): void =>
      void set.run({
        ...one,
        run,
        note: toStoredOrNull(OrderNote, note),
        newHashes: toStoredOrNull(Texts, newHashes),
        trust: toStoredOrNull(RenewalTrust, trust),
      }),

    /** The issuer of a certificate that a run has requested; null where no run has. */
    issuerOf: (sha256: string): number | null => issuerOf.get(sha256) ?? null,

    /** The chain that an issuer signed last for a run, as PEM with the leaf first; null where no run has one. */
    lastChain: (issuer: number): string | null => lastChain.get(issuer) ?? null,

    /** Certificates that runs have had from an issuer and that are still somewhere; the first to expire is first. */
    seenOf: (issuer: number): string[] => seenOf.all(issuer),
  };
}

const toCertificate = ({
  names,
  note,
  key_id,
  order_url,
  new_hashes,
  trust,
  ...row
}: Row): RunCertificate => ({
  ...row,
  names: fromStored(Texts, names) ?? [],
  note: note === null ? null : fromStored(OrderNote, note),
  keyId: key_id,
  orderUrl: order_url,
  // Null means that nothing was staged on the host: a value that cannot be read does not mean that.
  newHashes: new_hashes === null ? null : (fromStored(Texts, new_hashes) ?? []),
  // What cannot be read was shown to nobody.
  trust: trust === null ? null : fromStored(RenewalTrust, trust),
});
