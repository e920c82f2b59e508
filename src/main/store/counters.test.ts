import fc from "fast-check";
import { expect, test } from "vitest";
import { settleStandings } from "#domain/people/standing.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Store } from "./store.ts";
import { findInconsistencies } from "./testing/consistent.ts";
import {
  fingerprintOf,
  makeCertificate,
  makeGrant,
  makeKeyFile,
  makeVerdict,
  START,
  visitEndpoint,
  visitHost,
} from "./testing/make-visit.ts";
import { openFile } from "./testing/open-file.ts";

const few = fc.integer({ min: 0, max: 3 });
const chain = fc.array(few, { maxLength: 4 });
const keys = fc.uniqueArray(few, { maxLength: 3 });
const grant = fc.record({
  key: few,
  account: few,
  state: fc.constantFrom("yes", "no", "unknown" as const),
  use: fc.constantFrom("used", "unused", "unknown" as const),
  isDormant: fc.boolean(),
});
const person = fc.record({ login: few, keys, said: fc.constantFrom("active", "gone", "nothing" as const) });

const visit = fc.oneof(
  fc.record({ endpoint: few, chain: fc.option(chain) }),
  fc.record({
    host: few,
    grants: fc.array(grant, { maxLength: 5 }),
    keyFiles: keys,
    files: chain,
    isPartial: fc.boolean(),
  }),
  fc.record({
    source: few,
    people: fc.uniqueArray(person, { maxLength: 3, selector: ({ login }) => login }),
    isWhole: fc.boolean(),
  }),
  fc.record({ forgotten: few }),
  fc.record({ held: keys }),
  fc.record({
    labelled: few,
    isHost: fc.boolean(),
    owner: fc.option(fc.constantFrom("shop", "mail")),
    isTagged: fc.boolean(),
    duePercent: fc.option(fc.integer({ min: 1, max: 99 })),
  }),
);

test("after any visits and people sources, what is counted along the way is what there is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(visit, { maxLength: 25 }), async (visits) => {
      await using folder = await makeTemporaryFolder();
      using database = openFile(folder.path);
      database.store.atomically(() => {
        for (const one of visits) play(database.store, one);
      });
      expect(findInconsistencies(database.read)).toEqual([]);
    }),
    { numRuns: 25, examples: [[ONE_OF_TWO_GOES]] },
  );
});

/** A file has a line twice, of which the first goes: the other one was never gone in between. */
const ONE_OF_TWO_GOES = [
  [3, 3],
  [2, 3],
].map((lines) => ({
  host: 0,
  grants: lines.map((key) => ({
    key,
    account: 0,
    state: "yes" as const,
    use: "used" as const,
    isDormant: false,
  })),
  keyFiles: [],
  files: [],
  isPartial: false,
}));

type Played = typeof visit extends fc.Arbitrary<infer Visit> ? Visit : never;
type Grant = typeof grant extends fc.Arbitrary<infer Value> ? Value : never;

function play(store: Store, one: Played): void {
  const certificates = (names: number[]) => names.map(makeNumbered);
  if ("labelled" in one) {
    label(store, one);
    return;
  }
  if ("endpoint" in one) {
    const presented = one.chain && { chain: certificates(one.chain) };
    visitEndpoint(store, `name${one.endpoint}`, { presented });
    return;
  }
  if (!("host" in one)) {
    tellOfOwners(store, one);
    return;
  }
  visitHost(store, `name${one.host}`, {
    collected: {
      isPartial: one.isPartial,
      certificateFiles: [{ path: "/etc/ssl/a.pem", certificates: certificates(one.files) }],
      keyFiles: one.keyFiles.map((key) => ({ ...makeKeyFile(`key ${key}`), spkiSha256: `spki ${key % 3}` })),
      grants: one.grants.map((judged, line) =>
        makeGrant(`key ${judged.key}`, {
          account: `account ${judged.account}`,
          line,
          verdict: verdictOf(judged),
        }),
      ),
    },
  });
}

/** One of a few certificates, of which two have one key, years apart. */
const makeNumbered = (name: number) =>
  makeCertificate(`certificate ${name}`, {
    spkiSha256: `key ${name % 2}`,
    notBefore: `20${20 + name}-01-01T00:00:00Z`,
    warnFrom: "2026-10-01T00:00:00Z",
    urgentFrom: "2026-11-01T00:00:00Z",
  });

function label(store: Store, one: Extract<Played, { labelled: number }>): void {
  store.labels.setTag("production", { duePercent: one.duePercent });
  const row = store.labels.findRow(
    one.isHost
      ? { kind: "host", host: `name${one.labelled}` }
      : { kind: "certificate", sha256: makeNumbered(one.labelled).certificate.sha256 },
  );
  if (!row) return;
  store.labels.set(row, { owner: one.owner });
  if (one.isTagged) store.labels.tag(row, "production");
  else store.labels.untag(row, "production");
}

function verdictOf({ state, use, isDormant }: Grant) {
  const verdict = makeVerdict(state);
  return {
    ...verdict,
    effective: { ...verdict.effective, dormant: state === "no" && isDormant ? "AllowUsers" : null },
    use: { ...verdict.use, state: use },
  };
}

type OfOwners = Exclude<Played, { endpoint: number } | { host: number } | { labelled: number }>;

function tellOfOwners(store: Store, one: OfOwners): void {
  if ("held" in one) {
    const held = one.held.map((key) => ({
      location: `/home/jo/${key}`,
      fingerprint: fingerprintOf(`key ${key}`),
      kind: "file" as const,
    }));
    store.people.holdHere(held, () => true, START);
    return;
  }
  if ("forgotten" in one) store.people.removeSource(`source ${one.forgotten}`);
  else {
    const people = one.people.map(({ login, keys: listed, said }) => ({
      handle: `person ${login}`,
      name: `Person ${login}`,
      email: null,
      logins: [`person ${login}`],
      said,
      leftOn: null,
      keys: listed.map((key) => ({ fingerprint: fingerprintOf(`key ${key}`), keyType: null })),
    }));
    const { source, isWhole } = one;
    store.people.replaceSource({ name: `source ${source}`, kind: "csv", isWhole, people, at: START });
  }
  store.people.settle(settleStandings(store.people.entries(), "2026-06-01", []), START);
}
