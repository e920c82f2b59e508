import { expect, test } from "vitest";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { makeCertificate } from "#store/testing/make-visit.ts";
import { findAddressProblems } from "./address-findings.ts";

const target: TlsTarget = {
  kind: "tls",
  host: "shop.example",
  port: 443,
  serverName: null,
  protocol: "tls",
};

const one = (name: string, notAfter: string | null): { certificate: Certificate } => ({
  certificate: makeCertificate(name, { notAfter }).certificate,
});
const older = one("older", "2026-06-10T00:00:00Z");
const newer = one("newer", "2026-09-10T00:00:00Z");

test("addresses that serve different leaves are a finding about the one that ends first, which names where it is", () => {
  const addresses = [
    { address: "192.0.2.1", chain: [newer] },
    { address: "192.0.2.2", chain: [older, newer] },
    { address: "192.0.2.3", chain: [] },
  ];
  expect(findAddressProblems(target, addresses)).toMatchObject([
    {
      about: { kind: "certificate", sha256: older.certificate.sha256 },
      rule: "endpoint-addresses-differ",
      sentence:
        "the addresses of shop.example serve different certificates on port 443, and this one comes from 192.0.2.2",
      evidence: [
        expect.stringMatching(/^192\.0\.2\.1 serves/),
        expect.stringMatching(/^192\.0\.2\.2 serves/),
      ],
    },
  ]);
});

test("one leaf everywhere is none, and nothing is said of what was not shown or cannot be read", () => {
  const at = (address: string, chain: ({ certificate: Certificate } | null)[]) => ({ address, chain });
  expect(findAddressProblems(target, [])).toEqual([]);
  expect(findAddressProblems(target, [at("a", [newer]), at("b", [newer, older])])).toEqual([]);
  expect(findAddressProblems(target, [at("a", [newer]), at("b", [null, older]), at("c", [])])).toEqual([]);
  const timeless = one("timeless", null);
  const [found] = findAddressProblems(target, [at("a", [timeless]), at("b", [newer])]);
  expect(found?.about).toEqual({ kind: "certificate", sha256: newer.certificate.sha256 });
});
