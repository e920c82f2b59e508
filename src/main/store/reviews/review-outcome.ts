import type { Database } from "better-sqlite3";
import { KeysGap } from "#shared/model/access/keys-reading.ts";
import type { ReviewChoice, ReviewItemState, ReviewWait } from "#shared/model/access/review.ts";
import { IS_LABEL_OF } from "#store/labels/label-reader.ts";

/**
 * How far what somebody decided of an item has come: computed whenever it is asked for, and never stored, for whatever comes back
 * opens the item again. `item` and `review` are the rows that it is about.
 */

/** So many lines of one key, or names of one number, are compared with the items of a review; where there are more, none is known to be gone. */
const MOST_LINES = 100;

/**
 * The reading is of after the review was created: a scan by when it began, a bundle by when its collector was handed out, for
 * the host's clock is its own.
 */
const IS_LATER = `scan.started_at >= review.created_at AND NOT EXISTS (
  SELECT 1 FROM bundle WHERE bundle.scan = scan.id
    AND ifnull((SELECT issued_at FROM issued_collector WHERE issued_collector.nonce = bundle.nonce), '') < review.created_at)`;

/** The number that the account of a grant (`own`) has now, where it has kept its name and changed that. */
const NUMBER_NOW = `(
  SELECT account.uid FROM account
  WHERE account.host = own.host AND account.name = own.account AND account.gone_scan IS NULL)`;

/**
 * The lines that let the key of a grant (`own`) into an account of the same number, whatever its name; `is_other`: it is no item of the
 * review itself.
 */
export const LINES = `
  SELECT later.id, later.account, later.file, later.line, later.last_scan, NOT EXISTS (
    SELECT 1 FROM review_item AS other
    WHERE other.review = item.review AND other.kind = 'grant' AND other.about = later.id) AS is_other
  FROM grant_line AS later INDEXED BY grant_of_key
  WHERE later.fingerprint IS NOT NULL AND later.fingerprint = own.fingerprint AND later.host = own.host
    AND later.uid IN (own.uid, ifnull(${NUMBER_NOW}, own.uid)) AND later.gone_scan IS NULL
  LIMIT ${MOST_LINES}`;

const IS_NO_LINE_LEFT = `(SELECT count(*) < ${MOST_LINES} AND total(is_other) = 0 FROM (${LINES}))`;

/** The key was seen at no account of the number since the reading: a line that one without root found gone may be anywhere. */
const NONE_ENDED_SINCE = `NOT EXISTS (
  SELECT 1 FROM grant_line AS later INDEXED BY grant_of_key
  WHERE later.fingerprint IS NOT NULL AND later.fingerprint = own.fingerprint AND later.host = own.host
    AND later.uid IN (own.uid, ifnull(${NUMBER_NOW}, own.uid)) AND later.gone_scan > scan.id)`;

/** Every account of the number was read by root, with all keys that open it; or there is none with it any more. */
const readingOf = (uid: string): string => `iif(
  EXISTS (
    SELECT 1 FROM account
    WHERE account.host_name = own.host_name AND account.port = own.port AND account.uid = ${uid}
      AND account.gone_scan IS NULL),
  (SELECT reading.scan FROM keys_reading AS reading WHERE reading.host = own.host AND reading.uid = ${uid}),
  (SELECT accounts_scan FROM host WHERE host.id = own.host))`;

/** The reading that has shown that a grant is gone. */
const GONE_GRANT = `
  SELECT scan.id
  FROM grant_line AS own
  JOIN scan ON scan.id = min(${readingOf("own.uid")}, ${readingOf(`ifnull(${NUMBER_NOW}, own.uid)`)})
  WHERE own.id = item.about AND own.gone_scan <= scan.id AND ${IS_LATER} AND ${IS_NO_LINE_LEFT} AND ${NONE_ENDED_SINCE}`;

const openGrants = (of: string): string => `
  SELECT count(*) FROM grant_line AS later INDEXED BY grant_by_account
  WHERE later.account = ${of}.name AND later.host_name = ${of}.host_name AND later.host = ${of}.host
    AND later.gone_scan IS NULL AND later.effective <> 'no'`;

const openAuthorities = (of: string): string => `
  SELECT count(*) FROM trusted_authority AS later
  WHERE later.host = ${of}.host AND later.account = ${of}.name AND later.gone_scan IS NULL`;

const isExpired = (of: string): string =>
  `EXISTS (SELECT 1 FROM json_each(${of}.disabled_by) WHERE value ->> '$.by' = 'expired')`;

const isOpen = (of: string): string => `(${of}.password_state <> 'locked' OR NOT ${isExpired(of)}
  OR (${openGrants(of)}) > 0 OR (${openAuthorities(of)}) > 0)`;

/** The same of the account that an item is about (`own`). */
const [IS_EXPIRED, OPEN_GRANTS, OPEN_AUTHORITIES] = [
  isExpired("own"),
  openGrants("own"),
  openAuthorities("own"),
];
const IS_OPEN = isOpen("own");

/**
 * Other names of the number of an account (`own`) that are no items of the review. `is_new`: since the review was created, so the account
 * may have been renamed. `is_open`: not disabled; but root itself, which no run disables.
 */
const NAMES = `
  SELECT later.name, seen.started_at >= review.created_at AS is_new,
    later.name <> 'root' AND ${isOpen("later")} AS is_open
  FROM account AS later JOIN scan AS seen ON seen.id = later.first_scan
  WHERE later.host_name = own.host_name AND later.port = own.port AND later.uid = own.uid AND later.gone_scan IS NULL
    AND later.id <> own.id AND NOT EXISTS (
      SELECT 1 FROM review_item AS other
      WHERE other.review = item.review AND other.kind = 'account' AND other.about = later.id)
  LIMIT ${MOST_LINES}`;

const IS_NO_NAME_NEW = `(SELECT count(*) < ${MOST_LINES} AND total(is_new) = 0 FROM (${NAMES}))`;
const IS_NO_NAME_OPEN = `(SELECT count(*) < ${MOST_LINES} AND total(is_open) = 0 FROM (${NAMES}))`;

/** The account that an item is about, or that its grant opens. */
const ACCOUNT = `iif(item.kind = 'account', item.about, (
  SELECT account.id FROM grant_line AS own JOIN account ON account.host = own.host AND account.name = own.account
  WHERE own.id = item.about))`;

/**
 * The reading that has shown that an account is gone, or, where it was revoked, that nothing lets anybody in any more: the last one
 * of all, for what a later one says of its password, its expiry and its keys may be the account's own word.
 */
const GONE_ACCOUNT = `
  SELECT scan.id
  FROM account AS own
  JOIN host ON host.id = own.host
  LEFT JOIN keys_reading AS reading ON reading.host = own.host AND reading.uid = own.uid
  JOIN scan ON scan.id = iif(own.gone_scan IS NULL, own.evaluated_scan, host.accounts_scan)
  WHERE own.id = ${ACCOUNT} AND ${IS_LATER}
    AND iif(own.gone_scan IS NOT NULL,
      own.gone_scan <= scan.id AND ${IS_NO_NAME_NEW},
      item.choice = 'revoke' AND own.is_by_root = 1 AND own.last_scan = scan.id AND reading.scan = scan.id
        AND NOT ${IS_OPEN} AND ${IS_NO_NAME_OPEN})`;

/** Who answers for the account is whom the decision names. */
const IS_REASSIGNED = `EXISTS (
  SELECT 1 FROM review_decision AS decision CROSS JOIN account
  JOIN label ON ${IS_LABEL_OF.account} AND label.owner = decision.successor
  WHERE decision.review = item.review AND decision.ordinal = item.ordinal AND decision.answer = item.answer
    AND account.id = ${ACCOUNT})`;

/** What the item is about was seen after a run that has ended: it has removed nothing, or somebody has put it back. */
const IS_SEEN_SINCE_RUN = `iif(item.kind = 'account',
  EXISTS (
    SELECT 1 FROM account AS own JOIN scan ON scan.id = own.evaluated_scan
    WHERE own.id = item.about AND own.gone_scan IS NULL AND own.is_by_root = 1 AND scan.started_at > run.ended_at
      AND ${IS_OPEN}),
  EXISTS (
    SELECT 1 FROM grant_line AS own WHERE own.id = item.about AND EXISTS (
      SELECT 1 FROM (${LINES}) AS line JOIN scan ON scan.id = line.last_scan
      WHERE (line.is_other OR line.id = own.id) AND scan.started_at > run.ended_at)))`;

/** A plan that failed, that a check refuses or that was rolled back holds nothing. */
const IS_PLANNED = `EXISTS (
  SELECT 1 FROM plan LEFT JOIN run ON run.plan = plan.id
  WHERE plan.id = item.plan AND plan.state <> 'failed' AND plan.is_refused = 0
    AND (run.id IS NULL OR run.state <> 'rolled-back' AND NOT (run.state = 'committed' AND ${IS_SEEN_SINCE_RUN})))`;

/** The state of an item, and behind a blank the scan that has closed it. It is in this text once: each part is a search of its own. */
export const OUTCOME = `CASE
  WHEN item.choice IS NULL THEN 'open'
  WHEN item.choice = 'keep' THEN 'kept'
  WHEN item.choice = 'reassign' AND ${IS_REASSIGNED} THEN 'reassigned'
  ELSE ifnull('closed ' || iif(item.choice = 'revoke' AND item.kind = 'grant', (${GONE_GRANT}), (${GONE_ACCOUNT})),
    CASE WHEN item.choice = 'reassign' THEN 'to-reassign' WHEN ${IS_PLANNED} THEN 'planned'
      ELSE iif(item.kind = 'grant', 'to-revoke', 'to-disable') END) END`;

/** What states are found by: `OUTCOME` is one search, which no condition may repeat. */
export const BARE = "review_item AS item JOIN review ON review.id = item.review";

/** What may have been decided of items in a state; null: nothing. All others need no search. */
export const CHOICES_OF: Record<ReviewItemState, readonly ReviewChoice[] | null> = {
  open: null,
  kept: ["keep"],
  "to-reassign": ["reassign"],
  reassigned: ["reassign"],
  "to-revoke": ["revoke"],
  planned: ["revoke"],
  "to-disable": ["revoke"],
  closed: ["revoke", "reassign"],
};

type GrantWait = { account: string; file: string; line: number };
type AccountWait = {
  isGone: number;
  isByRoot: number;
  password: string;
  isExpired: number;
  grants: number;
  authorities: number;
  successor: string | null;
  openName: string | null;
  gap: string | null;
  isLater: number;
};

/** What keeps an item open that somebody has revoked, as the last readings show it. */
export function waitReader(
  db: Database,
): (item: { review: number; ordinal: number; kind: "grant" | "account" }) => ReviewWait {
  const line = db.prepare<[number, number], GrantWait>(`
    SELECT line.account, line.file, line.line FROM ${BARE} JOIN grant_line AS own ON own.id = item.about
    JOIN grant_line AS line ON line.id = iif(own.gone_scan IS NULL, own.id, (SELECT id FROM (${LINES}) WHERE is_other LIMIT 1))
    WHERE item.review = ? AND item.ordinal = ?`);
  const gap = db
    .prepare<[number, number], string | null>(`
      SELECT reading.gap FROM ${BARE} JOIN grant_line AS own ON own.id = item.about
      JOIN keys_reading AS reading ON reading.host = own.host AND reading.uid = own.uid
      WHERE item.review = ? AND item.ordinal = ?`)
    .pluck();
  const account = db.prepare<[number, number], AccountWait>(`
    SELECT own.gone_scan IS NOT NULL AS isGone, own.is_by_root AS isByRoot, own.password_state AS password,
      ${IS_EXPIRED} AS isExpired, (${OPEN_GRANTS}) AS grants, (${OPEN_AUTHORITIES}) AS authorities,
      (SELECT name FROM (${NAMES}) WHERE is_new LIMIT 1) AS successor,
      (SELECT name FROM (${NAMES}) WHERE is_open LIMIT 1) AS openName, reading.gap, ${IS_LATER} AS isLater
    FROM ${BARE} JOIN account AS own ON own.id = item.about
    JOIN scan ON scan.id = own.evaluated_scan
    LEFT JOIN keys_reading AS reading ON reading.host = own.host AND reading.uid = own.uid
    WHERE item.review = ? AND item.ordinal = ?`);
  const toGap = (text: string | null): ReviewWait => ({
    for: "reading",
    gap: text === null ? null : KeysGap.parse(JSON.parse(text)),
  });

  return ({ review, ordinal, kind }) => {
    if (kind === "grant") {
      const standing = line.get(review, ordinal);
      return standing ? { for: "line", ...standing } : toGap(gap.get(review, ordinal) ?? null);
    }
    const found = account.get(review, ordinal);
    if (!found) return toGap(null);
    if (found.isGone === 1)
      return found.successor === null ? toGap(null) : { for: "successor", account: found.successor };
    if (found.isByRoot === 0 || found.isLater === 0) return toGap(null);
    const entries = {
      isLocked: found.password === "locked",
      isExpired: found.isExpired === 1,
      grants: found.grants,
      authorities: found.authorities,
    };
    const isShut = entries.isLocked && entries.isExpired && entries.grants + entries.authorities === 0;
    if (!isShut) return { for: "entries", ...entries };
    return found.openName === null ? toGap(found.gap) : { for: "name", account: found.openName };
  };
}
