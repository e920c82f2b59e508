import { createHash } from "node:crypto";
import type { Database } from "better-sqlite3";
import { AuditEvent } from "#shared/contract/settings.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { Listed, Lists, Window } from "#store/lists/lists.ts";
import type { Part } from "#store/lists/order.ts";
import { eachWord, isOfCalled, splitWords } from "#store/lists/search.ts";
import { GENESIS } from "./opening/mark.ts";

type EventKind =
  | "scan-started"
  | "scan-finished"
  | "scan-interrupted"
  | "prompt-answered"
  | "targets-added"
  | "targets-removed"
  | "host-key-trusted"
  | "host-keys-skipped"
  | "pin-forgotten"
  | "bundle-imported"
  | "bundle-claimed"
  | "bundle-signed"
  | "claim-dropped"
  | "collector-issued"
  | "people-source-imported"
  | "people-source-removed"
  | "inventory-marked"
  | "baseline-set"
  | "baseline-cleared"
  | "grants-approved"
  | "accounts-approved"
  | "accounts-unapproved"
  | "grants-unapproved"
  | "findings-accepted"
  | "findings-unaccepted"
  | "logins-accepted"
  | "logins-unaccepted"
  | "rule-turned-on"
  | "max-age-set"
  | "plan-dropped"
  | "people-joined"
  | "person-split"
  | "person-regrouped"
  | "rule-turned-off"
  | "labels-set"
  | "labels-undone"
  | "tag-set"
  | "review-created"
  | "review-decided"
  | "review-assigned"
  | "review-planned"
  | "review-ended"
  | "trust-granted"
  | "trust-revoked"
  | "trust-outdated"
  | "issuer-added"
  | "issuer-changed"
  | "issuer-removed"
  | "issuer-tested"
  | "certificate-issued"
  | "certificate-revoked"
  | "list-issued"
  | "vault-created"
  | "vault-unlocked"
  | "vault-locked"
  | "vault-changed"
  | "plan-made"
  | "plan-imported"
  | "scripts-exported"
  | "certificate-imported"
  | "key-confirmed"
  | "run-started"
  | "run-requested"
  | "run-step"
  | "run-ended"
  | "run-interrupted"
  | "database-backed-up"
  | "database-restored"
  | "database-sealed"
  | "database-went-back";

/** `hosts`: those that the detail names in a text, and not as the `host` of an object. */
type NewEvent = { at: Instant; kind: EventKind; detail: object; hosts?: readonly string[] };
type Row = { id: number; at: string; kind: string; detail: string; hash: string };

type EventQuery = Window & { search: string; sort: { by: "at"; descending: boolean } };

/** The log in the order in which it was written, and its pages. */
export function eventList(db: Database, lists: Lists) {
  const count = db.prepare<[], number>("SELECT count(*) FROM event").pluck();
  return {
    list: ({ search, sort, ...page }: EventQuery): Listed<AuditEvent> => {
      const where = splitWords(search).flatMap((word) => findWord(lists, word));
      return lists.list(
        {
          select: "id, at, kind, detail",
          from: "event",
          where,
          sort: { name: sort.by, columns: ["id"], descending: sort.descending },
          ...(where.length === 0 && { total: () => count.get() ?? 0 }),
          ...page,
        },
        (row: AuditEvent) => AuditEvent.parse(row),
      );
    },
  };
}

const EVENT_TEXT = "replace(kind, '-', ' ') || char(10) || kind || char(10) || detail";

/** The word is in the event, or a host that the event names calls itself so. */
function findWord(lists: Lists, word: string): Part[] {
  const called = lists.calledHosts(word);
  if (!called) return eachWord(word, EVENT_TEXT);
  const own = isOfCalled(called, { sql: "host", has: "names" });
  return eachWord(word, EVENT_TEXT).map(({ sql, values }) => ({
    sql: `(${sql} OR event.id IN (SELECT event FROM event_host WHERE ${own.sql}))`,
    values: [...values, ...own.values],
  }));
}

export function eventTable(db: Database) {
  const append = db.prepare("INSERT INTO event (at, kind, detail, hash) VALUES (@at, @kind, @detail, @hash)");
  const addHost = db.prepare("INSERT INTO event_host (host, event) VALUES (?, ?)");
  const lastHash = db.prepare<[], string>("SELECT hash FROM event ORDER BY id DESC LIMIT 1").pluck();
  const all = db.prepare<[], Row>("SELECT id, at, kind, detail, hash FROM event ORDER BY id");
  const count = db.prepare<[], number>("SELECT count(*) FROM event").pluck();
  const lastId = db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'event'").pluck();

  return {
    /** Call it in the transaction of what it records: both happen or neither. */
    append({ at, kind, detail, hosts = [] }: NewEvent): void {
      const row = { at, kind, detail: JSON.stringify(detail) };
      const { lastInsertRowid } = append.run({ ...row, hash: chain(lastHash.get() ?? GENESIS, row) });
      for (const host of new Set([...hosts, ...hostsIn(detail)])) addHost.run(host, lastInsertRowid);
    },

    /** The id of the first row that does not follow from the one before it, or that is missing; null if all do. */
    findBreak(): number | null {
      let previous = { id: 0, hash: GENESIS };
      for (const row of all.iterate()) {
        if (row.id !== previous.id + 1) return previous.id + 1;
        if (row.hash !== chain(previous.hash, row)) return row.id;
        previous = row;
      }
      return previous.id < (lastId.get() ?? 0) ? previous.id + 1 : null;
    },

    count: (): number => count.get() ?? 0,
  };
}

/** Each `host` of an object, however deep. */
function hostsIn(detail: unknown): string[] {
  if (typeof detail !== "object" || detail === null) return [];
  return Object.entries(detail).flatMap(([key, value]) =>
    key === "host" && typeof value === "string" ? [value] : hostsIn(value),
  );
}

const chain = (previous: string, { at, kind, detail }: Omit<Row, "id" | "hash">): string =>
  createHash("sha256")
    .update(JSON.stringify([previous, at, kind, detail]))
    .digest("hex");
