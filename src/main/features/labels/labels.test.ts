import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { makeCertificate, START, visitEndpoint } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createLabels } from "./index.ts";

const shop = makeCertificate("shop");

test("labels of several things are set at once, or none are, and recorded", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  for (const host of ["shop1", "shop2"]) visitEndpoint(store, host, { presented: { chain: [shop] } });
  const announce = () => undefined;
  const labels = createRouterClient(createLabels({ store, announce, now: () => new Date(START) }));
  const things = ["shop1", "shop2"].map((host) => ({ kind: "host" as const, host }));

  expect(await labels.set({ things, owner: "team shop", addTags: ["production"] })).toEqual({ labelled: 2 });
  const certificate = { kind: "certificate", sha256: shop.certificate.sha256 } as const;
  expect(await labels.find({ thing: certificate })).toEqual({
    owner: null,
    inheritedOwner: "team shop",
    tags: [],
  });
  expect(await labels.setTag({ name: "production", duePercent: 50 })).toEqual({ hasChanged: true });
  expect(await labels.setTag({ name: "production", duePercent: 50 })).toEqual({ hasChanged: false });
  expect(await labels.read()).toEqual({
    tags: [{ name: "production", duePercent: 50, hostCount: 2, certificateCount: 0, accountCount: 0 }],
    owners: ["team shop"],
  });

  const beyond = [...things, { kind: "host" as const, host: "nowhere" }];
  await expect(labels.set({ things: beyond, owner: null })).rejects.toMatchObject({ code: "not-found" });
  await expect(labels.set({ things, addTags: ["No Tag"] })).rejects.toThrow();
  expect((await labels.find({ thing: { kind: "host", host: "shop1" } })).owner).toBe("team shop");
  expect(database.read("SELECT kind FROM event WHERE kind IN ('labels-set', 'tag-set') ORDER BY id")).toEqual(
    [{ kind: "labels-set" }, { kind: "tag-set" }],
  );
});
