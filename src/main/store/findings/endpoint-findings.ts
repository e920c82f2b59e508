import type { Database } from "better-sqlite3";
import type { FindingObject, RuleId } from "#shared/model/finding.ts";
import {
  describeKeyExchange,
  describeReplaced,
  type KeyExchange,
  type Replaced,
} from "#shared/text/findings/key-finding.ts";
import type { Part } from "#store/lists/order.ts";
import { acceptedFor, type FindingSource, type FindingText, IN_FORCE, rankOf } from "./finding-source.ts";

const aboutEndpoint =
  (column: string) =>
  (object: FindingObject): Part | null =>
    object.kind === "endpoint" ? { sql: `${column} = ?`, values: [object.id] } : null;

const CLASSICAL: RuleId = "endpoint-key-exchange-classical";

/** Of all post-quantum findings this alone is urgent: traffic that is recorded now can be decrypted later. */
const classical: FindingSource = {
  name: "key-exchange",
  from: "endpoint INDEXED BY endpoint_readable",
  ofHost: "endpoint",
  walk: {
    host: "endpoint INDEXED BY endpoint_readable_by_host",
    label_start: "endpoint INDEXED BY endpoint_readable_by_host",
  },
  table: "endpoint",
  where: ["key_exchange IN ('classical', 'no-tls13')"],
  columns: {
    severity: { same: rankOf("low") },
    rule: { same: CLASSICAL },
    host: { sql: "host" },
    label_start: { sql: "host" },
    first_seen: { sql: "key_exchange_since" },
    since: { sql: "key_exchange_since" },
    tie: { sql: "id" },
  },
  isOnHost: "host = ?",
  text: `'${CLASSICAL}' || char(10) || host || ':' || port || char(10) || server_name`,
  isAbout: aboutEndpoint("id"),
  isAccepted: acceptedFor(CLASSICAL, "endpoint", "id"),
};

const CHANGED: RuleId = "certificate-changed";

/** A change is a finding for so many days. */
const CHANGE_DAYS = 30;

const HOST = "(SELECT endpoint.host FROM endpoint WHERE endpoint.id = location.endpoint)";

/**
 * A run probes its endpoints before it ends. Where that failed, the scan of the next day or of the one after counts as
 * its own.
 */
const LATE_DAYS = 2;

/** A run that began longer ago than this is ignored. */
const LONGEST_RUN_DAYS = 90;

/**
 * Whether a certificate is one of those that a run was to replace. The statement reads their list once; without the
 * plus it would read it again for each certificate.
 */
const WAS_TO_GO = `
  (+run_certificate.run, +run_certificate.host, +run_certificate.port, +run_certificate.change, old.sha256) IN (
    SELECT run.id, host.value ->> 'host', host.value ->> 'port', change.value ->> 'id', change.value ->> 'old'
    FROM run INDEXED BY run_by_start CROSS JOIN plan ON plan.id = run.plan
      CROSS JOIN json_each(plan.body, '$.hosts') AS host CROSS JOIN json_each(host.value, '$.certificates') AS change
    WHERE run.kind = 'rotate-certificate'
      AND run.started_at >= strftime('%Y-%m-%dT%H:%M:%SZ', @now, '-${LONGEST_RUN_DAYS} days')
      AND (run.ended_at IS NULL
        OR run.ended_at >= strftime('%Y-%m-%dT%H:%M:%SZ', @now, '-${CHANGE_DAYS + LATE_DAYS} days')))`;

/**
 * The condition for a change to be a run's own: the old certificate (`old`, at `earlier`) was there before the run, and
 * is the one that the run was to replace; and the change was seen while the run went on or soon after. Any other change
 * is somebody else's.
 */
const BY_RUN = `
  run_certificate.new_hashes IS NOT NULL
  AND (SELECT started_at FROM scan WHERE scan.id = earlier.first_scan) < run.started_at
  AND (run.ended_at IS NULL
    OR (SELECT started_at FROM scan WHERE scan.id = location.first_scan)
      <= strftime('%Y-%m-%dT%H:%M:%SZ', run.ended_at, '+${LATE_DAYS} days'))
  AND ${WAS_TO_GO}`;

/**
 * The certificate that a run has installed, straight after the old one. Once the run is over, only what it has verified
 * is its own.
 */
const PUT_BY_RUN = `
  SELECT 1 FROM location AS earlier INDEXED BY location_gone_at_endpoint
    CROSS JOIN certificate AS old ON old.id = earlier.certificate
    CROSS JOIN certificate ON certificate.id = location.certificate
    CROSS JOIN run_certificate ON run_certificate.sha256 = certificate.sha256
    CROSS JOIN run ON run.id = run_certificate.run
  WHERE earlier.endpoint = location.endpoint AND earlier.position = 0 AND earlier.gone_scan = location.first_scan
    AND (run_certificate.state = 'installed' OR run.ended_at IS NULL) AND ${BY_RUN}`;

/** The old certificate, straight after the one that a run had installed and rolled back. */
const ROLLED_BACK_BY_RUN = `
  SELECT 1 FROM location AS fresh INDEXED BY location_gone_at_endpoint
    CROSS JOIN location AS earlier INDEXED BY location_gone_at_endpoint
      ON earlier.endpoint = fresh.endpoint AND earlier.position = 0 AND earlier.gone_scan = fresh.first_scan
    CROSS JOIN certificate AS old ON old.id = earlier.certificate
    CROSS JOIN certificate ON certificate.id = fresh.certificate
    CROSS JOIN run_certificate ON run_certificate.sha256 = certificate.sha256
    CROSS JOIN run ON run.id = run_certificate.run
  WHERE fresh.endpoint = location.endpoint AND fresh.position = 0 AND fresh.gone_scan = location.first_scan
    AND earlier.certificate = location.certificate AND run_certificate.state = 'issued' AND ${BY_RUN}`;

/**
 * Endpoints whose leaf has been replaced since somebody enabled the rule, and not by a run: neither by what it
 * installed nor by what it rolled back. The rule is off by default, because each automatic renewal by other means is a
 * finding.
 */
const changed: FindingSource = {
  name: "change",
  from: "location INDEXED BY location_leaf_begun",
  ofHost: "location INDEXED BY location_under_name",
  walk: {},
  unordered: ["host", "label_start", "first_seen"],
  table: "location",
  where: [
    "gone_scan IS NULL AND endpoint IS NOT NULL AND position = 0",
    // Where no leaf has gone yet this is null, and the condition is false.
    `first_scan >= (
      SELECT min(gone_scan) FROM location INDEXED BY location_leaf_gone
      WHERE gone_scan IS NOT NULL AND endpoint IS NOT NULL AND position = 0)`,
    `first_scan >= (
      SELECT min(id) FROM scan
      WHERE started_at >= max(
        (SELECT since FROM enabled_rule WHERE rule = '${CHANGED}'),
        strftime('%Y-%m-%dT%H:%M:%SZ', @now, '-${CHANGE_DAYS} days')))`,
    `EXISTS (
      SELECT 1 FROM location AS earlier INDEXED BY location_gone_at_endpoint
      WHERE earlier.endpoint = location.endpoint AND earlier.position = 0 AND earlier.gone_scan IS NOT NULL
        AND earlier.gone_scan <= location.first_scan AND earlier.certificate <> location.certificate)`,
    `NOT EXISTS (${PUT_BY_RUN})`,
    `NOT EXISTS (${ROLLED_BACK_BY_RUN})`,
  ],
  columns: {
    severity: { same: rankOf("medium") },
    rule: { same: CHANGED },
    host: { sql: HOST },
    label_start: { sql: HOST },
    first_seen: { sql: "(SELECT started_at FROM scan WHERE scan.id = first_scan)" },
    since: { sql: "first_scan" },
    tie: { sql: "endpoint" },
  },
  isOnHost: "name = (SELECT host_name.id FROM host_name WHERE host_name.name = ?)",
  foundBy: "host",
  text: `'${CHANGED}' || char(10) || ${HOST}`,
  isAbout: aboutEndpoint("endpoint"),
  // An acceptance of one change does not cover those after it.
  isAccepted: `${acceptedFor(CHANGED, "endpoint", "endpoint")} AND EXISTS (
    SELECT 1 FROM acceptance
    WHERE rule = '${CHANGED}' AND kind = 'endpoint' AND about = location.endpoint AND ${IN_FORCE}
      AND accepted_at >= (SELECT started_at FROM scan WHERE scan.id = location.first_scan))`,
};

export const ENDPOINT_SOURCES: readonly FindingSource[] = [classical, changed];

type Endpoint = {
  host: string;
  port: number;
  server_name: string;
  key_exchange: KeyExchange;
  since: string;
  version: string | null;
  group: string | null;
  refused: string | null;
};
type Leaf = { subject: string; sha256: string; notAfter: string; scan: number; at: string };

/** Describes what is wrong with how endpoints speak TLS, and which certificate they present since when. */
export function endpointDescriber(db: Database) {
  const find = db.prepare<[number], Endpoint>(`
    SELECT host, port, server_name, key_exchange, ifnull(key_exchange_since, last_seen) AS since,
      facts ->> 'version' AS version, facts ->> 'group' AS "group",
      (SELECT group_concat(value ->> 'name', ', ') FROM json_each(capabilities, '$.groups')
       WHERE instr(value ->> 'name', 'MLKEM') > 0) AS refused
    FROM endpoint
    WHERE id = ?`);
  const LEAF = `
    SELECT subject, sha256, not_after AS notAfter, location.first_scan AS scan,
      (SELECT started_at FROM scan WHERE scan.id = location.first_scan) AS at
    FROM location JOIN certificate ON certificate.id = location.certificate
    WHERE location.endpoint = CAST(? AS INTEGER) AND position = 0`;
  const now = db.prepare<[number], Leaf>(`${LEAF} AND gone_scan IS NULL`);
  const before = db.prepare<[number, number], Leaf>(`
    ${LEAF} AND gone_scan IS NOT NULL AND gone_scan <= CAST(? AS INTEGER) ORDER BY gone_scan DESC, location.id DESC LIMIT 1`);

  return {
    keyExchange(id: number): FindingText {
      const row = endpoint(id);
      const { key_exchange: found, version, group, refused, since } = row;
      const facts = [
        `it spoke ${version ?? "an unknown version"}${group ? ` with ${group}` : ""}`,
        ...(found === "classical" ? [`it refused ${refused}`] : []),
      ];
      return { ...describeKeyExchange(found, facts), ...about(id, row), firstSeen: since };
    },

    change(id: number): FindingText {
      const row = endpoint(id);
      const after = now.get(id);
      const earlier = after && before.get(id, after.scan);
      if (!after || !earlier) throw new Error(`endpoint ${id} presents what it always did`);
      const replaced: Replaced = { at: after.at, before: earlier, after };
      return { ...describeReplaced(replaced), ...about(id, row), firstSeen: after.at };
    },
  };

  function endpoint(id: number): Endpoint {
    const row = find.get(id);
    if (!row) throw new Error(`there is no endpoint ${id}`);
    return row;
  }
}

const about = (
  id: number,
  { host, port, server_name: name }: Endpoint,
): Pick<FindingText, "object" | "label" | "host"> => ({
  object: { kind: "endpoint", id },
  label: `${host}:${port}${name === "" ? "" : ` as ${name}`}`,
  host,
});
