import { expect, test } from "vitest";
import { fingerprintOf, visitHost } from "#store/testing/make-visit.ts";
import { file, openGraph, trust } from "./testing/open-graph.ts";

const CA = fingerprintOf("ca");

test("whoever has the private key of an authority reaches every account that its certificates open", async () => {
  const graph = openGraph({
    vault: { keyFiles: [file("ca", "root")] },
    web: { authorities: [trust("ca", "deploy", { principals: ["ops", "web"] }), trust("ca", "root")] },
  });
  expect(await graph.path("vault", "deploy@web")).toEqual(["root@vault signs deploy@web 1"]);
  expect(await graph.reach(CA)).toEqual([
    `${CA} signs deploy@web 1`,
    `${CA} signs root@web 1`,
    "root@web root ci@web 2",
  ]);
  expect(await graph.reach("deploy@web", { direction: "to" })).toContain("root@vault signs deploy@web 1");
  const { rows } = await graph.client.links({ by: "authority" });
  expect(rows).toMatchObject([
    {
      fingerprint: CA,
      where: "/etc/ssh/ca.pub:1",
      isCertain: true,
      notes: ['by a certificate that it signs, with the principal "ops" or "web"'],
    },
    { to: { account: "root", isRoot: true } },
  ]);
});

test("an authority is a step of the list, which host, root, certainty and words narrow", async () => {
  const unsure = { ...trust("ca", "x").effective, state: "unknown" as const, reasons: ["who knows"] };
  const graph = openGraph({
    web: { authorities: [trust("ca", "deploy", { effective: unsure }), trust("ca", "root")] },
    db: { authorities: [trust("other", "deploy", { principals: [] })] },
  });
  const all = [`${CA} signs? deploy@web`, `${CA} signs root@web`];
  const other = `${fingerprintOf("other")} signs deploy@db`;
  expect(await graph.links()).toEqual([...all, other]);
  expect(await graph.links({ host: "web" })).toEqual(all);
  expect(await graph.links({ onlyRoot: true })).toEqual([all[1]]);
  expect(await graph.links({ onlyCertain: true })).toEqual([all[1], other]);
  expect(await graph.links({ search: "other ca.pub" })).toEqual([other]);
  expect(await graph.links({ person: "ann" })).toEqual([]);
});

test("an authority that is no more trusted leads nowhere; one that could not be looked for stays", async () => {
  const graph = openGraph({ web: { authorities: [trust("ca", "deploy")] } });
  const look = (isComplete: boolean) =>
    visitHost(graph.store, "web", { collected: { authorities: { trusted: [], isComplete } } });
  look(false);
  expect(await graph.links()).toEqual([`${CA} signs deploy@web`]);
  look(true);
  expect(await graph.links()).toEqual([]);
  await expect(graph.client.reach({ start: CA })).rejects.toThrow("no key");
});
