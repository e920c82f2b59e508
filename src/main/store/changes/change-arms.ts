import { ChangeKind, type ChangeWhat } from "#shared/model/change.ts";

/** Where what may be otherwise in another row of the same thing stands: the columns of two such rows are compared. */
const CONTENT: Record<ChangeKind, string | null> = {
  grant: "SELECT text FROM grant_line WHERE id =",
  "key-file": "SELECT ifnull(fingerprint, '') FROM key_file WHERE id =",
  "host-key": "SELECT fingerprint FROM host_key WHERE id =",
  account: null,
  certificate: "SELECT certificate FROM place WHERE id =",
};

/** What a search looks at, beside the name of the host. */
const TEXT: Record<ChangeKind, string> = {
  grant: `(SELECT account || char(10) || file || char(10) || comment || char(10) || ifnull(fingerprint, '')
    FROM grant_line WHERE id = version.about)`,
  "key-file": "(SELECT path || char(10) || ifnull(fingerprint, '') FROM key_file WHERE id = version.about)",
  "host-key": "(SELECT key_type || char(10) || fingerprint FROM host_key WHERE id = version.about)",
  account: "version.label",
  certificate: `(SELECT subject || char(10) || ifnull(path, '')
    FROM place JOIN certificate ON certificate.id = place.certificate WHERE place.id = version.about)`,
};

const standsAt = (version: string, scan: "@from" | "@to"): string =>
  `${version}.first_scan <= ${scan} AND (${version}.gone_scan IS NULL OR ${version}.gone_scan > ${scan})`;

/** The row of the same thing that stood at the earlier scan, or stands at the later one. */
const otherAt = (scan: "@from" | "@to", select: string): string => `
  SELECT ${select} FROM version AS other
  WHERE (other.id = ifnull(version.origin, version.id) OR other.origin = ifnull(version.origin, version.id))
    AND ${standsAt("other", scan)}`;

/** An arm gives the changes of one kind and one sort; the parameters are `@from`, below `@to`. */
export type ChangeArm = {
  what: ChangeWhat;
  kind: ChangeKind;
  table: string;
  /** The same, for the changes of one host. */
  tableOfHost: string;
  where: string;
  /** The scan that found it so, and the row of how it was, if any. */
  scan: string;
  before: string;
};

const OF_HOST = "version INDEXED BY version_under_name";

const WITH_EARLIER = `JOIN version AS earlier ON earlier.id = (${otherAt("@from", "other.id")} LIMIT 1)`;

export const CHANGE_ARMS: readonly ChangeArm[] = ChangeKind.options.flatMap((kind) => [
  {
    what: "appeared",
    kind,
    scan: "version.first_scan",
    before: "NULL",
    table: "version",
    tableOfHost: OF_HOST,
    where: `kind = '${kind}' AND first_scan > @from AND ${standsAt("version", "@to")}
      AND (origin IS NULL OR NOT EXISTS (${otherAt("@from", "1")}))`,
  },
  {
    what: "changed",
    kind,
    scan: "version.first_scan",
    before: "earlier.id",
    table: `version ${WITH_EARLIER}`,
    tableOfHost: `${OF_HOST} ${WITH_EARLIER}`,
    where: `version.kind = '${kind}' AND version.origin IS NOT NULL AND version.first_scan > @from
        AND ${standsAt("version", "@to")} AND ${isOtherwise(kind)}`,
  },
  {
    what: "gone",
    kind,
    scan: "version.gone_scan",
    before: "NULL",
    table: "version",
    tableOfHost: OF_HOST,
    where: `kind = '${kind}' AND gone_scan > @from AND gone_scan <= @to AND first_scan <= @from
      AND NOT EXISTS (${otherAt("@to", "1")})`,
  },
]);

/** A state that nobody took note of is no other state. */
function isOtherwise(kind: ChangeKind): string {
  const content = CONTENT[kind];
  const state = "ifnull(version.state <> earlier.state, 0)";
  if (content === null) return state;
  return `(${state} OR version.about <> earlier.about AND (${content} version.about) <> (${content} earlier.about))`;
}

/** The columns that a page is made of. */
export const columnsOf = ({ what, kind, scan, before }: ChangeArm): string =>
  `version.id AS id, '${what}' AS what, '${kind}' AS kind, version.name AS name, ${scan} AS scan, ${before} AS before`;

export const textOf = ({ kind }: ChangeArm): string =>
  `(SELECT host_name.name FROM host_name WHERE host_name.id = version.name) || char(10) || ${TEXT[kind]}`;
