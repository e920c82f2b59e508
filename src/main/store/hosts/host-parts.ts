import type { Database } from "better-sqlite3";
import type { PasswordState } from "#shared/model/access/account.ts";
import type { KeysReading } from "#shared/model/access/keys-reading.ts";
import { type HostPrograms, ReadPrograms } from "#shared/model/hosts/host-programs.ts";
import { openedWriter, toRiskColumns } from "#store/accounts/account-risk.ts";
import { revisionWriter } from "#store/changes/revision-writer.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { byKey, followSpans, type HostCoverage, type ScanCoverage } from "#store/spans.ts";

type KeyFile = CollectedHost["keyFiles"][number];
type Account = CollectedHost["accounts"][number];

/** The row of a host, the row of its name, and its address. */
type HostRow = { id: number; name: number; host: string; port: number };

/** What an account has from its host. */
type HostLabels = { owner: string; purpose: string; environment: string; reviewOn: string | null };

const NO_LABELS: HostLabels = { owner: "", purpose: "", environment: "", reviewOn: null };

/** What the history tells of an account. */
type AccountState = { name: string; uid: number; shell: string; passwordState: PasswordState };

/** An older bundle that is imported late shows nothing that has come back. */
const onReturn = (back: string, before: string): string => `iif(
  ((SELECT started_at FROM scan WHERE id = @scanId), @scanId) > ((SELECT started_at FROM scan WHERE id = gone_scan), gone_scan),
  ${back}, ${before})`;

/** What root saw of it stands still: this reading is not by root, and it is the same account with the same shell. */
const STANDS = "is_by_root > @isByRoot AND uid = @uid AND shell = @shell AND gone_scan IS NULL";

/**
 * A last login stays known though a reading has lost it: logs rotate. What root saw stays until root reads again
 * (decision 0082); but that it is as good as root, or by what anybody sees may be, and what its password is, counts from
 * whoever sees it. Who is there again under another number is somebody else, and has the labels of that number
 * (`account_is_somebody_else`).
 */
const SEE_ACCOUNT = `
  INSERT INTO account (host, host_name, port, name, uid, shell, home, groups, password_state, password_age, kind,
    reasons, root, workloads, workload_count, grant_count, last_login_at, disabled_by, entry_least,
    entry_most, exposure_least, exposure_most, age_least, age_most, is_keys_read, risk_reasons, is_by_root,
    evaluated_scan, owner, purpose, environment, review_on, first_scan, last_scan)
  VALUES (@host, @hostName, @port, @name, @uid, @shell, @home, @groups, @passwordState, @passwordAge, @kind, @reasons,
    @root, @workloads, @workloadCount, @grantCount, @lastLoginAt, @disabledBy, @entryLeast, @entryMost,
    @exposureLeast, @exposureMost, @ageLeast, @ageMost, @isKeysRead, @riskReasons, @isByRoot, @scanId, @owner, @purpose,
    @environment, @reviewOn, @scanId, @scanId)
  ON CONFLICT (host, name) DO UPDATE
  SET uid = @uid, shell = @shell, home = @home, groups = @groups,
      password_state = iif(@passwordState = 'unknown' AND ${STANDS}, password_state, @passwordState),
      password_age = iif(@passwordAge IS NULL AND ${STANDS}, password_age, @passwordAge),
      kind = iif(${STANDS}, kind, @kind), reasons = iif(${STANDS}, reasons, @reasons),
      root = CASE
        WHEN uid <> @uid THEN @root
        WHEN @isEscalationShown AND root IN ('no', 'unknown') THEN @root
        WHEN @root = 'unknown' OR @root IN ('maybe', 'no') AND ${STANDS} THEN root
        ELSE @root END,
      workloads = iif(${STANDS}, workloads, @workloads),
      workload_count = iif(${STANDS}, workload_count, @workloadCount),
      grant_count = iif(${STANDS}, grant_count, @grantCount),
      is_by_root = iif(${STANDS}, is_by_root, @isByRoot),
      evaluated_scan = iif(${STANDS}, evaluated_scan, @scanId),
      last_login_at = iif(uid = @uid,
        max(ifnull(last_login_at, @lastLoginAt), ifnull(@lastLoginAt, last_login_at)), @lastLoginAt),
      approval = iif(uid = @uid, approval, (
        SELECT id FROM account_approval AS given
        WHERE given.host = CAST(@host AS INTEGER) AND given.account = CAST(@name AS TEXT)
          AND given.uid = CAST(@uid AS INTEGER) AND given.withdrawn_at IS NULL)),
      disabled_by = @disabledBy,
      entry_least = @entryLeast, entry_most = @entryMost, exposure_least = @exposureLeast, exposure_most = @exposureMost,
      age_least = @ageLeast, age_most = @ageMost, is_keys_read = @isKeysRead, risk_reasons = @riskReasons,
      was_gone_scan = ${onReturn("gone_scan", "was_gone_scan")},
      returned_at = ${onReturn("(SELECT started_at FROM scan WHERE id = @scanId)", "returned_at")},
      last_scan = @scanId, gone_scan = NULL,
      first_scan = CASE WHEN gone_scan IS NULL THEN first_scan ELSE @scanId END`;

/** The accounts of a host. An account that comes back begins a new span in the same row. */
export function accountTable(db: Database) {
  const see = db.prepare(SEE_ACCOUNT);
  const labelsOf = db.prepare<[number], HostLabels>(`
    SELECT ifnull(owner, '') AS owner, ifnull(purpose, '') AS purpose, ifnull(environment, '') AS environment,
      review_on AS reviewOn
    FROM host_name WHERE id = ?`);
  const ever = db.prepare<[number], AccountState & { goneScan: number | null }>(`
    SELECT name, uid, shell, password_state AS passwordState, gone_scan AS goneScan FROM account WHERE host = ?`);
  const known = db.prepare<[number], { name: string; state: string }>(
    "SELECT name, password_state AS state FROM account WHERE host = ? AND gone_scan IS NULL",
  );
  const end = db.prepare("UPDATE account SET gone_scan = ? WHERE host = ? AND name = ?");
  const rateKeys = openedWriter(db);
  const revisions = revisionWriter(db);

  return {
    /**
     * Where a directory has accounts too, one that is not listed may still be there: not every directory lists its
     * accounts, and none does that is unreachable. But an account of the host's own password file that is no longer in
     * it has gone.
     */
    findUnlisted(host: number, { accounts, missingAccounts }: CollectedHost): Set<string> {
      if (missingAccounts === "gone") return new Set();
      const seen = new Set(accounts.map(({ name }) => name));
      const missing = known.all(host).filter(({ name }) => !seen.has(name));
      const isOwn = (state: string) => state !== "unknown" && missingAccounts === "gone-if-own";
      return new Set(missing.flatMap(({ name, state }) => (isOwn(state) ? [] : [name])));
    },

    /** Once its key files are recorded, too. */
    rateKeys,

    follow(
      home: HostRow,
      { accounts, isByRoot }: { accounts: readonly Account[]; isByRoot: boolean },
      { scanId, isWhole, unlisted }: HostCoverage,
    ): void {
      const before = new Map(ever.all(home.id).map((row) => [row.name, row]));
      const inherited = labelsOf.get(home.name) ?? NO_LABELS;
      for (const account of accounts) {
        see.run({
          ...account,
          ...inherited,
          ...toRiskColumns(account.risk),
          groups: JSON.stringify(account.groups),
          passwordAge: account.passwordAge && JSON.stringify(account.passwordAge),
          reasons: JSON.stringify(account.reasons),
          disabledBy: JSON.stringify(account.disabled),
          workloads: JSON.stringify(account.workloads),
          host: home.id,
          hostName: home.host,
          port: home.port,
          isByRoot: Number(isByRoot),
          isEscalationShown: Number(account.isEscalationShown),
          scanId,
        });
        revise(home, account, { before: before.get(account.name), scanId });
        before.set(account.name, { ...account, goneScan: null });
      }
      if (!isWhole) return;
      const seen = new Set(accounts.map(({ name }) => name));
      for (const { name } of known.all(home.id)) {
        if (seen.has(name) || unlisted.has(name)) continue;
        end.run(scanId, home.id, name);
        revisions.end(toThing(home, name), scanId);
      }
    },
  };

  function revise(
    home: HostRow,
    account: AccountState,
    { before, scanId }: { before: (AccountState & { goneScan: number | null }) | undefined; scanId: number },
  ): void {
    const thing = toThing(home, account.name);
    const state = stateOf(account);
    if (!before) revisions.begin(thing, { scanId, name: home.name, state, origin: null });
    else if (before.goneScan !== null) revisions.change(thing, scanId, () => ({ state, isOtherwise: true }));
    else if (stateOf(before) !== state)
      revisions.change(thing, scanId, (known) => toNextState(account, { before, known }));
  }
}

const toThing = ({ id }: { id: number }, name: string) => ({
  kind: "account" as const,
  about: id,
  label: name,
});

const stateOf = ({ uid, shell, passwordState }: AccountState): string =>
  JSON.stringify([uid, shell, passwordState]);

/** A password state that a reading could not find out has not changed: the revision keeps the last known one. */
function toNextState(
  account: AccountState,
  { before, known }: { before: AccountState; known: string | null },
) {
  const { uid, shell, passwordState } = account;
  const [, , last = "unknown"] = JSON.parse(known ?? "[]") as [number?, string?, PasswordState?];
  const isPasswordOther = passwordState !== "unknown" && last !== "unknown" && passwordState !== last;
  return {
    state: stateOf({ ...account, passwordState: passwordState === "unknown" ? last : passwordState }),
    isOtherwise: uid !== before.uid || shell !== before.shell || isPasswordOther,
  };
}

/** Whether this scan began no earlier than the one in a column: older bundles are imported late. */
export const isLatest = (column: string): string =>
  `(SELECT started_at FROM scan WHERE id = @scanId) >= ifnull((SELECT started_at FROM scan WHERE id = ${column}), '')`;

const KEEP_KEYS_READING = `
  INSERT INTO keys_reading (host, uid, scan, gap) VALUES (@host, @uid, iif(@gap IS NULL, @scanId, NULL), @gap)
  ON CONFLICT (host, uid) DO UPDATE
  SET gap = iif(${isLatest("scan")}, @gap, gap), scan = iif(@gap IS NULL AND ${isLatest("scan")}, @scanId, scan)`;

/** How all keys of each number of a host were read. */
export function keysReadingTable(db: Database) {
  const keep = db.prepare(KEEP_KEYS_READING);

  return {
    keep(host: number, readings: readonly KeysReading[], scanId: number): void {
      for (const { uid, gap } of readings) keep.run({ host, uid, scanId, gap: gap && JSON.stringify(gap) });
    },
  };
}

type ProgramsRow = { read_at: string; is_by_root: number; is_setuid_whole: number } & Record<
  "uid_range" | "setuid_programs" | "keytabs" | "unassigned",
  string
>;

/** What runs on a host and is no account's alone. */
export function hostProgramsTable(db: Database) {
  const find = db.prepare<[number], ProgramsRow>(`
    SELECT started_at AS read_at, is_by_root, uid_range, setuid_programs, is_setuid_whole, keytabs, unassigned
    FROM host_programs JOIN scan ON scan.id = host_programs.scan
    WHERE host = ?`);
  const keep = db.prepare(`
    INSERT INTO host_programs (host, scan, is_by_root, uid_range, setuid_programs, is_setuid_whole, keytabs, unassigned)
    VALUES (@host, @scanId, @isByRoot, @uidRange, @setuidPrograms, @isSetuidWhole, @keytabs, @unassigned)
    ON CONFLICT (host) DO UPDATE
    SET scan = @scanId, is_by_root = @isByRoot, uid_range = @uidRange, setuid_programs = @setuidPrograms,
        is_setuid_whole = @isSetuidWhole, keytabs = @keytabs, unassigned = @unassigned
    WHERE is_by_root <= CAST(@isByRoot AS INTEGER)`);

  return {
    /** What root saw stays until root reads again. */
    keep(host: number, programs: HostPrograms, { scanId, isByRoot }: { scanId: number; isByRoot: boolean }) {
      const { uidRange, setuidPrograms, isSetuidWhole, keytabs, unassigned } = programs;
      keep.run({
        host,
        scanId,
        isByRoot: Number(isByRoot),
        uidRange: JSON.stringify(uidRange),
        setuidPrograms: JSON.stringify(setuidPrograms),
        isSetuidWhole: Number(isSetuidWhole),
        keytabs: JSON.stringify(keytabs),
        unassigned: JSON.stringify(unassigned),
      });
    },

    /** Null where that was never read. */
    of(host: number): ReadPrograms | null {
      const row = find.get(host);
      if (!row) return null;
      return ReadPrograms.parse({
        readAt: row.read_at,
        isByRoot: row.is_by_root === 1,
        uidRange: JSON.parse(row.uid_range),
        setuidPrograms: JSON.parse(row.setuid_programs),
        isSetuidWhole: row.is_setuid_whole === 1,
        keytabs: JSON.parse(row.keytabs),
        unassigned: JSON.parse(row.unassigned),
      });
    },
  };
}

/** The private keys found on a host. Another key in the same file begins a new row. */
export function keyFileTable(db: Database) {
  const current = db.prepare<[number], KeyFileRow>(`
    SELECT id, path, fingerprint, owner, mode, is_encrypted AS isEncrypted
    FROM key_file WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO key_file (host, path, owner, mode, format, key_type, key_bits, fingerprint, is_encrypted, lock,
      likely_fingerprint, spki_sha256, possession, claim, first_scan, last_scan)
    VALUES (@host, @path, @owner, @mode, @format, @keyType, @keyBits, @fingerprint, @isEncrypted, @lock,
      @likelyFingerprint, @spkiSha256, @possession, @claim, @scanId, @scanId)`);
  const extend = db.prepare(`
    UPDATE key_file
    SET owner = @owner, mode = @mode, format = @format, key_type = @keyType, key_bits = @keyBits,
        is_encrypted = @isEncrypted, lock = @lock, likely_fingerprint = @likelyFingerprint, spki_sha256 = @spkiSha256,
        possession = @possession, claim = @claim, last_scan = @scanId
    WHERE id = @id`);
  const end = db.prepare("UPDATE key_file SET gone_scan = ? WHERE id = ?");
  const findBefore = db
    .prepare<[number, string, string | null], number>(`
      SELECT thing FROM key_file INDEXED BY key_file_gone CROSS JOIN gone_revision ON kind = 'key-file' AND about = key_file.id
      WHERE key_file.host = CAST(? AS INTEGER) AND path = CAST(? AS TEXT) AND key_file.gone_scan IS NOT NULL
      ORDER BY fingerprint IS CAST(? AS TEXT) DESC, key_file.gone_scan DESC
      LIMIT 1`)
    .pluck();
  const revisions = revisionWriter(db);
  const toRow = (file: KeyFile) => ({
    ...file,
    isEncrypted: file.isEncrypted === null ? null : Number(file.isEncrypted),
    possession: file.possession.kind,
    claim: file.possession.kind === "claimed" ? file.possession.why : null,
  });

  return {
    /** Returns the rows of the files that were seen, by path. */
    follow(
      home: HostRow,
      files: readonly KeyFile[],
      { scanId, couldSee, unlisted }: HostCoverage,
    ): Map<string, number> {
      const known = current.all(home.id);
      const before = new Map(known.map((row) => [row.id, row]));
      const hidden = new Set(
        known.filter(({ path, owner }) => unlisted.has(owner) || !couldSee(path)).map(fileKey),
      );
      const rows = followSpans({
        current: new Map(known.map((row) => [fileKey(row), row.id])),
        seen: byKey(files, fileKey),
        isGone: (key) => !hidden.has(key),
        begin: (file) => beginAt(home, file, scanId),
        extend: (id, file) => {
          extend.run({ ...toRow(file), id, scanId });
          reviseFile(before.get(id), file, scanId);
        },
        end: (id) => {
          end.run(scanId, id);
          revisions.end(toFileThing(id), scanId);
        },
      });
      return new Map(files.map((file) => [file.path, rows.get(fileKey(file)) ?? 0]));
    },
  };

  /** Another key in the same file is a change of the same key file. */
  function beginAt(home: HostRow, file: KeyFile, scanId: number): number {
    const row = toRow(file);
    const id = Number(begin.run({ ...row, host: home.id, scanId }).lastInsertRowid);
    const origin = findBefore.get(home.id, file.path, file.fingerprint) ?? null;
    revisions.begin(toFileThing(id), { scanId, name: home.name, state: fileState(row), origin });
    return id;
  }

  function reviseFile(before: KeyFileRow | undefined, file: KeyFile, scanId: number): void {
    const row = toRow(file);
    if (!before || fileState(before) === fileState(row)) return;
    const isEncryptedOther =
      before.isEncrypted !== null && row.isEncrypted !== null && before.isEncrypted !== row.isEncrypted;
    const isOtherwise = before.owner !== row.owner || before.mode !== row.mode || isEncryptedOther;
    revisions.change(toFileThing(before.id), scanId, () => ({ state: fileState(row), isOtherwise }));
  }
}

type KeyFileRow = Pick<KeyFile, "path" | "fingerprint" | "owner" | "mode"> & {
  id: number;
  isEncrypted: number | null;
};

const toFileThing = (id: number) => ({ kind: "key-file" as const, about: id, label: null });

const fileState = ({
  owner,
  mode,
  isEncrypted,
}: Pick<KeyFileRow, "owner" | "mode" | "isEncrypted">): string => JSON.stringify([owner, mode, isEncrypted]);

const fileKey = ({ path, fingerprint }: Pick<KeyFile, "path" | "fingerprint">): string =>
  JSON.stringify([path, fingerprint]);

/** The public host keys of a host. */
export function hostKeyTable(db: Database) {
  const current = db.prepare<[number], { id: number; fingerprint: string }>(`
    SELECT id, fingerprint FROM host_key WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO host_key (host, key_type, key_bits, fingerprint, first_scan, last_scan)
    VALUES (@host, @keyType, @keyBits, @fingerprint, @scanId, @scanId)`);
  const extend = db.prepare("UPDATE host_key SET key_bits = @keyBits, last_scan = @scanId WHERE id = @id");
  const end = db.prepare("UPDATE host_key SET gone_scan = ? WHERE id = ?");
  const findBefore = db
    .prepare<[number, string, string], number>(`
      SELECT thing FROM host_key INDEXED BY host_key_gone CROSS JOIN gone_revision ON kind = 'host-key' AND about = host_key.id
      WHERE host_key.host = CAST(? AS INTEGER) AND key_type = CAST(? AS TEXT) AND host_key.gone_scan IS NOT NULL
      ORDER BY fingerprint = CAST(? AS TEXT) DESC, host_key.gone_scan DESC
      LIMIT 1`)
    .pluck();
  const revisions = revisionWriter(db);

  return {
    follow(home: HostRow, keys: readonly HostKey[], { scanId, isWhole }: ScanCoverage): void {
      followSpans({
        current: new Map(current.all(home.id).map(({ id, fingerprint }) => [fingerprint, id])),
        seen: byKey(keys, ({ fingerprint }) => fingerprint),
        isGone: () => isWhole,
        begin: (key) => beginAt(home, key, scanId),
        extend: (id, { keyBits }) => extend.run({ keyBits, scanId, id }),
        end: (id) => {
          end.run(scanId, id);
          revisions.end(toKeyThing(id), scanId);
        },
      });
    },
  };

  /** Another host key of the same type is a change of that host key. */
  function beginAt(home: HostRow, key: HostKey, scanId: number): number {
    const id = Number(begin.run({ ...key, host: home.id, scanId }).lastInsertRowid);
    const origin = findBefore.get(home.id, key.keyType, key.fingerprint) ?? null;
    revisions.begin(toKeyThing(id), { scanId, name: home.name, state: null, origin });
    return id;
  }
}

type HostKey = CollectedHost["hostKeys"][number];

const toKeyThing = (id: number) => ({ kind: "host-key" as const, about: id, label: null });
