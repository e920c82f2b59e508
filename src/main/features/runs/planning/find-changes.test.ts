import { expect, test } from "vitest";
import { makeHostFacts } from "#domain/runs/testdata/make-facts.ts";
import { OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor } from "#domain/runs/testdata/plan-for.ts";
import type { GrantFact, KnownHost } from "#store/runs/fact-reader.ts";
import { findElsewhere } from "./find-changes.ts";

const grantIn = (file: string, account = "ann") => ({ hostId: 1, account, file }) as GrantFact;

test("where else the old key is granted is said by the file, whatever account it is for", () => {
  const facts = [makeHostFacts("web1", `${OLD_KEY} me\n`)];
  const plan = planFor(facts);
  const [path = ""] = plan.hosts[0]?.files.map((file) => file.path) ?? [];
  const find = (...grants: GrantFact[]) =>
    findElsewhere(
      plan,
      { grantsOfKey: () => grants, host: () => ({ host: "web1", port: 22 }) as KnownHost },
      facts.map(({ host, port, files }) => ({
        host,
        port,
        files: files.map((file) => ({ ...file, otherPaths: ["/linked/keys"] })),
      })),
    );
  expect(find(grantIn(path), grantIn("/linked/keys", "bob"))).toEqual([]);
  expect(find(grantIn(path), grantIn("/etc/ssh/keys/ann"))).toMatchObject([
    { host: "web1", port: 22, account: "ann", file: "/etc/ssh/keys/ann" },
  ]);
});
