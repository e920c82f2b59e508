import { Replacement } from "#shared/model/runs/deployment.ts";
import type { RenewalTrust } from "#shared/model/runs/renewal-trust.ts";

const HASH = "0".repeat(64);

/** A certificate of a host; only its files matter. */
export const makeChange = (nth: number, more: Partial<Replacement> = {}): Replacement =>
  Replacement.parse({
    id: `c${nth}`,
    old: HASH,
    subject: "CN=web.example",
    names: ["web.example"],
    notAfter: "2026-12-31T00:00:00Z",
    issuer: { id: 1, name: "corp", kind: "local" },
    key: { kind: "p256", made: "there" },
    challenge: null,
    services: [],
    verificationEndpoints: [],
    files: ["key", "chain"].map((holds) => ({
      path: `/srv/tls/${nth}.${holds}`,
      real: `/srv/tls/${nth}.${holds}`,
      holds,
      owner: "root",
      uid: 0,
      gid: 0,
      mode: "0600",
      before: HASH,
      sizeBytes: 1,
    })),
    ...more,
  });

/** Everybody who trusts the old certificate trusts the new one. */
export const SAME_TRUST: RenewalTrust = {
  old: {
    issuer: "CN=A",
    isSelfSigned: false,
    root: "Root A",
    end: HASH,
    trustedBy: ["mozilla"],
    unknownTo: [],
  },
  next: {
    issuer: "CN=A",
    isSelfSigned: false,
    root: "Root A",
    end: HASH,
    trustedBy: ["mozilla"],
    unknownTo: [],
  },
  by: "authority",
  root: "same",
  lost: [],
  kept: ["mozilla"],
  unsure: [],
};
