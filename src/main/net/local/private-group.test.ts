import { expect, test } from "vitest";
import { isPrivateGroup } from "./private-group.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/bash
jo:x:1000:1000::/home/jo:/bin/bash
ada:x:1001:100::/home/ada:/bin/bash
eve:x:1002:100::/home/eve:/bin/bash
max:x:1003:1003::/home/max:/bin/bash
`;
const GROUP = `root:x:0:
users:x:100:
jo:x:1000:jo
max:x:1003:eve
staff:x:50:jo
`;

test.each([
  ["of the same name", 1000, 1000, true],
  ["that others have for their first", 100, 1001, false],
  ["that somebody else was added to", 1003, 1003, false],
  ["of somebody else", 1000, 1001, false],
  ["that is not the first of that user", 50, 1000, false],
  ["that nobody knows", 4242, 1000, false],
])("a group %s is private or not", (_, gid, uid, isPrivate) => {
  expect(isPrivateGroup(gid, uid, { passwd: PASSWD, group: GROUP })).toBe(isPrivate);
});
