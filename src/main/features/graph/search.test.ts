import { expect, test } from "vitest";
import { nameNode } from "#shared/text/access/graph.ts";
import { fingerprintOf, START } from "#store/testing/make-visit.ts";
import { file, grant, openGraph, rule } from "./testing/open-graph.ts";

/** Links of every kind. Each word is in some: in the text of who has a key, in that of what it opens, or in both. */
function openWords() {
  const graph = openGraph({
    "web-alpha": { keyFiles: [file("alpha", "deploy"), file("beta", "root")], grants: [grant("beta", "ci")] },
    "db-beta": {
      grants: [grant("alpha", "deploy"), { ...grant("beta", "deploy"), line: 2 }, grant("gamma", "root")],
      escalations: [rule("deploy")],
    },
  });
  graph.store.people.holdHere(
    [{ location: "~/.ssh/gamma", fingerprint: fingerprintOf("gamma"), kind: "file" }],
    () => true,
    START,
  );
  const person = {
    handle: "ann",
    name: "Ann Alpha",
    email: null,
    logins: ["ann"],
    said: "nothing" as const,
    leftOn: null,
    keys: [{ fingerprint: fingerprintOf("beta"), keyType: "ssh-ed25519" }],
  };
  const source = { name: "team", kind: "csv" as const, isWhole: false, people: [person], at: START };
  graph.store.people.replaceSource(source);
  return graph;
}

test.each([
  "alpha",
  "BETA",
  "gamma",
  "deploy",
  "ann",
  "team",
  "computer",
  "authorized_keys",
  "ssh",
  "we",
  "db",
  "ta",
  "zz",
  "no-such",
  "alpha beta",
  "deploy web",
  "ci beta",
  "root gamma",
  fingerprintOf("alpha"),
  "é",
  "db-beta /home",
])("%s finds the steps that hold it, in their order and page by page", async (search) => {
  const graph = openWords();
  const { rows: all } = await graph.client.links({});
  const words = search.toLowerCase().split(" ");
  const expected = all.filter(({ from, to, fingerprint, heldAt, where }) => {
    // A grant is found by its file and its comment, which is the name of its key. The name of a people source is
    // heldAt.
    const [name = ""] = ["alpha", "beta", "gamma"].filter((key) => fingerprintOf(key) === fingerprint);
    const isGrant = fingerprint !== null;
    const texts = [nameNode(from), nameNode(to), heldAt, isGrant ? where : "", name].join("\n").toLowerCase();
    return words.every((word) => texts.includes(word) || fingerprint?.toLowerCase().startsWith(word));
  });
  const { rows, total } = await graph.client.links({ search });
  expect(rows).toEqual(expected);
  expect(total).toBe(expected.length);
  const paged: typeof rows = [];
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof graph.client.links>> = await graph.client.links({
      search,
      limit: 1,
      after,
    });
    paged.push(...page.rows);
    after = page.next;
    if (after === null) break;
  }
  expect(paged).toEqual(expected);
});

test.each([{}, { onlyRoot: true }, { onlyCertain: true }, { search: "deploy" }])(
  "what leads to one host is found from there, and is the same of %j",
  async (more) => {
    const graph = openWords();
    const { rows: all } = await graph.client.links(more);
    for (const host of ["db-beta", "web-alpha"]) {
      const { rows, total } = await graph.client.links({ ...more, host });
      expect(rows).toEqual(all.filter(({ to }) => "host" in to && to.host === host));
      expect(total).toBe(rows.length);
    }
  },
);
