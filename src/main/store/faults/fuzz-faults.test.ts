import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Refusal } from "#shared/model/refusal.ts";
import { explainSqlite } from "#store/explain-sqlite.ts";
import { openStore, type Store } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts, listScans } from "#store/testing/ask.ts";
import { makeCertificate, makeGrant, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

/* Some hundred files here, thousands in the long form of this file. A crash of SQLite would end this process. */
const RUNS = Number(process.env.LATCHKEY_TEST_RUNS ?? 60);

/** Bytes that replace others, anywhere, and where the file ends. */
const mutation = fc.record({
  changes: fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.constant(new Uint8Array(4_096).fill(0xff)),
      ),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  inHeader: fc.option(
    fc.record({ at: fc.integer({ min: 16, max: 99 }), byte: fc.integer({ min: 0, max: 255 }) }),
  ),
  keep: fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  ),
});

test("T18: a database of any bytes is opened or refused, and all that is asked of it is answered or refused", async () => {
  await using folder = await makeTemporaryFolder();
  const original = await makeFull(join(folder.path, "original.db"));
  const path = join(folder.path, "fuzzed.db");
  const said = new Set<string>();
  await fc.assert(
    fc.asyncProperty(mutation, async ({ changes, inHeader, keep }) => {
      const bytes = Buffer.from(original);
      for (const { at, bytes: others } of changes)
        bytes.set(
          others.subarray(0, bytes.length - Math.floor(at * bytes.length)),
          Math.floor(at * bytes.length),
        );
      if (inHeader) bytes[inHeader.at] = inHeader.byte;
      await writeFile(path, bytes.subarray(0, Math.floor(keep * bytes.length)), { mode: 0o600 });
      for (const access of ["read", "write"] as const) said.add(tryAll(path, access));
    }),
    { numRuns: RUNS },
  );
  expect([...said].toSorted()).toEqual(["answered", "refused"]);
}, 600_000);

test("T18: a damaged page that asks for more memory than there is gets a refusal with what to do", () => {
  const explained = explainSqlite(new Sqlite.SqliteError("out of memory", "SQLITE_NOMEM"), "/d/latchkey.db");
  expect(explained).toBeInstanceOf(Refusal);
  expect(String(explained)).toContain(
    "/d/latchkey.db asks for more memory than there is, and may be damaged",
  );
});

/** Opens the database and runs every query; whatever is neither an answer nor a refusal fails the test. */
function tryAll(path: string, access: "read" | "write"): "answered" | "refused" {
  return answered(() => {
    const store = openStore({ path, access });
    try {
      const replies = QUESTIONS.map((ask) => answered(() => ask(store)));
      if (access === "write")
        replies.push(
          answered(() => visitHost(store, "another", { collected: { grants: [makeGrant("new")] } })),
        );
      if (replies.includes("refused")) throw new Refusal("unusable", "one of the replies");
    } finally {
      store.close();
    }
  });
}

function answered(work: () => unknown): "answered" | "refused" {
  try {
    work();
    return "answered";
  } catch (error) {
    if (error instanceof Refusal) return "refused";
    throw error;
  }
}

const QUESTIONS: ((store: Store) => unknown)[] = [
  (store) => listCertificates(store),
  (store) => listCertificates(store, { search: "shop" }),
  (store) => listGrants(store),
  (store) => listFindings(store),
  (store) => listHosts(store),
  (store) => listScans(store),
  (store) => store.today.figures(new Date(START)),
  (store) => store.targets.count(),
  (store) => store.events.findBreak(),
];

async function makeFull(path: string): Promise<Buffer> {
  const store = openStore({ path, access: "write" });
  for (let number = 0; number < 20; number++) {
    const chain = [makeCertificate(`shop${number}`), makeCertificate("authority", { isCa: true })];
    visitEndpoint(store, `shop${number}`, { presented: { chain } });
    const grants = Array.from({ length: 5 }, (_, line) => makeGrant(`key ${line * number}`, { line }));
    visitHost(store, `host${number}`, { collected: { grants } });
    store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail: { number } }));
  }
  store.close();
  return readFile(path);
}
