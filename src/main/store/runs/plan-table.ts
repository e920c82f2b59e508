import type { Database } from "better-sqlite3";
import { MOST_OPEN_PLANS, OpenPlan, type PlanDetail, PlanRequest } from "#shared/contract/runs.ts";
import { ReviewName } from "#shared/model/access/review.ts";
import type { Instant } from "#shared/model/instant.ts";
import { hostIdOf, Plan, PlanId } from "#shared/model/runs/plan.ts";
import { RunId } from "#shared/model/runs/run.ts";
import type { Lists } from "#store/lists/lists.ts";
import { type Part, valuesOf } from "#store/lists/order.ts";
import { orOfCalled, splitWords, toNumber, toPattern } from "#store/lists/search.ts";
import { fromStored, toStored, toStoredOrNull, UNREADABLE } from "./stored-json.ts";

type Row = {
  id: number;
  state: PlanDetail["state"];
  message: string;
  made_at: string;
  body: string | null;
  hash: string | null;
  read: number;
  total: number;
  request: string | null;
  run: number | null;
};

const COLUMNS = `id, state, message, made_at, body, hash, read, total, request,
  (SELECT max(run.id) FROM run WHERE run.plan = plan.id) AS run`;

/** The first host that a plan changes; null where there is none. */
export const FIRST_HOST = `(SELECT json_object('host', host, 'port', port) FROM plan_host
  WHERE plan_host.plan = plan.id ORDER BY ordinal LIMIT 1)`;

export const readFirstHost = (text: string | null): unknown => (text === null ? null : JSON.parse(text));

/** The word is in the user's name for a host that the plan changes, or such a host calls itself so. */
export function isOnHost(lists: Lists, word: string): Part {
  const name = { sql: "plan_host.host LIKE ? ESCAPE '\\'", values: [toPattern(word)] };
  const { sql, values } = orOfCalled(name, lists.calledHosts(word), { sql: "plan_host.host", has: "names" });
  return { sql: `EXISTS (SELECT 1 FROM plan_host WHERE plan_host.plan = plan.id AND ${sql})`, values };
}

const OPEN = `SELECT id, body ->> '$.kind' AS kind, body ->> '$.title' AS title, made_at AS madeAt,
    json_array_length(body, '$.hosts') AS hosts, ${FIRST_HOST} AS firstHost FROM plan
  WHERE state = 'ready' AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.id)
    AND NOT EXISTS (SELECT 1 FROM offline_script WHERE offline_script.plan = plan.id)`;

const OPEN_TEXT = "(body ->> '$.title') || char(10) || (body ->> '$.kind')";

type OpenRow = {
  id: number;
  kind: string;
  title: string;
  madeAt: string;
  hosts: number;
  firstHost: string | null;
};

const CUT_SHORT = "Latchkey was closed while it was made; plan it again";

/** Plans as they were shown, and those that are being made. */
export function planTable(db: Database, lists: Lists) {
  const begin = db.prepare("INSERT INTO plan (state, made_at, request) VALUES ('making', ?, ?)");
  const take = db.prepare(
    "INSERT INTO plan (state, made_at, body, hash, is_refused) VALUES ('ready', ?, ?, ?, ?)",
  );
  const progress = db.prepare("UPDATE plan SET read = ?, total = ? WHERE id = ? AND state = 'making'");
  const finish = db.prepare(
    "UPDATE plan SET state = 'ready', body = ?, hash = ?, made_at = ?, is_refused = ? WHERE id = ? AND state = 'making'",
  );
  const fail = db.prepare("UPDATE plan SET state = 'failed', message = ? WHERE id = ? AND state = 'making'");
  const interrupt = db.prepare(
    `UPDATE plan SET state = 'failed', message = '${CUT_SHORT}' WHERE state = 'making'`,
  );
  const find = db.prepare<[number], Row>(`SELECT ${COLUMNS} FROM plan WHERE id = ?`);

  const findByHash = db.prepare<[string], Row>(
    `SELECT ${COLUMNS} FROM plan WHERE hash = ? ORDER BY id DESC LIMIT 1`,
  );

  const addHost = db.prepare("INSERT INTO plan_host (plan, ordinal, host, port) VALUES (?, ?, ?, ?)");
  const addHosts = (id: number | bigint, { hosts }: Plan) => {
    for (const [ordinal, { host, port }] of hosts.entries()) addHost.run(id, ordinal, host, port);
  };
  const drop = db.prepare(
    `DELETE FROM plan WHERE id = ? AND state <> 'making' AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.id)
      AND NOT EXISTS (SELECT 1 FROM offline_script WHERE offline_script.plan = plan.id)`,
  );

  const readReview = reviewReader(db);
  const complete = (row: Row): PlanDetail => {
    const detail = toDetail(row);
    return { ...detail, review: readReview(detail) };
  };

  return {
    /** Those that are ready and were neither applied nor exported as scripts, the newest first; one that cannot be read is none. */
    open(search: string): OpenPlan[] {
      const words = splitWords(search).map((word): Part => {
        const onHost = isOnHost(lists, word);
        return {
          sql: `(plan.id = ? OR ${OPEN_TEXT} LIKE ? ESCAPE '\\' OR ${onHost.sql})`,
          values: [toNumber(word), toPattern(word), ...onHost.values],
        };
      });
      const sql = [OPEN, ...words.map((word) => word.sql)].join(" AND ");
      return lists
        .read<OpenRow>(`${sql} ORDER BY id DESC LIMIT ${MOST_OPEN_PLANS}`, valuesOf(words))
        .flatMap((row) => OpenPlan.safeParse({ ...row, firstHost: readFirstHost(row.firstHost) }).data ?? []);
    },

    /** False where it was applied or exported as scripts, is being made, or is not there. */
    drop: (id: PlanId): boolean => drop.run(id).changes > 0,

    /** Without a request, the plan was made elsewhere and is checked here. */
    begin: (request: PlanRequest | null, at: Instant): PlanId =>
      PlanId.parse(Number(begin.run(at, toStoredOrNull(PlanRequest, request)).lastInsertRowid)),

    /** Imports a plan that was made elsewhere, as it is. */
    take({ plan, hash, at }: { plan: Plan; hash: string; at: Instant }): PlanId {
      const id = take.run(at, toStored(Plan, plan), hash, isRefused(plan)).lastInsertRowid;
      addHosts(id, plan);
      return PlanId.parse(Number(id));
    },

    progress: (id: PlanId, read: number, total: number): void => void progress.run(read, total, id),

    finish(id: PlanId, { plan, hash, at }: { plan: Plan; hash: string; at: Instant }): void {
      if (finish.run(toStored(Plan, plan), hash, at, isRefused(plan), id).changes > 0) addHosts(id, plan);
    },

    fail: (id: PlanId, message: string): void => void fail.run(message, id),

    /** Call it only after this process has taken the write lock. */
    interruptMaking: (): number => interrupt.run().changes,

    find(id: number): PlanDetail | null {
      const row = find.get(id);
      return row ? complete(row) : null;
    },

    /** The last plan with this hash. */
    findByHash(hash: string): PlanDetail | null {
      const row = findByHash.get(hash);
      return row ? complete(row) : null;
    },
  };
}

const isRefused = ({ checks }: Plan): 0 | 1 => (checks.some(({ state }) => state === "refused") ? 1 : 0);

type Planned = { review: string; item: number; host: string; port: number; account: string };

/** The review that a plan was made for, and which of its items refused checks are about. */
function reviewReader(db: Database): (detail: Omit<PlanDetail, "review">) => PlanDetail["review"] {
  const nameOf = db
    .prepare<[number], string>(
      "SELECT review.name FROM review_plan JOIN review ON review.id = review_plan.review WHERE review_plan.plan = ?",
    )
    .pluck();
  const items = db.prepare<[number], Planned>(`
    SELECT item.ordinal AS item, item.evidence ->> '$.host' AS host, item.evidence ->> '$.port' AS port,
      item.evidence ->> '$.account' AS account
    FROM review_plan JOIN review_item AS item ON item.review = review_plan.review AND item.plan = review_plan.plan
    WHERE review_plan.plan = ? ORDER BY item.ordinal`);
  return ({ id, plan }) => {
    const name = nameOf.get(id);
    if (name === undefined) return null;
    const refused = plan?.checks.filter(({ state }) => state === "refused") ?? [];
    const about = new Set(refused.map(({ host, account }) => JSON.stringify([host, account])));
    const isRefusedThere = (one: Planned) =>
      [one.account, null].some((account) => about.has(JSON.stringify([hostIdOf(one), account])));
    const found = about.size === 0 ? [] : items.all(id).filter(isRefusedThere);
    return { name: ReviewName.parse(name), refused: found.map(({ item }) => item) };
  };
}

const toDetail = ({
  id,
  state,
  message,
  made_at: madeAt,
  body,
  request,
  run,
  ...row
}: Row): Omit<PlanDetail, "review"> => {
  const plan = body === null ? null : fromStored(Plan, body);
  const isUnreadable = body !== null && plan === null;
  return {
    ...row,
    state: isUnreadable ? "failed" : state,
    message: isUnreadable ? UNREADABLE : message,
    id: PlanId.parse(id),
    madeAt,
    request: request === null ? null : fromStored(PlanRequest, request),
    plan,
    runId: run === null ? null : RunId.parse(run),
  };
};
