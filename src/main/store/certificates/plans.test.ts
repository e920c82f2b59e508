import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { openStore } from "#store/store.ts";
import { listCertificates } from "#store/testing/ask.ts";
import { makeCertificate, START, visitEndpoint } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

test("whether a certificate waits for a reload alone is found by what it is served at: nothing reads all hosts or all bindings", async () => {
  await using folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  const prepare = vi.spyOn(Sqlite.prototype, "prepare");
  const store = openStore({ path, access: "write" });
  const stale = makeCertificate("stale");
  visitEndpoint(store, "stale", { presented: { chain: [stale] } });
  const finding = {
    rule: "certificate-not-reloaded" as const,
    severity: "high" as const,
    about: { kind: "certificate" as const, sha256: stale.certificate.sha256 },
    sentence: "stale:443 still serves it",
    evidence: [],
    remedy: "",
    label: "CN=stale",
  };
  store.atomically(() => {
    for (const endpoint of store.served.endpoints({ host: "stale", port: 443, serverName: null }))
      store.served.keep(endpoint, [], { drafts: [finding], isOurs: () => true, at: START });
  });
  expect(listCertificates(store, { now: new Date(START) }).rows).toHaveLength(1);
  const statements = new Set(
    prepare.mock.calls.map(([sql]) => sql).filter((sql) => sql.includes("is_stale")),
  );
  prepare.mockRestore();
  store.close();
  expect(statements.size).toBe(1);
  using db = Object.assign(new Sqlite(path, { readonly: true }), {
    [Symbol.dispose]: () => void db.close(),
  });
  const steps = [...statements].flatMap((sql) =>
    db.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll(/@\w+/g, "NULL")}`).all(),
  );
  const scans = steps.filter(({ detail }) => /^SCAN (?:served|binding|host|other|endpoint)\b/.test(detail));
  expect(scans).toEqual([]);
});
