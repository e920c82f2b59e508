import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { createApp } from "#app";
import type { Announcement } from "#shared/contract/events.ts";
import { makeCertificate, visitEndpoint } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createFindings } from "./index.ts";

const now = () => new Date("2026-06-01T00:00:00Z");

async function openScanned() {
  await using server = await startTlsServer({ notAfter: new Date("2026-06-10T00:00:00Z") });
  const app = createApp({ databasePath: ":memory:", now });
  const announcements = await app.client.events.watch();
  const { host, port } = server.endpoint;
  await app.client.scans.start({ text: `${host}:${port}` });
  for await (const { kind } of announcements) if (kind === "scan-finished") break;
  return app;
}

test("an acceptance is recorded with its reason, announced, and taken back", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const announced: Announcement["kind"][] = [];
  const findings = createRouterClient(
    createFindings({ store, announce: ({ kind }) => announced.push(kind), now }),
  );
  const chain = [makeCertificate("old", { notAfter: "2026-05-01T00:00:00Z" })];
  visitEndpoint(store, "shop", { presented: { chain } });
  const [finding] = (await findings.list({})).rows;
  if (!finding) throw new Error("there is none");
  const ids = [finding.id];
  expect(await findings.accept({ ids, reason: "a test", until: "2026-07-01" })).toEqual({ accepted: 1 });
  expect(await findings.find({ id: finding.id })).toMatchObject({
    acceptance: { reason: "a test", until: "2026-07-01", acceptedAt: "2026-06-01T00:00:00Z" },
  });
  expect(await findings.unaccept({ ids })).toEqual({ withdrawn: 1 });
  expect(await findings.unaccept({ ids })).toEqual({ withdrawn: 0 });
  expect(await findings.turnRule({ rule: "certificate-changed", isOn: true })).toEqual({ hasChanged: true });
  expect(await findings.turnRule({ rule: "certificate-changed", isOn: true })).toEqual({ hasChanged: false });
  expect(new Set(announced)).toEqual(new Set(["findings-changed"]));
  expect(database.read("SELECT kind, detail FROM event ORDER BY id DESC LIMIT 3")).toEqual([
    { kind: "rule-turned-on", detail: JSON.stringify({ rule: "certificate-changed" }) },
    { kind: "findings-unaccepted", detail: JSON.stringify({ findings: ids }) },
    {
      kind: "findings-accepted",
      detail: JSON.stringify({ reason: "a test", until: "2026-07-01", findings: ids }),
    },
  ]);
});

test("what is over, what is not there and what has no reason is refused, and then none is accepted", async () => {
  await using app = await openScanned();
  const { findings } = app.client;
  const ids = (await findings.list({})).rows.map(({ id }) => id);
  const accept = (wish: object) => findings.accept({ ids, reason: "a test", until: "2026-07-01", ...wish });
  await expect(accept({ until: "2026-06-01" })).rejects.toMatchObject({
    message: "2026-06-01 is over already; name a day after today",
  });
  await expect(accept({ ids: [...ids, "key-weak:grant-7"] })).rejects.toMatchObject({ code: "not-found" });
  await expect(accept({ reason: "  " })).rejects.toMatchObject({ code: "invalid-input" });
  await expect(accept({ until: "soon" })).rejects.toMatchObject({ code: "invalid-input" });
  expect(await findings.list({ accepted: true })).toMatchObject({ total: 0 });
});

test("nothing is said of OCSP where a certificate names no responder, nor of a limit where nobody knows who issued it", async () => {
  await using app = await openScanned();
  const { rows } = await app.client.findings.list({});
  expect(rows.map(({ rule }) => rule).toSorted()).toEqual([
    "certificate-expiring",
    "certificate-name-mismatch",
    "certificate-self-signed",
  ]);
  expect(rows.flatMap(({ sentence, evidence }) => [sentence, ...evidence]).join("\n")).not.toMatch(
    /OCSP|200/,
  );
  expect(rows.every(({ reference }) => reference !== "")).toBe(true);
});
