import type { FindingObject, RuleId } from "#shared/model/finding.ts";
import type { Part } from "#store/lists/part.ts";
import { type Arm, acceptedFor, IN_FORCE, rankOf } from "./arm.ts";

const aboutEndpoint =
  (column: string) =>
  (object: FindingObject): Part | null =>
    object.kind === "endpoint" ? { sql: `${column} = ?`, values: [object.id] } : null;

const CLASSICAL: RuleId = "endpoint-key-exchange-classical";

/** Of what is asked of post-quantum readiness this alone is urgent: what is recorded now can be read later. */
const classical: Arm = {
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

/** A change is told of for so many days. */
export const CHANGE_DAYS = 30;

const HOST = "(SELECT endpoint.host FROM endpoint WHERE endpoint.id = place.endpoint)";

/** That a run has put a certificate in place, or was about to. */
const BY_RUN = "run_certificate.wanted IS NOT NULL";

/**
 * Endpoints whose leaf has been replaced since somebody asked to be told, and not by a run: neither by what it put in
 * place nor by what it took back. The rule is off by itself: what renews elsewhere by itself is told of each time.
 */
const changed: Arm = {
  name: "change",
  from: "place INDEXED BY place_leaf_begun",
  ofHost: "place INDEXED BY place_under_name",
  walk: {},
  unordered: ["host", "label_start"],
  table: "place",
  where: [
    "gone_scan IS NULL AND endpoint IS NOT NULL AND position = 0",
    // Where nothing has gone yet this is null, and nothing has changed.
    `first_scan >= (
      SELECT min(gone_scan) FROM place INDEXED BY place_leaf_gone
      WHERE gone_scan IS NOT NULL AND endpoint IS NOT NULL AND position = 0)`,
    `first_scan >= (
      SELECT min(id) FROM scan
      WHERE started_at >= max(
        (SELECT since FROM rule_wish WHERE rule = '${CHANGED}'),
        strftime('%Y-%m-%dT%H:%M:%SZ', @now, '-${CHANGE_DAYS} days')))`,
    `EXISTS (
      SELECT 1 FROM place AS earlier INDEXED BY place_gone_at_endpoint
      WHERE earlier.endpoint = place.endpoint AND earlier.position = 0 AND earlier.gone_scan IS NOT NULL
        AND earlier.gone_scan <= place.first_scan AND earlier.certificate <> place.certificate)`,
    `NOT EXISTS (
      SELECT 1 FROM certificate CROSS JOIN run_certificate ON run_certificate.sha256 = certificate.sha256
      WHERE certificate.id = place.certificate AND ${BY_RUN})`,
    `NOT EXISTS (
      SELECT 1 FROM place AS earlier INDEXED BY place_gone_at_endpoint
        CROSS JOIN certificate ON certificate.id = earlier.certificate
        CROSS JOIN run_certificate ON run_certificate.sha256 = certificate.sha256
      WHERE earlier.endpoint = place.endpoint AND earlier.position = 0 AND earlier.gone_scan = place.first_scan
        AND ${BY_RUN} AND run_certificate.state = 'issued')`,
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
  sought: "host",
  text: `'${CHANGED}' || char(10) || ${HOST}`,
  isAbout: aboutEndpoint("endpoint"),
  // Who has accepted one change has not accepted those after it.
  isAccepted: `${acceptedFor(CHANGED, "endpoint", "endpoint")} AND EXISTS (
    SELECT 1 FROM acceptance
    WHERE rule = '${CHANGED}' AND kind = 'endpoint' AND about = place.endpoint AND ${IN_FORCE}
      AND accepted_at >= (SELECT started_at FROM scan WHERE scan.id = place.first_scan))`,
};

export const ENDPOINT_ARMS: readonly Arm[] = [classical, changed];
