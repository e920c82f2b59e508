import { join } from "node:path";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";

type Maker = { makeClaimDatabase(path: string): void };

test("what a result of an offline script only claims is shown on its run with its key, and as nothing more", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  const { module } = await runnerImport<Maker>("src/main/store/testing/fill-claims.ts");
  module.makeClaimDatabase(database);
  const frame = await openDatabase(database);
  const list = await frame.goTo("Runs");
  const drawer = await list.open("Rotate");
  const claims = drawer.getByRole("list", { name: "Claims" });
  await expect(claims).toContainText('vault says "done"');
  await expect(claims).toContainText("SHA256:XKrGfRHFf4oXSPdhHdEzNq9SbXQFsVx8rsZ0sd8w3bY");
  await expect(claims).toContainText("claimed, not verified (no person has signed it)");
  const [vault, web1, web2] = await claims.getByRole("listitem").allTextContents();
  expect(vault).toContain("not confirmed: the host was neither scanned nor was a bundle of it imported");
  expect(web1).toContain("confirmed by the scan of 2026-06-01T01:00:00Z");
  expect(web2).toContain("contradicted by the scan of 2026-06-01T01:00:00Z: /home/ops/.ssh/authorized_keys");
  await expect(drawer.getByRole("button", { name: "Go on" })).toBeVisible();
  await expect(drawer.getByText("nothing follows from a claim")).toBeVisible();
  expect(await camera.photograph("offline-claims")).toEqual([]);
});
