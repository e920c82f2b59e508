/**
 * Things by the names that their labels stand under, what was said of them themselves, and what holds of them: what somebody gave a
 * thing itself, else what its own tags say, else what its host has, else what the tags of that say. The views of the schema
 * (`host_name_label`, `account_label`, `certificate_owner`) have the same rule for whoever goes by it in SQL (decision 0076).
 */

import type { Database } from "better-sqlite3";
import type { InheritedLabel, LabelField, Labelled, Labels, LabelValue } from "#shared/model/label.ts";

/**
 * A thing by its row, and by the name that its labels stand under, which is its own whatever becomes of the row. `id`
 * of a key: 0, for it is its fingerprint. `uid`: of an account the number that it is meant by; 0 for all others.
 */
export type LabelledRow = { kind: Labelled["kind"]; id: number } & LabelName;

/** A tag of a thing, with what it says of whatever has it. */
export type TagOfThing = { name: string; owner: string | null; environment: string | null };

type LabelName = { name: string; host: string; port: number; uid: number };

/** The row of a thing; null where it is not there, or never was. */
export type FindRow = (thing: Labelled, options?: { isGoneToo: boolean }) => LabelledRow | null;

export function rowFinder(db: Database): FindRow {
  const host = db.prepare<[string], { id: number }>("SELECT id FROM host_name WHERE name = ?");
  const account = db.prepare<[string, number, string, number], { id: number; uid: number }>(
    "SELECT id, uid FROM account WHERE host_name = ? AND port = ? AND name = ? AND (gone_scan IS NULL OR ?)",
  );
  const certificate = db.prepare<[string], { id: number }>("SELECT id FROM certificate WHERE sha256 = ?");
  const key = db.prepare<{ fingerprint: string; isGoneToo: number }, { id: number }>(`
    SELECT 0 AS id FROM key WHERE fingerprint = @fingerprint
    UNION ALL SELECT 0 FROM key_file WHERE fingerprint = @fingerprint AND gone_scan IS NULL
    UNION ALL SELECT 0 FROM held_key WHERE fingerprint = @fingerprint
    UNION ALL SELECT 0 WHERE @isGoneToo LIMIT 1`);
  const endpoint = db.prepare<[string, number, string, string], { id: number }>(
    "SELECT id FROM endpoint WHERE host = ? AND port = ? AND server_name = ? AND protocol = ?",
  );
  const issuer = db.prepare<[string], { id: number }>("SELECT id FROM issuer WHERE name = ?");

  return (thing, { isGoneToo } = { isGoneToo: false }) => {
    const found = find(thing, isGoneToo);
    return found ? { kind: thing.kind, id: found.id, ...nameOf(thing, found.uid ?? 0) } : null;
  };

  function find(thing: Labelled, isGoneToo: boolean): { id: number; uid?: number } | undefined {
    switch (thing.kind) {
      case "host":
        return host.get(thing.host);
      case "account":
        return account.get(thing.host, thing.port, thing.name, Number(isGoneToo));
      case "certificate":
        return certificate.get(thing.sha256);
      case "key":
        return key.get({ fingerprint: thing.fingerprint, isGoneToo: Number(isGoneToo) });
      case "endpoint":
        return endpoint.get(thing.host, thing.port, thing.serverName ?? "", thing.protocol);
      case "issuer":
        return issuer.get(thing.name);
    }
  }
}

function nameOf(thing: Labelled, uid: number): LabelName {
  switch (thing.kind) {
    case "host":
      return alone(thing.host);
    case "account":
      return { name: thing.name, host: thing.host, port: thing.port, uid };
    case "certificate":
      return alone(thing.sha256);
    case "key":
      return alone(thing.fingerprint);
    case "endpoint": {
      const { host, port, serverName, protocol } = thing;
      return { name: `${protocol}://${serverName ?? ""}`, host, port, uid: 0 };
    }
    case "issuer":
      return alone(thing.name);
  }
}

const alone = (name: string): LabelName => ({ name, host: "", port: 0, uid: 0 });

const isLabelOf = (kind: Labelled["kind"], name: string, where = ""): string =>
  `label.kind = '${kind}' AND label.name = ${name} ${where}`;

/** The condition for a row of `label` to be of a row of the table of its kind, which is `host` for one. */
export const IS_LABEL_OF: Record<Labelled["kind"], string> = {
  host: isLabelOf("host", "(SELECT host_name.name FROM host_name WHERE host_name.id = host.name)"),
  account: isLabelOf(
    "account",
    "account.name",
    "AND label.host = account.host_name AND label.port = account.port AND label.uid = account.uid",
  ),
  certificate: isLabelOf("certificate", "certificate.sha256"),
  key: isLabelOf("key", "key.fingerprint"),
  endpoint: isLabelOf(
    "endpoint",
    "endpoint.protocol || '://' || endpoint.server_name",
    "AND label.host = endpoint.host AND label.port = endpoint.port",
  ),
  issuer: isLabelOf("issuer", "issuer.name"),
};

/** The condition for a row of `label` to be of the host that an `endpoint` is called by, whether that was read or not. */
export const IS_LABEL_OF_NAME = isLabelOf("host", "endpoint.host");

/** What somebody said of a thing itself; null: nothing. */
export type OwnLabels = Record<LabelField, string | null>;

export type OwnReader = (row: LabelledRow) => OwnLabels;

const IS_IT = "kind = @kind AND name = @name AND host = @host AND port = @port AND uid = @uid";

/** What was said of things themselves; it does not follow what comes of it for others. */
export function ownLabels(db: Database) {
  const read = db.prepare<LabelledRow, OwnLabels>(
    `SELECT owner, purpose, environment, review_on AS reviewOn FROM label WHERE ${IS_IT}`,
  );
  const write = db.prepare(`
    INSERT INTO label (kind, name, host, port, uid, owner, purpose, environment, review_on)
    VALUES (@kind, @name, @host, @port, @uid, @owner, @purpose, @environment, @reviewOn)
    ON CONFLICT DO UPDATE
    SET owner = excluded.owner, purpose = excluded.purpose, environment = excluded.environment,
        review_on = excluded.review_on`);
  const remove = db.prepare(`DELETE FROM label WHERE ${IS_IT}`);

  return {
    of: (row: LabelledRow): OwnLabels => read.get(row) ?? NO_LABELS,

    set(row: LabelledRow, { owner, purpose, environment, reviewOn }: OwnLabels): void {
      if (owner ?? purpose ?? environment ?? reviewOn)
        write.run({ ...row, owner, purpose, environment, reviewOn });
      else remove.run(row);
    },
  };
}

const NO_LABELS: OwnLabels = { owner: null, purpose: null, environment: null, reviewOn: null };

type Deps = { own: OwnReader; tagsOf: (row: LabelledRow) => TagOfThing[] };

/** What a thing may inherit from, beside its own tags: one host, or all where it is seen; null: nothing. */
type Origin =
  | { kind: "host"; row: LabelledRow; own: OwnLabels; tags: TagOfThing[] }
  | { kind: "hosts"; each: OwnLabels[] };

const NONE: InheritedLabel = { kind: "none" };

export function labelReader(db: Database, { own, tagsOf }: Deps) {
  const hostOfAccount = db.prepare<[number], Home>(`
    SELECT host_name.id, host_name.name FROM account
    JOIN host ON host.id = account.host JOIN host_name ON host_name.id = host.name WHERE account.id = ?`);
  const hostOfEndpoint = db.prepare<[number], Home>(`
    SELECT host_name.id, host_name.name FROM endpoint JOIN host_name ON host_name.id = endpoint.name
    WHERE endpoint.id = ?`);
  // Few hosts differ: what a certificate of thousands of hosts inherits is settled by the few rows that are left.
  const hostsOfCertificate = db.prepare<[number], OwnLabels>(`
    SELECT DISTINCT owner, purpose, environment, review_on AS reviewOn FROM host_name
    WHERE id IN (SELECT name FROM location WHERE certificate = ? AND gone_scan IS NULL)`);

  return {
    of(row: LabelledRow): Labels {
      const tags = tagsOf(row);
      const origin = findOrigin(row);
      const values = own(row);
      const labelOf = (field: LabelField): LabelValue => ({
        own: values[field],
        inherited: inherit(field, tags, origin),
      });
      return {
        owner: labelOf("owner"),
        purpose: labelOf("purpose"),
        environment: labelOf("environment"),
        reviewOn: labelOf("reviewOn"),
        tags: tags.map(({ name }) => name),
      };
    },
  };

  function findOrigin(row: LabelledRow): Origin | null {
    switch (row.kind) {
      case "account":
        return toOrigin(hostOfAccount.get(row.id));
      case "endpoint":
        return toOrigin(hostOfEndpoint.get(row.id));
      case "certificate":
        return { kind: "hosts", each: hostsOfCertificate.all(row.id) };
      // A key opens accounts of many hosts, and an issuer is of none.
      case "host":
      case "key":
      case "issuer":
        return null;
    }
  }

  function toOrigin(home: Home | undefined): Origin | null {
    if (!home) return null;
    const row: LabelledRow = { kind: "host", ...home, host: "", port: 0, uid: 0 };
    return { kind: "host", row, own: own(row), tags: tagsOf(row) };
  }
}

type Home = { id: number; name: string };

function inherit(field: LabelField, tags: readonly TagOfThing[], origin: Origin | null): InheritedLabel {
  const byTags = findInTags(field, tags, null);
  if (byTags.kind !== "none" || origin === null) return byTags;
  if (origin.kind === "hosts") return findInHosts(field, origin.each);
  const value = origin.own[field];
  if (value !== null) return { kind: "value", value, from: { kind: "host", host: origin.row.name } };
  return findInTags(field, origin.tags, origin.row.name);
}

function findInTags(field: LabelField, tags: readonly TagOfThing[], host: string | null): InheritedLabel {
  if (field === "purpose" || field === "reviewOn") return NONE;
  const giving = tags.flatMap((tag) => {
    const value = tag[field];
    return value === null ? [] : [{ name: tag.name, value }];
  });
  const [first] = giving;
  if (!first) return NONE;
  const values = [...new Set(giving.map(({ value }) => value))];
  if (values.length > 1) return { kind: "unsettled", by: "tags", host, values: values.slice(0, MOST_VALUES) };
  return { kind: "value", value: first.value, from: { kind: "tag", name: first.name, host } };
}

/** So many of the values that differ are named. */
const MOST_VALUES = 5;

/** What all hosts have; where one has nothing, nothing is inherited. */
function findInHosts(field: LabelField, hosts: readonly OwnLabels[]): InheritedLabel {
  const values = [...new Set(hosts.map((host) => host[field]))];
  const named = values.flatMap((value) => (value === null || value === "" ? [] : [value])).toSorted();
  const [first] = named;
  if (first === undefined || named.length < values.length) return NONE;
  if (named.length > 1)
    return { kind: "unsettled", by: "hosts", host: null, values: named.slice(0, MOST_VALUES) };
  return { kind: "value", value: first, from: { kind: "hosts" } };
}
