import { expect, test } from "vitest";
import type { Identity } from "#net/ssh/identities.ts";
import { chooseIdentities } from "./choose-identities.ts";

const make = (fingerprint: string, source: string) => ({ fingerprint, source }) as Identity;

const GATHERED = {
  identities: [make("named", "/named"), make("ofA", "/a"), make("agent", "agent"), make("usual", "/usual")],
  keyOfFile: new Map([
    ["/named", "named"],
    ["/a", "ofA"],
    ["/inAgent.pub", "agent"],
    ["/usual", "usual"],
  ]),
  heldByAgent: new Set(["ofA", "agent"]),
  unusable: ["/b", "/missing", "agent: sk"].map((source) => ({ source, why: "", isLocked: false })),
  named: ["/named"],
  usual: ["/usual", "/missing"],
};

const choose = (identityFiles: string[] | null, identitiesOnly: boolean) =>
  chooseIdentities({ identityFiles, identitiesOnly }, GATHERED).identities.map(
    ({ fingerprint }) => fingerprint,
  );

test("a machine is offered the files named for it first, then what the agent holds, and its usual files where none is", () => {
  expect(choose(null, false)).toEqual(["named", "ofA", "agent", "usual"]);
  expect(choose(["/a"], false)).toEqual(["named", "ofA", "agent"]);
});

test("with IdentitiesOnly the agent signs only for files that are named", () => {
  expect(choose(["/a"], true)).toEqual(["named", "ofA"]);
  expect(choose(["/inAgent.pub"], true)).toEqual(["named", "agent"]);
  expect(choose(null, true)).toEqual(["named", "usual"]);
});

test("of what cannot be used a machine is told what would have been for it, and not what is for others", () => {
  const unusable = (identityFiles: string[] | null, identitiesOnly: boolean) =>
    chooseIdentities({ identityFiles, identitiesOnly }, GATHERED).unusable.map(({ source }) => source);
  expect(unusable(["/b"], true)).toEqual(["/b"]);
  expect(unusable(["/a"], false)).toEqual(["agent: sk"]);
  expect(unusable(null, false)).toEqual(["/missing", "agent: sk"]);
});
