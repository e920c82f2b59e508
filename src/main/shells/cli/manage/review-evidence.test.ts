import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import { writeEvidence } from "#shared/text/access/write-evidence.ts";
import { openStore } from "#store/store.ts";
import { makeAccount, makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createFolderFiles } from "./review-evidence.ts";

const withOne = <Whole extends object, Name extends keyof Whole>(
  whole: Whole,
  name: Name,
  part: Whole[Name],
): Whole => new Proxy(whole, { get: (target, key) => (key === name ? part : Reflect.get(target, key)) });

/** A review of two items, and a client that decides on one of them whenever a page of items was read, as long as it may. */
async function openBusy(folder: string) {
  const databasePath = join(folder, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  const accounts = [makeAccount("root", { uid: 0, kind: "system", root: "is-root" })];
  visitHost(store, "web1", { collected: { grants: [makeGrant("ann")], accounts } });
  store.close();
  const app = createApp({ databasePath, access: "write" });
  const { client } = app;
  await client.reviews.create({
    name: "q2",
    selection: { kind: "root" },
    deciders: { kind: "named", names: ["carol"] },
    dueAt: "2099-01-01T00:00:00Z",
  });
  const busy = { times: 0 };
  const items: LatchkeyClient["reviews"]["items"] = async (query) => {
    const page = await client.reviews.items(query);
    if (busy.times-- > 0)
      await client.reviews.decide({ review: "q2", items: [1], choice: "keep", reason: `${busy.times} left` });
    return page;
  };
  const source = {
    client: withOne(client, "reviews", withOne(client.reviews, "items", items)),
    name: "q2",
    key: null,
    writtenAt: "2026-06-02T12:00:00Z",
    styleDigest: "",
  };
  return { app, busy, source };
}

test("an evidence pack is of one moment: what was decided while it was written is in all of it, or there is none", async () => {
  await using folder = await makeTemporaryFolder();
  const { app, busy, source } = await openBusy(folder.path);
  await using _app = app;
  busy.times = 1;
  const pack = (await makeTemporaryFolder()).path;
  await using files = createFolderFiles(pack);
  await writeEvidence(files, source);
  const { review, items } = JSON.parse(await readFile(join(pack, "review.json"), "utf8"));
  expect(review).toMatchObject({ decided: 1, answerCount: 1 });
  expect(items[0].decision).toMatchObject({ reason: "0 left" });
  expect(await readFile(join(pack, "decisions.csv"), "utf8")).toContain("0 left");

  busy.times = 1_000;
  const none = (await makeTemporaryFolder()).path;
  await using nowhere = createFolderFiles(none);
  await expect(writeEvidence(nowhere, source)).rejects.toThrow("write it again once that is over");
  expect(await readdir(none)).toEqual([]);

  busy.times = 0;
  const unsigned = { ...source, key: join(folder.path, "no-such-key") };
  await expect(writeEvidence(nowhere, unsigned)).rejects.toThrow("cannot sign");
  expect(await readdir(none), "what cannot be signed leaves nothing").toEqual([]);
});
