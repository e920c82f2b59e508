import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { makeCertificate, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";

const [first, second, third] = ["first", "second", "third"].map((name) => makeCertificate(name)) as [
  ReturnType<typeof makeCertificate>,
  ReturnType<typeof makeCertificate>,
  ReturnType<typeof makeCertificate>,
];

const day = (number: number) => `2026-06-0${number}T00:00:00Z`;

test("a certificate's history says since when it is where, what it replaced there, and what has replaced it", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const present = (certificate: typeof first, at: number) =>
    visitEndpoint(store, "shop", { at: day(at), presented: { chain: [certificate] } });
  const keep = (certificate: typeof first, at: number) =>
    visitHost(store, "web1", {
      at: day(at),
      collected: { certificateFiles: [{ path: "/etc/ssl/shop.pem", certificates: [certificate] }] },
    });
  present(first, 1);
  present(second, 2);
  keep(second, 3);
  present(second, 4);
  present(third, 5);
  const neighbour = (subject: string) => expect.objectContaining({ subject: `CN=${subject}` });
  expect(store.changes.locations(second.certificate.sha256)).toEqual([
    {
      kind: "file",
      host: "web1",
      where: "/etc/ssl/shop.pem",
      position: 0,
      from: day(3),
      until: null,
      before: null,
      after: null,
    },
    {
      kind: "endpoint",
      host: "shop",
      where: "443",
      position: 0,
      from: day(2),
      until: day(5),
      before: neighbour("first"),
      after: neighbour("third"),
    },
  ]);
  keep(third, 6);
  expect(store.changes.locations(third.certificate.sha256)).toMatchObject([
    { kind: "file", until: null, before: { subject: "CN=second" } },
    { kind: "endpoint", until: null, before: { subject: "CN=second" } },
  ]);
  expect(store.changes.locations("0".repeat(64))).toEqual([]);
});
