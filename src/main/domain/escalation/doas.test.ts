import { expect, test } from "vitest";
import { makeAccount } from "#domain/ssh/testdata/make-collection.ts";
import { findDoas } from "./doas.ts";

const root = makeAccount("root", { uid: 0, gid: 0, home: "/root", groups: ["root"] });

/** What ann may do, whose groups are as given. */
function become(groups: string[] | null, ...rules: string[]) {
  const ann = makeAccount("ann", { uid: 1_001, groups });
  const file = { path: "/etc/doas.conf", bytes: Buffer.from(`${rules.join("\n")}\n`) };
  return findDoas(file, [root, ann]).escalations.map(({ commands, password, isCertain, what }) =>
    [commands, ...what, password, isCertain ? "" : "perhaps"].join(" ").trim(),
  );
}

test("a rule that denies a group takes nothing for certain from an account whose groups are unknown", () => {
  const rules = ["permit ann", "deny :staff"];
  expect(become(["staff"], ...rules)).toEqual([]);
  expect(become(["users"], ...rules)).toEqual(["any own"]);
  expect(become(null, ...rules)).toEqual(["any own perhaps"]);
});

test("what an account may do whatever its groups are is certain", () => {
  expect(become(null, "permit :wheel")).toEqual(["any own perhaps"]);
  expect(become(null, "permit ann", "permit nopass :wheel")).toEqual(["any own"]);
  expect(become(null, "deny :staff", "permit ann")).toEqual(["any own"]);
  expect(become(null, "permit ann cmd /bin/ls", "permit :wheel")).toEqual(["any own perhaps"]);
  expect(become(null, "permit ann cmd /bin/ls", "permit :wheel cmd /bin/sh")).toEqual([
    "some /bin/ls /bin/sh own",
  ]);
  expect(become(null, "permit ann", "deny ann", "deny :staff")).toEqual([]);
});
