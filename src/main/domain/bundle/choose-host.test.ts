import { expect, test } from "vitest";
import { chooseHost } from "./choose-host.ts";

const web1 = { host: "web1", port: 22 };
const evil = { host: "evil", port: 22 };
const question = { hostname: "web1", proven: [], isSigned: true, matching: [], as: null, find: () => null };

test("the keys that signed a bundle come before those that it names", () => {
  expect(chooseHost({ ...question, proven: [web1], matching: [evil, web1] })).toEqual({
    kind: "host",
    place: web1,
    isNew: false,
  });
  expect(chooseHost({ ...question, matching: [evil] })).toMatchObject({ place: evil, isNew: false });
});

test("a host that names another one's keys does not take its first signed bundle from it", () => {
  expect(chooseHost({ ...question, matching: [evil], as: web1 })).toEqual({
    kind: "host",
    place: web1,
    isNew: true,
  });
  expect(chooseHost({ ...question, isSigned: false, matching: [evil], as: web1 })).toEqual({
    kind: "refused",
    why: "its host keys are those of evil:22, so it is not web1:22",
  });
});
