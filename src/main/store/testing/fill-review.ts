import Sqlite from "better-sqlite3";
import { openStore } from "#store/store.ts";
import { beginScan, fingerprintOf, makeAccount, makeGrant, START, visitHost } from "./make-visit.ts";

/** So many grants are on each host of a review. */
const ON_HOST = 500;

/**
 * Makes a database with a review of so many grants, half of which are gone since it was created. All of them are revoked, if `choice`
 * says so: what has become of each is a search.
 */
export function makeReviewDatabase(path: string, size: number, choice: "keep" | "revoke" = "revoke"): void {
  const store = openStore({ path, access: "write" });
  const hosts = Math.ceil(size / ON_HOST);
  const accounts = [makeAccount("root", { uid: 0, kind: "system", root: "is-root" })];
  const linesOf = (host: number, from = 0) =>
    Array.from({ length: Math.min(ON_HOST, size - host * ON_HOST) - from }, (_, index) =>
      makeGrant(`key ${index + from}`, { line: index + from + 1 }),
    );
  const scan = (at: string, from = 0) => {
    const scanId = beginScan(store, at);
    for (let host = 0; host < hosts; host++)
      visitHost(store, `web${host}`, { scanId, at, collected: { accounts, grants: linesOf(host, from) } });
  };
  scan(START);
  const createdAt = "2026-06-02T00:00:00Z";
  const review = store.reviews.begin({
    name: "q2",
    token: "q2",
    selection: { kind: "root", tag: null, environment: null },
    deciders: { kind: "named", names: ["ann"] },
    createdAt,
    dueAt: "2026-07-01T00:00:00Z",
  });
  freezeAll(path, review);
  store.atomically(() => store.reviews.open(review, { snapshot: "", items: size, leftOut: 0 }));
  const made = { madeBy: "jo", at: createdAt, isLate: false, fingerprint: null, body: null, signature: null };
  for (let from = 1; from <= size; from += 10_000)
    store.atomically(() =>
      store.reviews.answers.add(
        { ...made, review, reviewer: "ann", source: "typed", digest: "" },
        Array.from({ length: Math.min(10_000, size - from + 1) }, (_, index) => ({
          item: from + index,
          choice,
          to: null,
          reason: "x",
        })),
      ),
    );
  scan("2026-06-03T00:00:00Z", ON_HOST / 2);
  store.close();
}

/** Items as `create` freezes them; what they say is short, for none of it decides how far they have come. */
function freezeAll(path: string, review: number): void {
  const evidence = JSON.stringify({
    kind: "grant",
    port: 22,
    account: "root",
    uid: 0,
    root: "is-root",
    accountKind: "system",
    person: null,
    owner: "",
    firstSeen: START,
    lastSeen: START,
    readAt: START,
    file: "/root/.ssh/authorized_keys",
    line: 1,
    keyType: "ssh-ed25519",
    keyBits: 256,
    fingerprint: fingerprintOf("key"),
    comment: "key",
    options: "",
    login: { state: "yes", reasons: [] },
    keyOwner: { state: "unknown", who: null, reasons: [] },
    use: { state: "unknown", at: null, from: null, count: 0, reasons: [], logs: [], notRead: [] },
    approval: null,
    findings: [],
  });
  const db = new Sqlite(path);
  db.prepare(`
    INSERT INTO review_item (review, ordinal, kind, about, reviewer, evidence)
    SELECT ?, row_number() OVER (ORDER BY id), 'grant', id, 'ann', json_set(?, '$.host', host_name) FROM grant_line`).run(
    review,
    evidence,
  );
  db.close();
}
