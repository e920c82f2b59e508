import { expect, test } from "vitest";
import { chooseHost, evaluateStanding, type HostTrust, NO_TRUST } from "./bundle-host.ts";

const web1 = { host: "web1", port: 22 };
const evil = { host: "evil", port: 22 };
const question = { hostname: "web1", proven: [], isSigned: true, matching: [], as: null, find: () => null };

test("the keys that signed a bundle come before those that it names", () => {
  expect(chooseHost({ ...question, proven: [web1], matching: [evil, web1] })).toEqual({
    kind: "host",
    address: web1,
    isNew: false,
  });
  expect(chooseHost({ ...question, matching: [evil] })).toMatchObject({ address: evil, isNew: false });
});

test("a host that names another one's keys does not take its first signed bundle from it", () => {
  expect(chooseHost({ ...question, matching: [evil], as: web1 })).toEqual({
    kind: "host",
    address: web1,
    isNew: true,
  });
  expect(chooseHost({ ...question, isSigned: false, matching: [evil], as: web1 })).toEqual({
    kind: "refused",
    why: "its host keys are those of evil:22, so it is not web1:22",
  });
});

const MET = { kind: "verified", fingerprint: "own" };
const FIRST = { kind: "first-use", fingerprint: "own" };
const beside = (why: string) => ({ kind: "claimed", why, isBeside: true });

test.each<[what: string, trust: Partial<HostTrust>, signers: string[], standing: object]>([
  ["the pinned key", { pinned: "own" }, ["rsa", "own"], MET],
  ["another key than the pinned one", { pinned: "own" }, ["other"], beside("other-key")],
  ["nobody, of a pinned host", { pinned: "own" }, [], beside("unsigned")],
  [
    "the key that it presented, where another is pinned",
    { pinned: "new", presented: "own" },
    ["own"],
    beside("other-key"),
  ],
  ["the key that it presented", { presented: "own" }, ["own"], MET],
  [
    "a key that signed before, where it presented another",
    { presented: "new", signedBefore: ["own"] },
    ["own"],
    beside("other-key"),
  ],
  ["any key, where it was read and none is known", { wasReadLive: true }, ["own"], beside("no-key")],
  ["one of the keys that signed before", { signedBefore: ["rsa", "own"] }, ["new", "own"], FIRST],
  ["another key than those that signed before", { signedBefore: ["own"] }, ["other"], beside("other-key")],
  ["nobody, where a host key signed before", { signedBefore: ["own"] }, [], beside("unsigned")],
  ["a host key, for the first time", {}, ["own"], FIRST],
  ["nobody, for the first time", {}, [], { kind: "claimed", why: "unsigned", isBeside: false }],
])("a bundle is judged that is signed by %s", (_, trust, signers, standing) => {
  expect(evaluateStanding({ ...NO_TRUST, ...trust }, signers)).toEqual(standing);
});
