import type { Database } from "better-sqlite3";
import type { Unread } from "#shared/model/host.ts";
import type { KeyGap } from "#shared/model/person.ts";
import { grantWriter } from "#store/access/grant-writer.ts";
import { orphanClock } from "#store/access/orphan-clock.ts";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import { placeTable, type SeenPlace } from "#store/certificates/place-table.ts";
import { clientFileTable } from "#store/serving/client-file-table.ts";
import { servingWriter } from "#store/serving/serving-writer.ts";
import type { Look } from "#store/spans.ts";
import { loginTable } from "#store/use/login-table.ts";
import type { CollectedHost } from "#store/visit.ts";
import { accountTable, hostKeyTable, keyFileTable } from "./host-parts.ts";
import { reachTables } from "./reach-tables.ts";
import { trustedAuthorityTable } from "./trusted-authority-table.ts";

type Home = { id: number; name: number; host: string; port: number };

/** The rows of what a visit saw, by the names that its findings use; and of what it did not see but is still there. */
export type Seen = {
  grants: Map<string, number>;
  keyFiles: Map<string, number>;
  outOfSight: Record<"grant" | "key-file" | "certificate", Pick<ReadonlySet<number>, "has">>;
};

/** What a partial reading does not tell stays as it was. No bare parameter in a comparison (decision 0044). */
const READ = `
  UPDATE host
  SET last_read = @at, read_as = @readAs, unread_count = @unreadCount, key_gap = @keyGap,
      hostname = ifnull(@hostname, iif(@isWhole, NULL, hostname)),
      os = ifnull(@os, iif(@isWhole, NULL, os)),
      kernel = ifnull(@kernel, iif(@isWhole, NULL, kernel)),
      arch = ifnull(@arch, iif(@isWhole, NULL, arch)),
      sshd_version = ifnull(@sshdVersion, iif(@isWhole, NULL, sshd_version)),
      clock_ahead_seconds = @clockAheadSeconds,
      account_count = (SELECT count(*) FROM account WHERE host = CAST(@id AS INTEGER) AND gone_scan IS NULL),
      grant_count = (SELECT count(*) FROM grant_line WHERE host = CAST(@id AS INTEGER) AND gone_scan IS NULL),
      certificate_count = (
        SELECT count(DISTINCT certificate) FROM place WHERE host = CAST(@id AS INTEGER) AND gone_scan IS NULL)
  WHERE id = CAST(@id AS INTEGER)`;

const COVER = `
  INSERT INTO coverage (host, read, not_read) VALUES (@id, @read, @notRead)
  ON CONFLICT (host) DO UPDATE SET read = @read, not_read = @notRead`;

/** Takes in what was read of a host. */
export function hostReader(db: Database, certificates: CertificateMemory) {
  const accounts = accountTable(db);
  const grants = grantWriter(db);
  const hostKeys = hostKeyTable(db);
  const keyFiles = keyFileTable(db);
  const places = placeTable(db);
  const logins = loginTable(db);
  const reach = reachTables(db);
  const servings = servingWriter(db);
  const clientFiles = clientFileTable(db);
  const authorities = trustedAuthorityTable(db);
  const keep = db.prepare(READ);
  const cover = db.prepare(COVER);
  const dateOrphans = orphanClock(db);
  const findOutOfSight = outOfSightFinder(db);

  return { read };

  function read(
    home: Home,
    { collected, look, at }: { collected: CollectedHost; look: Look; at: string },
  ): Seen {
    const { id, name } = home;
    const unlisted = accounts.findUnlisted(id, collected);
    const hostLook = { ...look, unlisted };
    const files = placesOf(collected, at);
    for (const certificate of collected.replacedCertificates) certificates.remember(certificate, at);
    accounts.follow(home, collected.accounts, hostLook);
    places.follow({ name, host: id }, files, look);
    hostKeys.follow(home, collected.hostKeys, look);
    logins.keep(id, collected.use);
    reach.follow(id, collected.reach, hostLook);
    servings.follow(home, collected.disk, look);
    clientFiles.follow(id, collected.clientFiles, look);
    authorities.follow(id, collected.authorities, hostLook);
    const seen = {
      grants: grants.follow(home, collected.grants, hostLook, at),
      keyFiles: keyFiles.follow(home, collected.keyFiles, hostLook),
    };
    dateOrphans(at);
    const { coverage } = collected;
    const notRead = [...coverage.notRead, ...formatUnlisted(unlisted)];
    cover.run({ id, read: JSON.stringify(coverage.read), notRead: JSON.stringify(notRead) });
    const unreadCount = collected.unreadPaths.length;
    keep.run({
      ...collected,
      id,
      at,
      unreadCount,
      keyGap: findKeyGap(collected),
      isWhole: Number(look.isWhole),
    });
    return { ...seen, outOfSight: findOutOfSight(id, seen, files) };
  }

  function placesOf({ certificateFiles }: CollectedHost, at: string): SeenPlace[] {
    return certificateFiles.flatMap(({ path, certificates: found }) =>
      found.map((one, position) => ({ certificate: certificates.remember(one, at), path, position })),
    );
  }
}

/** Why this reading may have missed a private key. An ordinary account cannot look into the homes of others. */
function findKeyGap({ isPartial, readAs, unreadKeyPlaces }: CollectedHost): KeyGap | null {
  if (isPartial) return "cut-short";
  if (!ROOT.has(readAs)) return "not-root";
  return unreadKeyPlaces.length > 0 ? "hidden-places" : null;
}

const ROOT: ReadonlySet<string> = new Set(["root", "root by sudo"]);

/** So many accounts are named. */
const MOST_UNLISTED = 50;

const formatUnlisted = (unlisted: ReadonlySet<string>): Unread[] =>
  [...unlisted].slice(0, MOST_UNLISTED).map((name) => ({
    what: `account ${name}`,
    why: "it was not listed this time: what is known of it and its grants stays as it was",
  }));

/** What is known of a host, still there, and not among what was seen. */
function outOfSightFinder(db: Database) {
  const idsOf = (sql: string) =>
    db.prepare<[number], number>(`${sql} WHERE host = ? AND gone_scan IS NULL`).pluck();
  const grants = idsOf("SELECT id FROM grant_line");
  const keyFiles = idsOf("SELECT id FROM key_file");
  const certificates = idsOf("SELECT DISTINCT certificate FROM place");
  const without = (ids: readonly number[], seen: Iterable<number>) => {
    const inSight = new Set(seen);
    return new Set(ids.filter((id) => !inSight.has(id)));
  };

  return (
    host: number,
    seen: Pick<Seen, "grants" | "keyFiles">,
    files: readonly SeenPlace[],
  ): Seen["outOfSight"] => ({
    grant: without(grants.all(host), seen.grants.values()),
    "key-file": without(keyFiles.all(host), seen.keyFiles.values()),
    certificate: without(
      certificates.all(host),
      files.map(({ certificate }) => certificate),
    ),
  });
}
