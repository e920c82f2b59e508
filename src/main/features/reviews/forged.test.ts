import { hash } from "node:crypto";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { hashDecisions } from "#domain/reviews/evidence.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { nameOf, openWorld } from "./testing/review-world.ts";

/** A review in which one item is kept and one is revoked, and another program that has its database. */
async function openForger(folder: string) {
  const path = join(folder, "latchkey.db");
  const world = openWorld({ path });
  const { api } = world;
  await world.create();
  await api.decide({ review: "q2", items: [1], choice: "keep", reason: "on call" });
  await api.decide({ review: "q2", items: [2], choice: "revoke", reason: "has left" });
  expect(await api.verify({ review: "q2" })).toEqual({ problems: [] });
  const other = new Sqlite(path);
  const problemsAfter = async (sql: string) => {
    other.exec(sql);
    return (await api.verify({ review: "q2" })).problems.join("; ");
  };
  return {
    ...world,
    problemsAfter,
    [Symbol.dispose]: () => {
      other.close();
      world.store.close();
    },
  };
}

test("a decision that another program adds is found, and nothing is done by it", async () => {
  await using folder = await makeTemporaryFolder();
  using forger = await openForger(folder.path);
  const added = `INSERT INTO review_decision (review, ordinal, answer, choice, reason) VALUES (1, 3, 1, 'revoke', 'x')`;
  expect(await forger.problemsAfter(added)).toContain("the decisions of answer 1 by bob were changed");
  await expect(forger.api.plan({ review: "q2" })).rejects.toThrow("nothing is done for review q2");
  expect(
    await forger.problemsAfter(
      "DELETE FROM review_decision WHERE ordinal = 3; UPDATE review_item SET answer = NULL, choice = NULL WHERE ordinal = 3",
    ),
  ).toBe("");
});

test("a decision that is turned round, with its digest, is found by the seal of its answer", async () => {
  await using folder = await makeTemporaryFolder();
  using forger = await openForger(folder.path);
  const digest = hashDecisions([{ item: 2, choice: "keep", to: null, reason: "has left" }]);
  expect(
    await forger.problemsAfter(`
      UPDATE review_decision SET choice = 'keep' WHERE ordinal = 2;
      UPDATE review_item SET choice = 'keep' WHERE ordinal = 2;
      UPDATE review_answer SET digest = '${digest}' WHERE id = 2`),
  ).toContain("answer 2 of a review was changed outside this program");
  await expect(forger.api.plan({ review: "q2" })).rejects.toThrow("nothing is done");
});

test("an answer that is removed with its decisions and its seal is found by the seal of all", async () => {
  await using folder = await makeTemporaryFolder();
  using forger = await openForger(folder.path);
  expect(
    await forger.problemsAfter(`
      UPDATE review_item SET answer = NULL, choice = NULL WHERE ordinal = 2;
      DELETE FROM review_decision WHERE answer = 2; DELETE FROM review_answer WHERE id = 2;
      DELETE FROM row_seal WHERE kind = 'review_answer' AND id = '[2]'`),
  ).toContain("were removed outside this program");
});

test("what an item says, whose it is to decide, and what was decided of it are compared with what is sealed", async () => {
  await using folder = await makeTemporaryFolder();
  using forger = await openForger(folder.path);
  const set = (what: string) => forger.problemsAfter(`UPDATE review_item SET ${what} WHERE ordinal = 1`);
  expect(await set("evidence = json_set(evidence, '$.account', 'nobody')")).toContain("not what was frozen");
  expect(await set("evidence = json_set(evidence, '$.account', 'root')")).toBe("");
  expect(await set("reviewer = 'mallory'")).toContain("items 1 name another decision, or another reviewer");
  expect(await set("reviewer = 'bob', choice = 'revoke'")).toContain("items 1 name another");
});

test("a snapshot is the SHA-256 of its lines, which have each item as it was frozen", async () => {
  const { create, api, items } = openWorld();
  const { snapshot } = await create();
  const { lines, last } = await api.snapshot({ review: "q2" });
  expect({ last, digest: hash("sha256", lines, "hex") }).toEqual({ last: null, digest: snapshot });
  const read = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(read.map(({ item, evidence }) => [item, nameOf({ evidence } as never)])).toEqual(
    (await items()).map((item) => [item.item, nameOf(item)]),
  );
});
