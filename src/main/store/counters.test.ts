import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Store } from "./store.ts";
import { findInconsistencies } from "./testing/consistent.ts";
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
      expect(findInconsistencies(database.read)).toEqual([]);
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
