import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { makeCertificate, START, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { createCertificates } from "./index.ts";

const store = openStore({ path: ":memory:", access: "write" });
const certificates = createRouterClient(createCertificates({ store, now: () => new Date(START) }));

const leaf = makeCertificate("shop", { notAfter: "2026-06-20T00:00:00Z" });
const authority = makeCertificate("authority", { isCa: true, notAfter: null });
visitEndpoint(store, "edge", { presented: { chain: [leaf, authority] } });
visitHost(store, "web1", {
  at: "2026-06-02T00:00:00Z",
  collected: { certificateFiles: [{ path: "/etc/ssl/shop.pem", certificates: [leaf] }] },
});

const list = async (asked: Parameters<typeof certificates.list>[0]) =>
  (await certificates.list(asked)).rows.map(({ commonName }) => commonName);

test("a certificate is listed with all the places where it is now", async () => {
  const { rows, total } = await certificates.list({ expiringWithinDays: 30 });
  const seen = { position: 0, firstSeen: START, lastSeen: START };
  expect({ total, locations: rows[0]?.locations, count: rows[0]?.locationCount }).toEqual({
    total: 1,
    locations: [
      { kind: "endpoint", host: "edge", port: 443, serverName: null, protocol: "tls", ...seen },
      {
        kind: "file",
        host: "web1",
        path: "/etc/ssl/shop.pem",
        ...seen,
        firstSeen: "2026-06-02T00:00:00Z",
        lastSeen: "2026-06-02T00:00:00Z",
      },
    ],
    count: 2,
  });
});

test("locations are cut short and counted in full", async () => {
  const { rows } = await certificates.list({ locationLimit: 1 });
  expect(rows.map(({ locations, locationCount }) => [locations.length, locationCount])).toEqual([
    [1, 2],
    [1, 1],
  ]);
});

test("filters let through what they say", async () => {
  expect(await list({ role: "leaf" })).toEqual(["shop"]);
  expect(await list({ role: "authority" })).toEqual(["authority"]);
  expect(await list({ location: "file" })).toEqual(["shop"]);
  expect(await list({ location: "endpoint" })).toEqual(["shop", "authority"]);
  expect(await list({ host: "web1" })).toEqual(["shop"]);
  expect(await list({ host: "web" })).toEqual([]);
  expect(await list({ expiringWithinDays: 18 })).toEqual([]);
  expect(await list({ expiringWithinDays: 19 })).toEqual(["shop"]);
  expect(await list({ search: leaf.certificate.sha256.slice(0, 12).toUpperCase() })).toEqual(["shop"]);
});

test("one certificate is found with its bytes as PEM", async () => {
  const found = await certificates.find({ sha256: leaf.certificate.sha256 });
  expect(found).toMatchObject({ subject: "CN=shop", extensions: [] });
  expect(found.pem).toBe("-----BEGIN CERTIFICATE-----\nAQ==\n-----END CERTIFICATE-----\n");
  const unknown = makeCertificate("unknown").certificate.sha256;
  await expect(certificates.find({ sha256: unknown })).rejects.toThrow("it was never seen");
});
