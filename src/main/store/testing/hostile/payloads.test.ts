import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { listCertificates, listFindings, listGrants, listHosts, readAll } from "#store/testing/ask.ts";
import { fillWithPayloads } from "./fill.ts";
import { PAYLOADS } from "./payloads.ts";

test("there are two hundred payloads and more, and each comes out of every list as it went in", () => {
  expect(PAYLOADS.length).toBeGreaterThan(200);
  const store = openStore({ path: ":memory:", access: "write" });
  fillWithPayloads(store);
  // SQLite stores UTF-8, which has no lone surrogates.
  const kept = PAYLOADS.map((payload) => payload.toWellFormed()).toSorted();
  expect(
    readAll((page) => listCertificates(store, page), 100)
      .map(({ subject }) => subject)
      .toSorted(),
  ).toEqual(kept);
  expect(
    readAll((page) => listHosts(store, page), 100)
      .map(({ message }) => message)
      .toSorted(),
  ).toEqual(kept);
  const comments = readAll((page) => listGrants(store, page), 100).map(({ comment }) => comment);
  expect(comments.toSorted()).toEqual(kept.filter((payload) => comments.includes(payload)));
  expect(comments.length).toBeGreaterThan(130);
  const labels = new Set(readAll((page) => listFindings(store, page), 100).map(({ label }) => label));
  expect(kept.filter((payload) => !labels.has(payload))).toEqual([]);
});
