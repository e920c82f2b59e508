import { expect, test } from "vitest";
import { findOtherWaysIn } from "./other-ways-in.ts";
import { makeCollection } from "./testdata/make-collection.ts";

test("what lets in without a line in a file is told once, from the files or from sshd -T", () => {
  const config = "AuthorizedKeysCommand /usr/bin/keys %u\nMatch User git\nTrustedUserCAKeys none\n";
  const command = {
    what: "AuthorizedKeysCommand /usr/bin/keys %u",
    why: "it was not run: keys that it gives sshd are not listed",
  };
  expect(findOtherWaysIn(makeCollection({ config }))).toEqual([command]);

  const answer = (authority: string) =>
    new Map([
      ["authorizedkeyscommand", ["/usr/bin/keys %u"]],
      ["trustedusercakeys", [authority]],
    ]);
  const effective = new Map([
    ["alice", answer("none")],
    ["git", answer("/etc/ssh/ca.pub")],
  ]);
  const { sshd } = makeCollection({});
  expect(findOtherWaysIn({ sshd: { ...sshd, effective } })).toEqual([
    command,
    {
      what: "TrustedUserCAKeys /etc/ssh/ca.pub",
      why: "whoever has a certificate of these authorities is not listed",
    },
  ]);
});
