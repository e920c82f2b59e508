import { expect, test } from "vitest";
import type { Total } from "#shared/model/total.ts";
import { openStore, type Store } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts, readAll } from "#store/testing/ask.ts";
import {
  makeCertificate,
  makeGrant,
  makeVerdict,
  visitEndpoint,
  visitHost,
} from "#store/testing/make-visit.ts";

const store = openStore({ path: ":memory:", access: "write" });
fill(store);

type Row = { sha256?: string; id?: string | number };
type Page = { after: string | null; limit: number };
const idOf = ({ sha256, id }: Row) => sha256 ?? id;

const LISTS: [
  string,
  readonly string[],
  (
    sort: { by: never; descending: boolean },
    page: Page,
  ) => { rows: Row[]; total: Total; next: string | null },
][] = [
  [
    "certificates",
    ["notAfter", "subject", "issuer", "keyType", "locationCount"],
    (sort, page) => listCertificates(store, { sort, ...page }),
  ],
  [
    "grants",
    ["host", "account", "fingerprint", "keyType", "effective", "comment"],
    (sort, page) => listGrants(store, { sort, ...page }),
  ],
  [
    "hosts",
    ["host", "os", "state", "grantCount", "accountCount", "lastSeen"],
    (sort, page) => listHosts(store, { sort, ...page }),
  ],
  [
    "findings",
    ["severity", "rule", "host", "label", "firstSeen"],
    (sort, page) => listFindings(store, { sort, ...page }),
  ],
];
const CASES = LISTS.flatMap(([name, columns, list]) => columns.map((by) => ({ name, by, list })));

test.each(CASES)(
  "$name by $by are the same in pages of any size, and the other way round",
  ({ by, list }) => {
    const ask = (descending: boolean, limit: number) =>
      readAll((page) => list({ by: by as never, descending }, page), limit).map(idOf);
    const whole = ask(false, 1_000);
    const total = list({ by: by as never, descending: false }, { after: null, limit: 1 }).total;

    expect(whole.length).toBeGreaterThan(5);
    expect(new Set(whole).size).toBe(whole.length);
    expect(total).toBe(whole.length);
    expect(ask(false, 1)).toEqual(whole);
    expect(ask(false, 4)).toEqual(whole);
    expect(ask(true, 3)).toEqual(whole.toReversed());
  },
);

/** Words by which each list finds several of its rows. */
const FOUND: Record<string, string> = { certificates: "e", grants: "an", hosts: "b1", findings: "er" };

test.each(CASES)("$name that words find, by $by, are the same in pages of any size", ({ name, by, list }) => {
  const ask = (descending: boolean, limit: number) => {
    const sort = { by: by as never, descending };
    return readAll((page) => list(sort, Object.assign(page, { search: FOUND[name] })), limit).map(idOf);
  };
  const whole = ask(false, 1_000);
  expect(whole.length).toBeGreaterThan(2);
  expect(ask(false, 1)).toEqual(whole);
  expect(ask(true, 2)).toEqual(whole.toReversed());
});

test.each([
  "",
  "x",
  "bnVsbA",
  Buffer.from('["notAfter",1]').toString("base64url"),
  Buffer.from('["notAfter",{},1]').toString("base64url"),
])("a page after %j, which is no cursor, is refused", (after) => {
  expect(() => listCertificates(store, { after })).toThrow("after is not the next of a page of this list");
});

test("a cursor of another order is refused", () => {
  const { next } = listCertificates(store, { limit: 1 });
  const sort = { by: "notAfter", descending: true } as const;
  expect(() => listCertificates(store, { after: next, sort })).toThrow("after is not the next");
});

test("a cursor is never longer than the contract takes, whatever strangers wrote", () => {
  const odd = openStore({ path: ":memory:", access: "write" });
  const long = "\u0001".repeat(5_000);
  const grants = [1, 2].map((line) =>
    makeGrant(`${long}${line}`, { account: long, file: long, line, keyType: long }),
  );
  const chain = [1, 2].map((line) => makeCertificate(`${long}${line}`));
  visitHost(odd, "h".repeat(253), { collected: { grants } });
  visitEndpoint(odd, "shop", { presented: { chain } });
  const cursors = [
    ...(["host", "account", "keyType", "comment"] as const).map(
      (by) => listGrants(odd, { limit: 1, sort: { by, descending: false } }).next,
    ),
    ...(["subject", "issuer"] as const).map(
      (by) => listCertificates(odd, { limit: 1, sort: { by, descending: false } }).next,
    ),
  ];
  for (const cursor of cursors) expect(cursor?.length).toBeLessThanOrEqual(2_000);
  expect(readAll((page) => listGrants(odd, page), 1)).toHaveLength(2);
});

/** Things that differ in some of their facts and share the others. */
function fill(into: Store): void {
  for (let index = 0; index < 12; index++) {
    const certificate = makeCertificate(`name${index % 5} ${index}`, {
      notAfter: index === 3 ? null : `2026-0${1 + (index % 7)}-01T00:00:00Z`,
      warnFrom: "2026-05-01T00:00:00Z",
      issuer: `CN=Issuer ${index % 3}`,
      keyType: index % 2 ? "RSA" : "EC",
    });
    for (let place = 0; place <= index % 3; place++) {
      visitEndpoint(into, `shop${index}-${place}`, { presented: { chain: [certificate] } });
    }
    const grants = ["ann", "bob"].map((key, line) =>
      makeGrant(key, {
        account: `user${index % 4}`,
        line,
        verdict: makeVerdict(index % 2 ? "no" : "unknown"),
        keyType: index % 3 ? "ssh-rsa" : null,
      }),
    );
    visitHost(into, `web${index}`, {
      at: `2026-06-0${1 + (index % 4)}T00:00:00Z`,
      collected: index === 5 ? null : { grants: grants.slice(index % 2), os: index % 3 ? "Debian" : null },
    });
  }
}
