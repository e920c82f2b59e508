import type { Database } from "better-sqlite3";
import type { Escalation, HostReach, OpenAgent, Outbound } from "#shared/model/hosts/host-reach.ts";
import type { CollectedHost, TrustedAuthority } from "#store/probe-record.ts";
import { byKey, createPathsBelow, followSpans, type HostCoverage } from "#store/spans.ts";

/** The privilege escalations of a host, its open agents, and the hosts its accounts have logged in to: as spans. */
export function reachTables(db: Database) {
  const escalations = escalationTable(db);
  const agents = agentTable(db);
  const outbound = outboundTable(db);

  return {
    follow(host: number, reach: HostReach, coverage: HostCoverage): void {
      escalations.follow(host, reach, coverage);
      agents.follow(host, reach.agents, coverage);
      outbound.follow(host, reach, coverage);
    },
  };
}

type EscalationRow = Pick<Escalation, "account" | "target" | "by"> & { id: number; is_certain: number };

function escalationTable(db: Database) {
  const current = db.prepare<[number], EscalationRow>(`
    SELECT id, account, target, by, is_certain FROM escalation WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO escalation (host, account, target, by, commands, password, is_certain, what, shell, rule, first_scan,
      last_scan)
    VALUES (@host, @account, @target, @by, @commands, @password, @isCertain, @what, @shell, @rule, @scanId, @scanId)`);
  const change = db.prepare(`
    UPDATE escalation
    SET commands = @commands, password = @password, is_certain = @isCertain, what = @what, shell = @shell,
        rule = @rule, last_scan = @scanId
    WHERE id = @id`);
  const end = db.prepare("UPDATE escalation SET gone_scan = ? WHERE id = ?");
  const keyOf = ({ account, target, by }: Pick<Escalation, "account" | "target" | "by">) =>
    JSON.stringify([account, target, by]);
  const toRow = (one: Escalation) => ({
    ...one,
    isCertain: Number(one.isCertain),
    what: JSON.stringify(one.what),
  });

  return {
    /** What a probe guesses without the rules does not replace what a probe with them knew. */
    follow(
      host: number,
      { escalations, areRulesRead }: HostReach,
      { scanId, isWhole, unlisted }: HostCoverage,
    ): void {
      const known = current.all(host);
      const hidden = new Set(
        known.filter(({ account, target }) => unlisted.has(account) || unlisted.has(target)).map(keyOf),
      );
      const certain = new Set(known.filter((row) => row.is_certain === 1).map(({ id }) => id));
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(escalations, keyOf),
        isGone: (key) => isWhole && areRulesRead && !hidden.has(key),
        begin: (one) => Number(begin.run({ ...toRow(one), host, scanId }).lastInsertRowid),
        extend: (id, one) => {
          if (one.isCertain || areRulesRead || !certain.has(id)) change.run({ ...toRow(one), id, scanId });
        },
        end: (id) => end.run(scanId, id),
      });
    },
  };
}

function agentTable(db: Database) {
  const current = db.prepare<[number], OpenAgent & { id: number }>(`
    SELECT id, account, kind, path FROM agent WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO agent (host, account, kind, path, first_scan, last_scan)
    VALUES (@host, @account, @kind, @path, @scanId, @scanId)`);
  const extend = db.prepare("UPDATE agent SET last_scan = ? WHERE id = ?");
  const end = db.prepare("UPDATE agent SET gone_scan = ? WHERE id = ?");
  const keyOf = ({ account, kind, path }: OpenAgent) => JSON.stringify([account, kind, path]);

  return {
    follow(host: number, agents: readonly OpenAgent[], { scanId, isWhole }: HostCoverage): void {
      followSpans({
        current: new Map(current.all(host).map((row) => [keyOf(row), row.id])),
        seen: byKey(agents, keyOf),
        isGone: () => isWhole,
        begin: (agent) => Number(begin.run({ ...agent, host, scanId }).lastInsertRowid),
        extend: (id) => extend.run(scanId, id),
        end: (id) => end.run(scanId, id),
      });
    },
  };
}

type OutboundRow = Pick<Outbound, "account" | "path" | "name" | "port" | "fingerprint" | "user"> & {
  id: number;
};

function outboundTable(db: Database) {
  const current = db.prepare<[number], OutboundRow>(`
    SELECT id, account, path, name, port, fingerprint, user FROM outbound WHERE host = ? AND gone_scan IS NULL`);
  const begin = db.prepare(`
    INSERT INTO outbound (host, account, source, name, port, is_hashed, fingerprint, user, identities, path, first_scan,
      last_scan)
    VALUES (@host, @account, @source, @name, @port, @isHashed, @fingerprint, @user, @identities, @path, @scanId, @scanId)`);
  const extend = db.prepare("UPDATE outbound SET identities = ?, last_scan = ? WHERE id = ?");
  const end = db.prepare("UPDATE outbound SET gone_scan = ? WHERE id = ?");
  const keyOf = ({ path, name, port, fingerprint, user }: Omit<OutboundRow, "id" | "account">) =>
    JSON.stringify([path, name, port, fingerprint, user]);

  return {
    follow(
      host: number,
      { outbound, unreadablePaths }: HostReach,
      { scanId, isWhole, unlisted }: HostCoverage,
    ): void {
      const known = current.all(host);
      const isUnreadable = createPathsBelow(unreadablePaths);
      const hidden = new Set(
        known.filter(({ account, path }) => unlisted.has(account) || isUnreadable(path)).map(keyOf),
      );
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(outbound, keyOf),
        isGone: (key) => isWhole && !hidden.has(key),
        begin: (one) =>
          Number(
            begin.run({
              ...one,
              isHashed: Number(one.isHashed),
              identities: JSON.stringify(one.identities),
              host,
              scanId,
            }).lastInsertRowid,
          ),
        extend: (id, { identities }) => extend.run(JSON.stringify(identities), scanId, id),
        end: (id) => end.run(scanId, id),
      });
    },
  };
}

/** The privilege escalations on a host now, and its agents, by account. */
export function reachReader(db: Database) {
  const escalations = db.prepare<
    [number],
    Omit<Escalation, "what" | "isCertain"> & { what: string; isCertain: number }
  >(`
    SELECT account, target, by, commands, password, is_certain AS isCertain, what, shell, rule
    FROM escalation
    WHERE host = ? AND gone_scan IS NULL
    ORDER BY account, target, id`);
  const agents = db.prepare<[number], OpenAgent>(`
    SELECT account, kind, path FROM agent WHERE host = ? AND gone_scan IS NULL ORDER BY account, path`);

  return {
    of(host: number): { escalations: Map<string, Escalation[]>; agents: Map<string, OpenAgent[]> } {
      const rows = escalations.all(host).map((row) => ({
        ...row,
        isCertain: row.isCertain === 1,
        what: JSON.parse(row.what) as string[],
      }));
      return {
        escalations: Map.groupBy(rows, ({ account }) => account),
        agents: Map.groupBy(agents.all(host), ({ account }) => account),
      };
    },
  };
}

type Row = Pick<TrustedAuthority, "account" | "fingerprint" | "file"> & { id: number };

/** The accounts of a host that certificates of an authority open: as spans. */
export function trustedAuthorityTable(db: Database) {
  const current = db.prepare<[number], Row>(
    "SELECT id, account, fingerprint, file FROM trusted_authority WHERE host = ? AND gone_scan IS NULL",
  );
  const begin = db.prepare(`
    INSERT INTO trusted_authority (host, account, fingerprint, key_type, comment, file, line, principals, effective,
      first_scan, last_scan)
    VALUES (@host, @account, @fingerprint, @keyType, @comment, @file, @line, @principals, @effective, @scanId, @scanId)`);
  const extend = db.prepare(`
    UPDATE trusted_authority
    SET comment = @comment, line = @line, principals = @principals, effective = @effective, last_scan = @scanId
    WHERE id = @id`);
  const end = db.prepare("UPDATE trusted_authority SET gone_scan = ? WHERE id = ?");
  const toRow = ({ principals, effective, ...one }: TrustedAuthority) => ({
    ...one,
    principals: JSON.stringify(principals),
    effective: JSON.stringify(effective),
  });

  return {
    /** Nothing counts as gone where a part of what sshd evaluates was not read. */
    follow(
      host: number,
      { trusted, isComplete }: CollectedHost["authorities"],
      { scanId, isWhole, unlisted }: HostCoverage,
    ): void {
      const known = current.all(host);
      const hidden = new Set(known.filter(({ account }) => unlisted.has(account)).map(keyOf));
      followSpans({
        current: new Map(known.map((row) => [keyOf(row), row.id])),
        seen: byKey(trusted, keyOf),
        isGone: (key) => isWhole && isComplete && !hidden.has(key),
        begin: (one) => Number(begin.run({ ...toRow(one), host, scanId }).lastInsertRowid),
        extend: (id, one) => extend.run({ ...toRow(one), id, scanId }),
        end: (id) => end.run(scanId, id),
      });
    },
  };
}

/** The authorities of sshd whose certificates open an account, or may. */
export function trustedAuthorityReader(db: Database) {
  const find = db.prepare<[number, string], AuthorityRow>(`
    SELECT fingerprint, key_type AS keyType, comment, file, line, principals,
      json_extract(effective, '$.state') AS state
    FROM trusted_authority
    WHERE host = ? AND account = ? AND gone_scan IS NULL
    ORDER BY fingerprint, file`);
  return {
    of: (host: number, account: string) =>
      find.all(host, account).map(({ state, ...row }) => ({
        ...row,
        state: state === "yes" ? ("yes" as const) : ("unknown" as const),
        principals: JSON.parse(row.principals) as string[],
      })),
  };
}

type AuthorityRow = Record<
  "fingerprint" | "keyType" | "comment" | "file" | "principals" | "state",
  string
> & {
  line: number;
};

const keyOf = ({ account, fingerprint, file }: Omit<Row, "id">): string =>
  JSON.stringify([account, fingerprint, file]);
