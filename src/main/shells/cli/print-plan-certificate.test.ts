import { expect, test } from "vitest";
import type { CertificateChange } from "#shared/model/pair.ts";
import { sayCertificate } from "./print-plan-certificate.ts";

test("how names are shown to be ours is printed with the plan, with the program that this computer runs for it", () => {
  const change: CertificateChange = {
    ...{ id: "c0", old: "a".repeat(64) as CertificateChange["old"], subject: "CN=a", names: ["a.example"] },
    ...{ notAfter: "2026-06-01T00:00:00Z", key: { kind: "p256", made: "there" } },
    issuer: { id: 1, name: "corp", kind: "acme" },
    challenge: { kind: "dns-hook", program: "/home/jo/repo/.hook" },
    ...{ files: [], consumers: [], proofs: [] },
  };
  expect(sayCertificate(change)).toContain(
    "    its names are shown to be yours by DNS, by the program /home/jo/repo/.hook",
  );
  expect(sayCertificate({ ...change, challenge: null }).join("\n")).not.toContain("shown to be yours");
});
