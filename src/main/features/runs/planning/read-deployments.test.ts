import { expect, test } from "vitest";
import { refuseOther, refuseOtherKey } from "./read-deployments.ts";

const [OLD, NEW] = ["a".repeat(64), "b".repeat(64)];

const facts = (holds: "chain" | "intermediates" | "key", refusal: string | null = null) => ({
  path: "/tls/live.pem",
  real: "/tls/live.pem",
  holds,
  refusal,
  stat: null,
  managed: null,
  heldBy: null,
});

test("a file that holds another certificate than the one to be renewed is left as it is", () => {
  const why = (leaf: string | null, one = facts("chain")) => refuseOther(one, { leaf }, OLD ?? "").refusal;
  expect(why(OLD ?? "")).toBeNull();
  expect(why(null)).toBeNull();
  expect(why(NEW ?? "")).toBe(
    "/tls/live.pem holds another certificate than when it was scanned; scan the host again",
  );
  expect(why(NEW ?? "", facts("intermediates"))).toBeNull();
  expect(why(NEW ?? "", facts("chain", "it is linked"))).toBe("it is linked");
});

test("a key that was described is the certificate's own, or nothing is written over it", () => {
  const why = (publicHalf: string | null, spkiSha256: string | null = OLD ?? "") =>
    refuseOtherKey(facts("key"), { publicKey: publicHalf }, { sha256: NEW ?? "", spkiSha256 }).refusal;
  expect(why(OLD ?? "")).toBeNull();
  expect(why(NEW ?? "")).toBe("the private key in /tls/live.pem is not the certificate's own");
  // A host without openssl creates no key either.
  expect(why(null)).toBeNull();
  expect(why(NEW ?? "", null)).toBeNull();
});
