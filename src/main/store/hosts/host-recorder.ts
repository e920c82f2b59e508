import type { Database } from "better-sqlite3";
import type { KeyGap } from "#shared/model/access/person.ts";
import type { Unreadable } from "#shared/model/hosts/host.ts";
import { grantWriter, locationOf, orphanClock } from "#store/access/grant-writer.ts";
import { bindingWriter, clientFileTable } from "#store/bindings/binding-writer.ts";
import type { CertificateMemory } from "#store/certificates/certificate-memory.ts";
import { locationTable, type SeenLocation } from "#store/certificates/location-table.ts";
import type { About, FindingWriter } from "#store/findings/finding-writer.ts";
import { loginDayTable } from "#store/logins/login-day-table.ts";
import { loginTable } from "#store/logins/login-table.ts";
import type { CollectedHost, HostProbe } from "#store/probe-record.ts";
import { hostReadingTable } from "#store/runs/host-readings.ts";
import type { probeTable } from "#store/scans/probe-table.ts";
import { createPathsBelow, type ScanCoverage } from "#store/spans.ts";
import type { HostNames } from "./address-table.ts";
import {
  accountTable,
  hostKeyTable,
  hostProgramsTable,
  isLatest,
  keyFileTable,
  keysReadingTable,
} from "./host-parts.ts";
import { reachTables, trustedAuthorityTable } from "./reach-tables.ts";

type Deps = {
  certificates: CertificateMemory;
  findings: FindingWriter;
  names: HostNames;
  probes: ReturnType<typeof probeTable>;
};

const EVERYTHING = { has: () => true };

/** What a probe saw that read nothing: everything known may still be there. */
const NOTHING: Seen = {
  grants: new Map(),
  keyFiles: new Map(),
  outOfSight: { grant: EVERYTHING, "key-file": EVERYTHING, certificate: EVERYTHING },
};

const PROBE = `
  INSERT INTO host (host, port, name, user, state, outcome, message, last_scan, last_seen, key_type, key_fingerprint,
    key_blob, is_key_refused, key_seen)
  VALUES (@host, @port, @name, @user, @state, @outcome, @message, @scanId, @at, @keyType, @fingerprint, @blob,
    @isKeyRefused, CASE WHEN @keyType IS NOT NULL THEN @at END)
  ON CONFLICT (host, port) DO UPDATE
  SET user = @user, last_scan = @scanId,
      state = iif(@isOffline AND last_seen > @at, state, @state),
      outcome = iif(@isOffline AND last_seen > @at, outcome, @outcome),
      message = iif(@isOffline AND last_seen > @at, message, @message),
      last_seen = iif(@isOffline AND last_seen > @at, last_seen, @at),
      key_type = ifnull(@keyType, key_type), key_fingerprint = ifnull(@fingerprint, key_fingerprint),
      key_blob = ifnull(@blob, key_blob),
      is_key_refused = CASE WHEN @keyType IS NULL THEN is_key_refused ELSE @isKeyRefused END,
      key_seen = CASE WHEN @keyType IS NULL THEN key_seen ELSE @at END
  RETURNING id`;

const REFUSE_JUMP_HOST = `
  INSERT INTO jump_host_key (host, port, outcome, key_type, fingerprint, blob, last_seen)
  VALUES (@host, @port, @outcome, @keyType, @fingerprint, @blob, @at)
  ON CONFLICT DO UPDATE
  SET outcome = @outcome, key_type = @keyType, fingerprint = @fingerprint, blob = @blob, last_seen = @at`;

/** Stores probes of hosts. */
export function hostRecorder(db: Database, { certificates, findings, names, probes }: Deps) {
  const reader = hostReader(db, certificates);
  const readings = hostReadingTable(db);
  const recordProbe = db.prepare<object, number>(PROBE).pluck();
  const refuseJumpHost = db.prepare(REFUSE_JUMP_HOST);
  const reachAs = db.prepare(REACH_AS);
  const accounts = accountSight(db);

  return {
    /** A probe that read nothing changes only the outcome of the last probe. */
    recordProbe(whole: HostProbe): void {
      const {
        target,
        jumpHost,
        isKeyRefused,
        collected,
        findings: drafts,
        isOffline = false,
        ...recorded
      } = whole;
      const { hostKey: shownKey, login, ...probe } = recorded;
      probes.record({ ...probe, target, jumpHost, hostKey: isKeyRefused ? shownKey : null, isOffline });
      if (jumpHost && shownKey && isKeyRefused)
        refuseJumpHost.run({ ...probe, ...jumpHost, ...toKey(shownKey) });
      const hostKey = jumpHost ? null : shownKey;
      const name = names.idOf(target.host);
      const key = { ...toKey(hostKey), isKeyRefused: Number(isKeyRefused && hostKey !== null) };
      const id = recordProbe.get({ ...probe, ...target, ...key, name, isOffline: Number(isOffline) }) ?? 0;
      const coverage = { scanId: probe.scanId, ...sightOf(collected) };
      const seen: Seen = collected
        ? reader.read({ id, name, ...target }, { collected, coverage, at: probe.at })
        : NOTHING;
      const { scanId, at } = probe;
      if (collected) readings.put({ host: id, scanId, at, hostKey, collected, ...(login && { login }) });
      if (collected) reachAs.run({ id, hasLogin: Number(login !== undefined), ...toReached(login) });
      findings.replace(
        { name, host: id, at: probe.at },
        drafts,
        mayClear(seen, {
          isWhole: coverage.isWhole,
          hasKey: !isOffline && (collected !== null || hostKey !== null),
          isSettled: accounts.settledBy(collected, probe.scanId),
        }),
        (about) => {
          if (about.kind === "host") return id;
          if (about.kind === "grant") return seen.grants.get(locationOf(about)) ?? null;
          if (about.kind === "account") return accounts.idOf(id, about.name);
          return about.kind === "key-file" ? (seen.keyFiles.get(about.path) ?? null) : null;
        },
      );
    },
  };
}

const toKey = (hostKey: HostProbe["hostKey"]) => ({
  keyType: hostKey?.keyType ?? null,
  fingerprint: hostKey?.fingerprint ?? null,
  blob: hostKey && Buffer.from(hostKey.blob),
});

const toReached = (login: HostProbe["login"]) => ({
  reachedAs: login?.reachedAs?.toLowerCase().replace(/\.$/, "") ?? null,
  reachedAddress: login?.reachedAddress ?? null,
});

function sightOf(collected: CollectedHost | null): Omit<ScanCoverage, "scanId"> {
  if (!collected || collected.isPartial) return { isWhole: false, couldSee: () => false };
  const isUnreadable = createPathsBelow(collected.unreadablePaths);
  return { isWhole: true, couldSee: (path) => !isUnreadable(path) };
}

/**
 * Whether a finding is cleared: not while its thing may still be there unseen. A finding about the host itself follows
 * from a whole reading; but `host-key-changed` is over once the host showed the right key.
 */
function mayClear(
  { outOfSight }: Seen,
  { isWhole, hasKey, isSettled }: Settled,
): (about: About & { rule: string }) => boolean {
  return ({ rule, kind, id }) => {
    if (kind === "endpoint") return false;
    if (kind === "account") return isSettled(rule, id);
    if (kind !== "host") return !outOfSight[kind].has(id);
    return rule === "host-key-changed" ? hasKey : isWhole;
  };
}

type Settled = {
  isWhole: boolean;
  hasKey: boolean;
  /** Whether this probe shows that a rule does not fail for an account. */
  isSettled: (rule: string, account: number) => boolean;
};

/** The accounts that a probe saw, by the names that its findings use. */
function accountSight(db: Database) {
  const find = db
    .prepare<[number, string], number>("SELECT id FROM account WHERE host = ? AND name = ?")
    .pluck();
  const sight = db.prepare<[number], { name: string; lastScan: number; goneScan: number | null }>(
    "SELECT name, last_scan AS lastScan, gone_scan AS goneScan FROM account WHERE id = ?",
  );

  return {
    idOf: (host: number, name: string): number | null => find.get(host, name) ?? null,

    /** An account that has gone has no findings; one that was not seen, or not well enough, keeps them. */
    settledBy(collected: CollectedHost | null, scanId: number): Settled["isSettled"] {
      if (!collected) return () => false;
      const unsettled = new Set(collected.unsettled.map(({ rule, account }) => `${rule} ${account}`));
      return (rule, account) => {
        const row = sight.get(account);
        if (!row || row.goneScan !== null) return true;
        return row.lastScan === scanId && !unsettled.has(`${rule} ${row.name}`);
      };
    },
  };
}

type Home = { id: number; name: number; host: string; port: number };

/**
 * The rows of what a probe saw, by the names that its findings use; and of what it did not see but may still be there.
 */
type Seen = {
  grants: Map<string, number>;
  keyFiles: Map<string, number>;
  outOfSight: Record<"grant" | "key-file" | "certificate", Pick<ReadonlySet<number>, "has">>;
};

/**
 * Columns that a partial reading does not show stay as they were. No bare parameter in a comparison (decision 0044).
 */
const READ = `
  UPDATE host
  SET last_read = @at, read_as = @readAs,
      accounts_scan = iif(@isListed AND ${isLatest("accounts_scan")}, @scanId, accounts_scan), unreadable_count = @unreadableCount,
      are_workloads_whole = @areWorkloadsWhole, key_gap = @keyGap,
      hostname = ifnull(@hostname, iif(@isWhole, NULL, hostname)),
      os = ifnull(@os, iif(@isWhole, NULL, os)),
      kernel = ifnull(@kernel, iif(@isWhole, NULL, kernel)),
      arch = ifnull(@arch, iif(@isWhole, NULL, arch)),
      sshd_version = ifnull(@sshdVersion, iif(@isWhole, NULL, sshd_version)),
      clock_ahead_seconds = @clockAheadSeconds,
      account_count = (SELECT count(*) FROM account WHERE host = CAST(@id AS INTEGER) AND gone_scan IS NULL),
      grant_count = (SELECT count(*) FROM grant_line WHERE host = CAST(@id AS INTEGER) AND gone_scan IS NULL),
      certificate_count = (
        SELECT count(DISTINCT certificate) FROM location WHERE host = CAST(@id AS INTEGER) AND gone_scan IS NULL)
  WHERE id = CAST(@id AS INTEGER)`;

/** What a bundle brings was read over no connection of ours: where the host is now is not known by it. */
const REACH_AS = `
  UPDATE host
  SET reached_as = iif(@hasLogin, @reachedAs, reached_as), reached_address = @reachedAddress
  WHERE id = CAST(@id AS INTEGER)
    AND (reached_address IS NOT @reachedAddress OR @hasLogin AND reached_as IS NOT @reachedAs)`;

const COVER = `
  INSERT INTO coverage (host, read, not_read) VALUES (@id, @read, @notRead)
  ON CONFLICT (host) DO UPDATE SET read = @read, not_read = @notRead`;

/** Stores what was read of a host. */
function hostReader(db: Database, certificates: CertificateMemory) {
  const accounts = accountTable(db);
  const programs = hostProgramsTable(db);
  const grants = grantWriter(db);
  const keysReadings = keysReadingTable(db);
  const hostKeys = hostKeyTable(db);
  const keyFiles = keyFileTable(db);
  const locations = locationTable(db);
  const logins = loginTable(db);
  const loginDays = loginDayTable(db);
  const reach = reachTables(db);
  const bindings = bindingWriter(db);
  const clientFiles = clientFileTable(db);
  const authorities = trustedAuthorityTable(db);
  const keep = db.prepare(READ);
  const cover = db.prepare(COVER);
  const dateOrphans = orphanClock(db);
  const findOutOfSight = outOfSightFinder(db);

  return { read };

  function read(
    home: Home,
    { collected, coverage, at }: { collected: CollectedHost; coverage: ScanCoverage; at: string },
  ): Seen {
    const { id, name } = home;
    const unlisted = accounts.findUnlisted(id, collected);
    const hostCoverage = { ...coverage, unlisted };
    const files = locationsOf(collected, at);
    for (const certificate of collected.replacedCertificates) certificates.remember(certificate, at);
    const isByRoot = ROOT.has(collected.readAs);
    accounts.follow(home, { accounts: collected.accounts, isByRoot }, hostCoverage);
    if (collected.programs) programs.keep(id, collected.programs, { scanId: coverage.scanId, isByRoot });
    locations.follow({ name, host: id }, files, coverage);
    hostKeys.follow(home, collected.hostKeys, coverage);
    logins.keep(id, collected.use);
    loginDays.keep({ id, host: home.host, port: home.port }, collected.logins);
    reach.follow(id, collected.reach, hostCoverage);
    bindings.follow(home, collected.disk, coverage);
    clientFiles.follow(id, collected.clientFiles, coverage);
    authorities.follow(id, collected.authorities, hostCoverage);
    const seen = {
      grants: grants.follow(home, collected.grants, hostCoverage, at),
      keyFiles: keyFiles.follow(home, collected.keyFiles, hostCoverage),
    };
    accounts.rateKeys(id);
    keysReadings.keep(id, collected.keysReadings, coverage.scanId);
    dateOrphans(at);
    const { read: paths, notRead } = collected.coverage;
    const allNotRead = [...notRead, ...listUnlisted(unlisted)];
    cover.run({ id, read: JSON.stringify(paths), notRead: JSON.stringify(allNotRead) });
    const unreadableCount = collected.unreadablePaths.length;
    keep.run({
      ...collected,
      id,
      at,
      unreadableCount,
      areWorkloadsWhole: Number(collected.areWorkloadsWhole),
      keyGap: findKeyGap(collected),
      isWhole: Number(coverage.isWhole),
      isListed: Number(coverage.isWhole && isByRoot && collected.missingAccounts !== "may-be-there"),
      scanId: coverage.scanId,
    });
    return { ...seen, outOfSight: findOutOfSight(id, seen, files) };
  }

  function locationsOf({ certificateFiles }: CollectedHost, at: string): SeenLocation[] {
    return certificateFiles.flatMap(({ path, certificates: found }) =>
      found.map((one, position) => ({ certificate: certificates.remember(one, at), path, position })),
    );
  }
}

/** Why this reading may have missed a private key. An ordinary account cannot read the homes of others. */
function findKeyGap({ isPartial, readAs, unreadableKeyLocations }: CollectedHost): KeyGap | null {
  if (isPartial) return "cut-short";
  if (!ROOT.has(readAs)) return "not-root";
  return unreadableKeyLocations.length > 0 ? "unreadable-locations" : null;
}

const ROOT: ReadonlySet<string> = new Set(["root", "root by sudo"]);

/** So many accounts are named. */
const MOST_UNLISTED = 50;

const listUnlisted = (unlisted: ReadonlySet<string>): Unreadable[] =>
  [...unlisted].slice(0, MOST_UNLISTED).map((name) => ({
    what: `account ${name}`,
    why: "it was not listed this time: what is known of it and its grants stays as it was",
  }));

/** Finds what is known of a host and may still be there, though this probe did not see it. */
function outOfSightFinder(db: Database) {
  const idsOf = (sql: string) =>
    db.prepare<[number], number>(`${sql} WHERE host = ? AND gone_scan IS NULL`).pluck();
  const grants = idsOf("SELECT id FROM grant_line");
  const keyFiles = idsOf("SELECT id FROM key_file");
  const certificates = idsOf("SELECT DISTINCT certificate FROM location");
  const without = (ids: readonly number[], seen: Iterable<number>) => {
    const inSight = new Set(seen);
    return new Set(ids.filter((id) => !inSight.has(id)));
  };

  return (
    host: number,
    seen: Pick<Seen, "grants" | "keyFiles">,
    files: readonly SeenLocation[],
  ): Seen["outOfSight"] => ({
    grant: without(grants.all(host), seen.grants.values()),
    "key-file": without(keyFiles.all(host), seen.keyFiles.values()),
    certificate: without(
      certificates.all(host),
      files.map(({ certificate }) => certificate),
    ),
  });
}
