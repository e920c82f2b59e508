import { expect, test } from "vitest";
import { formatWhy } from "#net/ssh/session/challenges.ts";

test("what the owner of a site answers sends nobody to a path that it has chosen", () => {
  const file = "/srv/site/.well-known/acme-challenge/TOKEN";
  const say = (...words: string[]) =>
    formatWhy(
      { kind: "answered", status: "no", words, facts: new Map(), data: new Map() },
      "/srv/site",
      file,
    );
  expect(say("path-occupied", "/etc/ssh")).toBe(
    `${file} is blocked by something that no run has made: check its folder, then move it away`,
  );
  expect(say("path-occupied", "/etc/TOKEN")).toBe(
    `${file} exists already, and no run has made it: check it, then move it away`,
  );
  for (const lure of ["/etc/ssh", "sh: /etc/ssh: No space left on device"])
    expect(say("no-space", lure)).toBe("/srv/site cannot be written: the disk or its inodes are full");
  expect(say("no-space", "/srv")).toContain("the file system at /srv is full");
});
