import { expect, test } from "vitest";
import { makeCertificate } from "#testing/make-certificate.ts";
import {
  closesForGood,
  evaluateShown,
  expectedLeaves,
  helloName,
  isUnusable,
  READ_CLOSED,
} from "./verification-endpoints.ts";

const known = { fresh: { sha256: "new", chain: null }, old: "old" };

test("going back, what the old files hold is as right as what was shown, and no certificate at all is never the new one", () => {
  const leaves = (before: string | null, which: "new" | "old", fresh: typeof known.fresh | null = null) =>
    expectedLeaves({ before }, which, fresh ? { ...known, fresh } : known).leaves;
  expect(leaves("stale", "old")).toEqual(["stale", "old"]);
  expect(leaves(null, "old")).toBe(null);
  expect(leaves("stale", "new")).toEqual(["new"]);
  const none = { sha256: null, chain: null } as never;
  expect(leaves("stale", "new", none)).toEqual([]);
});

test("the new certificate is verified with all that leads to its root, in whatever order, and going back with none", async () => {
  const [leaf, first, second] = await Promise.all(
    ["a", "one", "two"].map((name) => makeCertificate({ names: [`${name}.example`] })),
  );
  if (!leaf || !first || !second) throw new Error("three were made");
  const fresh = { sha256: "new", chain: leaf.pem + first.pem + second.pem };
  const wanted = expectedLeaves({ before: "old" }, "new", { fresh, old: "old" });
  const [one = "", two = ""] = wanted.intermediates.map(({ sha256 }) => sha256);
  const judge = (chain: string[], message = "") => evaluateShown("old", wanted, { chain, message });
  expect(judge(["new", one, two])).toBeNull();
  expect(judge(["new", "an older one", two, one])).toBeNull();
  expect(judge(["new", one])).toMatch(/^serves the new one without what leads to its root: .*two/);
  expect(judge(["new", "an older one"])).toMatch(/one.*, .*two/);
  expect(judge([one, two, "new"])).toContain("neither the one before nor the new one");
  expect(judge(["old", one, two])).toContain("which is the one before");
  expect(judge([], "nothing listens")).toBe("nothing listens");
  const alone = { message: "", isLeafAlone: true };
  expect(evaluateShown("old", wanted, { ...alone, chain: ["new"] })).toBeNull();
  expect(evaluateShown("old", wanted, { ...alone, chain: ["old"] })).toContain("which is the one before");
  const back = expectedLeaves({ before: "old" }, "old", { fresh, old: "old" });
  expect(evaluateShown("old", back, { chain: ["old"], message: "" })).toBeNull();
});

test("only where a certificate was shown before does a refused handshake mean that the new one cannot be used", () => {
  const refused = { chain: [], message: "alert handshake_failure", isRefused: true };
  expect(isUnusable("old", refused)).toBe(true);
  expect(isUnusable(null, refused)).toBe(false);
  expect(isUnusable("old", { chain: [], message: "nothing listens" })).toBe(false);
  expect(isUnusable("old", { chain: ["old"], message: "" })).toBe(false);
});

test("a server that ends each handshake without a word cannot use the new certificate once it has done so at each of four looks", () => {
  const closed = {
    chain: [],
    message: "the server closed the connection without an answer",
    closedBy: "closed",
  };
  const looks = Array.from({ length: READ_CLOSED }, () => closed);
  expect(closesForGood("old", looks)).toBe(true);
  expect(closesForGood("old", looks.slice(1))).toBe(false);
  expect(closesForGood(null, looks)).toBe(false);
  expect(closesForGood("old", [...looks.slice(1), { chain: ["old"], message: "" }])).toBe(false);
  expect(closesForGood("old", [...looks.slice(1), { chain: [], message: "nothing listens" }])).toBe(false);
  for (const closedBy of ["reset", "reset-before-tls", "closed-midway"])
    expect(closesForGood("old", [{ ...closed, closedBy }, ...looks.slice(1)])).toBe(false);
});

test("a name whose addresses an older program did not keep is named in the hello, as it was then", () => {
  const old = { address: "web1.example", serverName: null };
  expect(helloName(old)).toBe("web1.example");
  expect(helloName({ ...old, serverName: "shop.example" })).toBe("shop.example");
  expect(helloName({ ...old, addresses: ["192.0.2.1"] })).toBeNull();
  expect(helloName({ address: "2001:db8::1", serverName: null })).toBeNull();
});
