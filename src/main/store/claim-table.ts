import type { Database } from "better-sqlite3";
import { Claim } from "#shared/model/hosts/bundle.ts";

type Row = {
  id: number;
  host: string;
  port: number;
  collected_at: string;
  imported_at: string;
  read_as: string;
  account_count: number;
  signature: string;
  why: string;
  differences: string;
};

type NewClaim = Omit<Claim, "id"> & { digest: string; nonce: string };

const CLAIM = `
  SELECT claim.id, host.host, host.port, collected_at, imported_at, claim.read_as, claim.account_count, signature, why,
    differences
  FROM claim JOIN host ON host.id = claim.host`;

/**
 * What a claim about a host is compared with, each as one text. Of a grant it has the account and the line, of a
 * certificate its digest.
 */
const KNOWN = {
  account: "SELECT name AS text FROM account WHERE host = ? AND gone_scan IS NULL",
  grant: "SELECT account || ': ' || text AS text FROM grant_line WHERE host = ? AND gone_scan IS NULL",
  "key file":
    "SELECT path || ' ' || ifnull(fingerprint, '') AS text FROM key_file WHERE host = ? AND gone_scan IS NULL",
  "host key": "SELECT fingerprint AS text FROM host_key WHERE host = ? AND gone_scan IS NULL",
  certificate: `SELECT path || ' ' || sha256 AS text FROM location JOIN certificate ON certificate.id = certificate
    WHERE host = ? AND gone_scan IS NULL`,
} as const;

export type KnownTexts = Record<keyof typeof KNOWN, Set<string>>;

/** Claims of bundles about hosts of which more reliable readings are known. */
export function claimTable(db: Database) {
  const find = db.prepare<[string], Row>(`${CLAIM} WHERE digest = ?`);
  const list = db.prepare<[], Row>(`${CLAIM} ORDER BY imported_at DESC, claim.id DESC LIMIT ${MOST_CLAIMS}`);
  const add = db.prepare(`
    INSERT INTO claim (digest, host, nonce, collected_at, imported_at, read_as, account_count, signature, why, differences)
    SELECT @digest, id, @nonce, @collectedAt, @importedAt, @readAs, @accountCount, @signature, @why, @differences
    FROM host WHERE host = @host AND port = @port`);
  const drop = db.prepare("DELETE FROM claim WHERE digest = ?");
  const dropById = db.prepare("DELETE FROM claim WHERE id = ?");
  const hostId = db
    .prepare<[string, number], number>("SELECT id FROM host WHERE host = ? AND port = ?")
    .pluck();
  const known = Object.entries(KNOWN).map(
    ([what, sql]) => [what, db.prepare<[number], string>(sql).pluck()] as const,
  );

  return {
    find: (digest: string): Claim | null => fromRow(find.get(digest)),
    /** The newest first. */
    list: (): Claim[] => list.all().map(toClaim),
    add: ({ signature, differences, ...claim }: NewClaim): void =>
      void add.run({
        ...claim,
        signature: JSON.stringify(signature),
        differences: JSON.stringify(differences),
      }),
    drop: (digest: string): boolean => drop.run(digest).changes > 0,
    dropById: (id: number): boolean => dropById.run(id).changes > 0,

    /** What is known of a host, to be compared with what a bundle claims of it; null where the host is not known. */
    known(host: string, port: number): KnownTexts | null {
      const id = hostId.get(host, port);
      if (id === undefined) return null;
      return Object.fromEntries(known.map(([what, all]) => [what, new Set(all.all(id))])) as KnownTexts;
    },
  };
}

const MOST_CLAIMS = 1_000;

const fromRow = (row: Row | undefined): Claim | null => (row ? toClaim(row) : null);

const toClaim = (row: Row): Claim =>
  Claim.parse({
    id: row.id,
    host: row.host,
    port: row.port,
    readAs: row.read_as,
    why: row.why,
    collectedAt: row.collected_at,
    importedAt: row.imported_at,
    accountCount: row.account_count,
    signature: JSON.parse(row.signature),
    differences: JSON.parse(row.differences),
  });
