/**
 * What holds of hosts, accounts and certificates by their labels and tags is copied into their rows: lists are in the order
 * of these columns, and found by them. Labels and tags are sealed, the copies are not: they are compared with the views that
 * they were made by.
 */

import type { Database } from "better-sqlite3";
import { formatCount } from "#shared/text/count.ts";
import type { LabelledRow } from "./label-reader.ts";

/** `rows`: those that have copies. `view`: what these are of, by its column `id`. */
type Copies = {
  noun: string;
  table: string;
  rows: string;
  columns: readonly string[];
  view: string;
  id: string;
};

const COLUMNS = ["owner", "purpose", "environment", "review_on"];

const HOST: Copies = {
  noun: "host",
  table: "host_name",
  rows: "1",
  columns: COLUMNS,
  view: "host_name_label",
  id: "id",
};

const ACCOUNT: Copies = {
  noun: "account",
  table: "account",
  rows: "1",
  columns: COLUMNS,
  view: "account_label",
  id: "id",
};

const CERTIFICATE: Copies = {
  noun: "certificate",
  table: "certificate",
  rows: "is_seen = 1",
  columns: ["owner"],
  view: "certificate_owner",
  id: "certificate",
};

const ALL = [HOST, ACCOUNT, CERTIFICATE];

const nowOf = ({ table, columns, view, id }: Copies): string =>
  `(SELECT ${columns.map((column) => `now.${column}`).join(", ")} FROM ${view} AS now WHERE now.${id} = ${table}.id)`;

const isOther = (copies: Copies): string => `(${copies.columns.join(", ")}) IS NOT ${nowOf(copies)}`;

const copyTo = (copies: Copies): string =>
  `UPDATE ${copies.table} SET (${copies.columns.join(", ")}) = ${nowOf(copies)} WHERE 1`;

const COPY_HOST = copyTo(HOST);
const HOST_IS_OTHER = isOther(HOST);
const COPY_ACCOUNT = copyTo(ACCOUNT);
const COPY_CERTIFICATE = copyTo(CERTIFICATE);

/** Which copies are not what was said, each as a sentence. None for a database from before there were such views. */
export function findEditedCopies(db: Database): string[] {
  const hasView = db.prepare<[string], number>("SELECT 1 FROM sqlite_schema WHERE name = ?").pluck();
  return ALL.flatMap((copies) => {
    if (hasView.get(copies.view) === undefined) return [];
    const sql = `SELECT count(*) FROM ${copies.table} WHERE ${copies.rows} AND ${isOther(copies)}`;
    const count = db.prepare<[], number>(sql).pluck().get() ?? 0;
    const counted = formatCount(count, copies.noun);
    return count === 0
      ? []
      : [`the labels of ${counted} are not those that were said: something else has written there`];
  });
}

/** Copies all labels again, where something else has written. */
export function restoreCopies(db: Database): void {
  const sql = ALL.map((copies) => `${copyTo(copies)} AND ${copies.rows} AND ${isOther(copies)};`).join("");
  db.exec(sql);
}

const PERCENT_NOW = "(SELECT max(due_percent) FROM due_percent_by_tag WHERE certificate = certificate.id)";

const ON_HOST = "SELECT certificate FROM location WHERE name = @id AND gone_scan IS NULL";

/** Writes what follows of labels and tags. Owner and share of a certificate are never set by one statement (0050). */
export function labelFollower(db: Database) {
  const host = db.prepare(`${COPY_HOST} AND ${HOST_IS_OTHER} AND id = @id`);
  const ownersOnHost = db.prepare(`${COPY_CERTIFICATE} AND id IN (${ON_HOST})`);
  const percentsOnHost = db.prepare(
    `UPDATE certificate SET due_percent = ${PERCENT_NOW} WHERE id IN (${ON_HOST})`,
  );
  const accountsOnHost = db.prepare(
    `${COPY_ACCOUNT} AND host IN (SELECT host.id FROM host WHERE host.name = @id)`,
  );
  const account = db.prepare(`${COPY_ACCOUNT} AND account.id = @id`);
  const owner = db.prepare(`${COPY_CERTIFICATE} AND id = @id`);
  const percent = db.prepare(`UPDATE certificate SET due_percent = ${PERCENT_NOW} WHERE id = @id`);
  const percentsOfTag = db.prepare(`
    UPDATE certificate SET due_percent = ${PERCENT_NOW}
    WHERE id IN (
      SELECT certificate FROM tagged_certificate WHERE tag = @tag
      UNION SELECT certificate FROM certificate_under_tag WHERE tag = @tag)`);
  const hostsOfTag = db.prepare<{ tag: number }, { id: number }>(
    "SELECT name AS id FROM tagged_host WHERE tag = @tag",
  );
  const accountsOfTag = db.prepare(
    `${COPY_ACCOUNT} AND account.id IN (SELECT account FROM tagged_account WHERE tag = @tag)`,
  );
  const ownersOfTag = db.prepare(
    `${COPY_CERTIFICATE} AND id IN (SELECT certificate FROM tagged_certificate WHERE tag = @tag)`,
  );

  return {
    labels,

    tags(row: LabelledRow): void {
      const { kind, id } = row;
      labels(row);
      if (kind === "host") percentsOnHost.run({ id });
      if (kind === "certificate") percent.run({ id });
    },

    /** After the share of a tag is another one. */
    due: (tag: number): void => void percentsOfTag.run({ tag }),

    /** After a tag names another owner or environment. */
    named(tag: number): void {
      for (const { id } of hostsOfTag.all({ tag })) followHost(id);
      accountsOfTag.run({ tag });
      ownersOfTag.run({ tag });
    },
  };

  /** A key, an endpoint and an issuer have nothing that follows. */
  function labels({ kind, id }: LabelledRow): void {
    if (kind === "host") followHost(id);
    if (kind === "account") account.run({ id });
    if (kind === "certificate") owner.run({ id });
  }

  function followHost(id: number): void {
    if (host.run({ id }).changes === 0) return;
    ownersOnHost.run({ id });
    accountsOnHost.run({ id });
  }
}
