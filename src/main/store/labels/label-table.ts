import type { Database } from "better-sqlite3";
import type { Instant } from "#shared/model/instant.ts";
import { type Labelled, type Labels, type Tag, ThingChange } from "#shared/model/label.ts";
import { labelFollower } from "./label-copies.ts";
import { labelEvidence } from "./label-evidence.ts";
import { type LabelledRow, labelReader, type OwnLabels, ownLabels, rowFinder } from "./label-reader.ts";
import { type TagPatch, tagsOf, tagTable } from "./tag-table.ts";

/**
 * Labels of all kinds of things, and tags. Writes at once what follows for the accounts and the certificates that are
 * there (their owner and the like, and when they are due); what is seen later has it when it is written.
 */
export function labelTable(db: Database) {
  const own = ownLabels(db);
  const tags = tagTable(db);
  const tagged = {
    host: tagsOf(db, "host"),
    account: tagsOf(db, "account"),
    certificate: tagsOf(db, "certificate"),
    key: tagsOf(db, "key"),
    endpoint: tagsOf(db, "endpoint"),
    issuer: tagsOf(db, "issuer"),
  } satisfies Record<Labelled["kind"], unknown>;
  const reader = labelReader(db, { own: own.of, tagsOf: (row) => tagged[row.kind].list(row) });
  const follow = labelFollower(db);
  const owners = ownerReader(db);

  return {
    /** Null when it was never seen. */
    findRow: rowFinder(db),

    of: (row: LabelledRow): Labels => reader.of(row),
    /** What was said of it itself. */
    ownOf: own.of,
    tagsOf: (row: LabelledRow): string[] => tagged[row.kind].list(row).map(({ name }) => name),
    /** Who answers for a host, an account or a certificate, by whatever says so; null for nobody. */
    ownerOf: owners,

    /** What is left out stays as it is. */
    set(row: LabelledRow, labels: Partial<OwnLabels>): void {
      const before = own.of(row);
      const { owner = before.owner, purpose = before.purpose } = labels;
      const { environment = before.environment, reviewOn = before.reviewOn } = labels;
      own.set(row, { owner, purpose, environment, reviewOn });
      follow.labels(row);
    },

    tag(row: LabelledRow, name: string): void {
      tagged[row.kind].add(row, tags.idOf(name));
      follow.tags(row);
    },

    untag(row: LabelledRow, name: string): void {
      tagged[row.kind].remove(row, tags.idOf(name));
      follow.tags(row);
    },

    tags: (): Tag[] => tags.list(),
    owners: tags.owners,
    environments: tags.environments,

    /** False where it was so before. */
    setTag(name: string, patch: TagPatch): boolean {
      const tag = tags.idOf(name);
      const { isDueOtherwise, namesOtherwise } = tags.set(tag, patch);
      if (isDueOtherwise) follow.due(tag);
      if (namesOtherwise) follow.named(tag);
      return isDueOtherwise || namesOtherwise;
    },

    changes: labelChangeTable(db),
    evidence: labelEvidence(db),
  };
}

/** The owners that everybody goes by, as they stand in the columns. */
function ownerReader(db: Database) {
  const host = db.prepare<[number], string | null>("SELECT owner FROM host_name WHERE id = ?").pluck();
  const account = db.prepare<[number], string>("SELECT owner FROM account WHERE id = ?").pluck();
  const certificate = db.prepare<[number], string>("SELECT owner FROM certificate WHERE id = ?").pluck();
  const columns = { host, account, certificate };
  return ({ kind, id }: { kind: Labelled["kind"]; id: number }): string | null =>
    (kind in columns && columns[kind as keyof typeof columns].get(id)) || null;
}

type LabelChange = { id: number; things: ThingChange[]; isUndone: boolean };
type Row = { id: number; things: string; undone: number };

/** So many changes can be undone. */
const MOST_KEPT = 50;

const COLUMNS = "id, things, undone_at IS NOT NULL AS undone";

/** Changes of labels, the last ones of which can be undone. */
function labelChangeTable(db: Database) {
  const add = db.prepare("INSERT INTO label_change (at, things) VALUES (?, ?)");
  const forget = db.prepare("DELETE FROM label_change WHERE id <= ?");
  const find = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM label_change WHERE id = ?`);
  const last = db.prepare<[], Row>(
    `SELECT ${COLUMNS} FROM label_change WHERE undone_at IS NULL ORDER BY id DESC LIMIT 1`,
  );
  const markUndone = db.prepare("UPDATE label_change SET undone_at = ? WHERE id = ?");

  return {
    add(at: Instant, things: readonly ThingChange[]): number {
      const id = Number(add.run(at, JSON.stringify(things)).lastInsertRowid);
      forget.run(id - MOST_KEPT);
      return id;
    },
    /** Null: it is not there, or not any more. */
    find: (id: number): LabelChange | null => toChange(find.get(id)),
    /** The last one that was not undone. */
    last: (): LabelChange | null => toChange(last.get()),
    markUndone: (id: number, at: Instant): void => void markUndone.run(at, id),
  };
}

const toChange = (row: Row | undefined): LabelChange | null =>
  row
    ? {
        id: row.id,
        things: ThingChange.array().parse(JSON.parse(row.things)),
        isUndone: row.undone === 1,
      }
    : null;
