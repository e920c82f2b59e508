import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Store } from "./store.ts";
import { makeCertificate, makeGrant, makeVerdict, visitEndpoint, visitHost } from "./testing/make-visit.ts";
import { openFile } from "./testing/open-file.ts";

const few = fc.integer({ min: 0, max: 3 });
const chain = fc.array(few, { maxLength: 4 });
const grant = fc.record({ key: few, account: few, state: fc.constantFrom("yes", "no", "unknown" as const) });

const visit = fc.oneof(
  fc.record({ endpoint: few, chain: fc.option(chain) }),
  fc.record({ host: few, grants: fc.array(grant, { maxLength: 5 }), files: chain, isPartial: fc.boolean() }),
);

test("after any visits, what is counted along the way is what there is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(visit, { maxLength: 25 }), async (visits) => {
      await using folder = await makeTemporaryFolder();
      using database = openFile(folder.path);
      database.store.atomically(() => {
        for (const one of visits) play(database.store, one);
      });
      for (const [kept, counted] of COUNTS) expect(database.read(kept)).toEqual(database.read(counted));
      expect(database.read("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
      expect(database.read("PRAGMA foreign_key_check")).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

type Played = typeof visit extends fc.Arbitrary<infer Visit> ? Visit : never;

function play(store: Store, one: Played): void {
  const certificates = (names: number[]) => names.map((name) => makeCertificate(`certificate ${name}`));
  if ("endpoint" in one) {
    const presented = one.chain && { chain: certificates(one.chain) };
    visitEndpoint(store, `name${one.endpoint}`, { presented });
    return;
  }
  visitHost(store, `name${one.host}`, {
    collected: {
      isPartial: one.isPartial,
      certificateFiles: [{ path: "/etc/ssl/a.pem", certificates: certificates(one.files) }],
      grants: one.grants.map(({ key, account, state }, line) =>
        makeGrant(`key ${key}`, { account: `account ${account}`, line, verdict: makeVerdict(state) }),
      ),
    },
  });
}

/** What the triggers keep, and the same counted from the start. */
const COUNTS: [string, string][] = [
  [
    "SELECT id, place_count, endpoint_count, only_name, is_seen, is_at_endpoint, is_in_file FROM certificate ORDER BY id",
    `SELECT id, count(place.certificate) AS place_count, count(endpoint) AS endpoint_count,
            iif(count(DISTINCT name) = 1, min(name), NULL) AS only_name,
            count(place.certificate) > 0 AS is_seen, count(endpoint) > 0 AS is_at_endpoint, count(place.host) > 0 AS is_in_file
     FROM certificate
     LEFT JOIN (SELECT * FROM place WHERE gone_scan IS NULL) AS place ON place.certificate = certificate.id
     GROUP BY certificate.id ORDER BY certificate.id`.replace("SELECT id", "SELECT certificate.id"),
  ],
  [
    "SELECT what, count FROM tally ORDER BY what",
    `SELECT 'certificate' AS what, count(*) AS count FROM certificate WHERE is_seen = 1
     UNION ALL SELECT 'grant ' || state.value, (SELECT count(*) FROM grant_line WHERE gone_scan IS NULL AND effective = state.value)
     FROM json_each('["no", "unknown", "yes"]') AS state`,
  ],
  [
    "SELECT fingerprint, account_count, is_shared = (account_count > 1) AS is_told FROM key ORDER BY fingerprint",
    `SELECT fingerprint, (
       SELECT count(*) FROM (
         SELECT DISTINCT host, account FROM grant_line
         WHERE grant_line.fingerprint = key.fingerprint AND gone_scan IS NULL AND effective <> 'no')) AS account_count, 1 AS is_told
     FROM key ORDER BY fingerprint`,
  ],
  [
    "SELECT id, grant_count, certificate_count FROM host ORDER BY id",
    `SELECT id, (SELECT count(*) FROM grant_line WHERE host = host.id AND gone_scan IS NULL) AS grant_count,
            (SELECT count(DISTINCT certificate) FROM place WHERE host = host.id AND gone_scan IS NULL) AS certificate_count
     FROM host ORDER BY id`.replaceAll("WHERE host = host.id", "WHERE +host = host.id"),
  ],
  [
    "SELECT rowid AS id FROM certificate_search ORDER BY rowid",
    "SELECT id FROM certificate WHERE is_seen = 1 ORDER BY id",
  ],
  [
    "SELECT rowid AS id FROM grant_search ORDER BY rowid",
    "SELECT id FROM grant_line WHERE gone_scan IS NULL ORDER BY id",
  ],
];
