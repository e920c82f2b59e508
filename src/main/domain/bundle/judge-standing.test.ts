import { expect, test } from "vitest";
import { type HostTrust, judgeStanding, NO_TRUST } from "./judge-standing.ts";

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
  expect(judgeStanding({ ...NO_TRUST, ...trust }, signers)).toEqual(standing);
});
