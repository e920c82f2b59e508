import type { Database } from "better-sqlite3";
import type { Labelled, Labels, Tag } from "#shared/model/label.ts";

/** A thing by its row. */
export type LabelledRow = { kind: Labelled["kind"]; id: number };

/**
 * Owners of hosts, accounts and certificates, and their tags. Writes at once what follows for the accounts and the
 * certificates that are there (their owner, and when they are due); what is seen later has it when it is written.
 */
export function labelTable(db: Database) {
  const ids = {
    host: db.prepare<[string], number>("SELECT id FROM host_name WHERE name = ?").pluck(),
    account: db
      .prepare<[string, number, string], number>(
        "SELECT id FROM account WHERE host_name = ? AND port = ? AND name = ? AND gone_scan IS NULL",
      )
      .pluck(),
    certificate: db.prepare<[string], number>("SELECT id FROM certificate WHERE sha256 = ?").pluck(),
  };
  const writers = { host: hostLabels(db), account: accountLabels(db), certificate: certificateLabels(db) };
  const tags = tagReader(db);

  return {
    /** Null when it was never seen. */
    findRow(thing: Labelled): LabelledRow | null {
      const id = findId(thing);
      return id === undefined ? null : { kind: thing.kind, id };
    },

    of: ({ kind, id }: LabelledRow): Labels => writers[kind].read(id),
    setOwner: ({ kind, id }: LabelledRow, owner: string | null): void => writers[kind].setOwner(id, owner),
    tag: ({ kind, id }: LabelledRow, name: string): void => writers[kind].tag(id, tags.idOf(name)),
    untag: ({ kind, id }: LabelledRow, name: string): void => writers[kind].untag(id, tags.idOf(name)),
    tags: tags.list,
    owners: tags.owners,
    setDuePercent: tags.setDuePercent,
  };

  function findId(thing: Labelled): number | undefined {
    switch (thing.kind) {
      case "host":
        return ids.host.get(thing.host);
      case "account":
        return ids.account.get(thing.host, thing.port, thing.name);
      case "certificate":
        return ids.certificate.get(thing.sha256);
    }
  }
}

const OWNER_NOW =
  "ifnull(own_owner, ifnull((SELECT owner FROM inherited_owner WHERE certificate = certificate.id), ''))";

const PERCENT_NOW = "(SELECT max(due_percent) FROM due_percent_by_tag WHERE certificate = certificate.id)";

const ON_HOST = "SELECT certificate FROM location WHERE name = ? AND gone_scan IS NULL";

function hostLabels(db: Database) {
  const owner = db.prepare<[number], string | null>("SELECT owner FROM host_name WHERE id = ?").pluck();
  const tags = db
    .prepare<[number], string>(`
      SELECT tag.name FROM tagged_host JOIN tag ON tag.id = tagged_host.tag WHERE tagged_host.name = ? ORDER BY 1`)
    .pluck();
  const setOwner = db.prepare("UPDATE host_name SET owner = ? WHERE id = ?");
  const add = db.prepare("INSERT INTO tagged_host (name, tag) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const remove = db.prepare("DELETE FROM tagged_host WHERE name = ? AND tag = ?");
  const followOwner = db.prepare(`UPDATE certificate SET owner = ${OWNER_NOW} WHERE id IN (${ON_HOST})`);
  const followTags = db.prepare(
    `UPDATE certificate SET due_percent = ${PERCENT_NOW} WHERE id IN (${ON_HOST})`,
  );
  const followAccounts = db.prepare(
    `UPDATE account SET owner = ${ACCOUNT_OWNER} WHERE host IN (SELECT id FROM host WHERE name = ?)`,
  );

  return {
    read: (id: number): Labels => ({ owner: owner.get(id) ?? null, inheritedOwner: "", tags: tags.all(id) }),
    setOwner(id: number, name: string | null) {
      setOwner.run(name, id);
      followOwner.run(id);
      followAccounts.run(id);
    },
    tag(id: number, tag: number) {
      add.run(id, tag);
      followTags.run(id);
    },
    untag(id: number, tag: number) {
      remove.run(id, tag);
      followTags.run(id);
    },
  };
}

const HOST_OWNER = `ifnull((
  SELECT host_name.owner FROM host JOIN host_name ON host_name.id = host.name WHERE host.id = account.host), '')`;

const ACCOUNT_OWNER = `ifnull(own_owner, ${HOST_OWNER})`;

function accountLabels(db: Database) {
  const owners = db.prepare<[number], { owner: string | null; inheritedOwner: string }>(
    `SELECT own_owner AS owner, ${HOST_OWNER} AS inheritedOwner FROM account WHERE id = ?`,
  );
  const tags = db
    .prepare<[number], string>(
      "SELECT name FROM tagged_account JOIN tag ON tag.id = tag WHERE account = ? ORDER BY 1",
    )
    .pluck();
  const setOwner = db.prepare("UPDATE account SET own_owner = ? WHERE id = ?");
  const follow = db.prepare(`UPDATE account SET owner = ${ACCOUNT_OWNER} WHERE id = ?`);
  const add = db.prepare("INSERT INTO tagged_account (account, tag) VALUES (?, ?) ON CONFLICT DO NOTHING");
  const remove = db.prepare("DELETE FROM tagged_account WHERE account = ? AND tag = ?");

  return {
    read: (id: number): Labels => ({
      ...(owners.get(id) ?? { owner: null, inheritedOwner: "" }),
      tags: tags.all(id),
    }),
    setOwner(id: number, name: string | null) {
      setOwner.run(name, id);
      follow.run(id);
    },
    tag: (id: number, tag: number): void => void add.run(id, tag),
    untag: (id: number, tag: number): void => void remove.run(id, tag),
  };
}

function certificateLabels(db: Database) {
  const owners = db.prepare<[number], { owner: string | null; inheritedOwner: string }>(`
    SELECT own_owner AS owner,
      ifnull((SELECT owner FROM inherited_owner WHERE certificate = certificate.id), '') AS inheritedOwner
    FROM certificate WHERE id = ?`);
  const tags = db
    .prepare<[number], string>(`
      SELECT name FROM tagged_certificate JOIN tag ON tag.id = tag WHERE certificate = ? ORDER BY 1`)
    .pluck();
  const setOwner = db.prepare("UPDATE certificate SET own_owner = ? WHERE id = ?");
  const add = db.prepare(
    "INSERT INTO tagged_certificate (certificate, tag) VALUES (?, ?) ON CONFLICT DO NOTHING",
  );
  const remove = db.prepare("DELETE FROM tagged_certificate WHERE certificate = ? AND tag = ?");
  const followOwner = db.prepare(`UPDATE certificate SET owner = ${OWNER_NOW} WHERE id = ?`);
  const followTags = db.prepare(`UPDATE certificate SET due_percent = ${PERCENT_NOW} WHERE id = ?`);

  return {
    read: (id: number): Labels => ({
      ...(owners.get(id) ?? { owner: null, inheritedOwner: "" }),
      tags: tags.all(id),
    }),
    setOwner(id: number, name: string | null) {
      setOwner.run(name, id);
      followOwner.run(id);
    },
    tag(id: number, tag: number) {
      add.run(id, tag);
      followTags.run(id);
    },
    untag(id: number, tag: number) {
      remove.run(id, tag);
      followTags.run(id);
    },
  };
}

function tagReader(db: Database) {
  const find = db.prepare<[string], number>("SELECT id FROM tag WHERE name = ?").pluck();
  const add = db.prepare("INSERT INTO tag (name) VALUES (?)");
  const list = db.prepare<[], Tag>(`
    SELECT name, due_percent AS duePercent,
      (SELECT count(*) FROM tagged_host WHERE tag = tag.id) AS hostCount,
      (SELECT count(*) FROM tagged_certificate WHERE tag = tag.id) AS certificateCount,
      (SELECT count(*) FROM tagged_account WHERE tag = tag.id) AS accountCount
    FROM tag ORDER BY name`);
  const owners = db
    .prepare<[], string>(`
      SELECT owner FROM host_name WHERE owner IS NOT NULL
      UNION SELECT owner FROM certificate WHERE is_seen = 1 AND owner <> ''
      UNION SELECT own_owner FROM account WHERE own_owner IS NOT NULL ORDER BY 1`)
    .pluck();
  const setPercent = db.prepare(
    "UPDATE tag SET due_percent = @percent WHERE id = @id AND due_percent IS NOT @percent",
  );
  const follow = db.prepare(`
    UPDATE certificate SET due_percent = ${PERCENT_NOW}
    WHERE id IN (
      SELECT certificate FROM tagged_certificate WHERE tag = @tag
      UNION SELECT certificate FROM certificate_under_tag WHERE tag = @tag)`);
  const idOf = (name: string): number => find.get(name) ?? Number(add.run(name).lastInsertRowid);

  return {
    idOf,
    list: (): Tag[] => list.all(),
    owners: (): string[] => owners.all(),
    /** False where it was so before. */
    setDuePercent(name: string, percent: number | null): boolean {
      const id = idOf(name);
      if (setPercent.run({ id, percent }).changes === 0) return false;
      follow.run({ tag: id });
      return true;
    },
  };
}
