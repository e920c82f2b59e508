import { expect, test } from "vitest";
import type { SetuidProgram } from "../../model/hosts/host-programs.ts";
import { formatSetuid, formatUidRange, formatUnassigned, formatWritable } from "./programs.ts";

const SU: SetuidProgram = {
  path: "/usr/bin/su",
  owner: "root",
  group: "wheel",
  isSetuid: true,
  isSetgid: false,
  startableBy: "everybody",
  writableBy: "owner",
  hasAcl: false,
};

test("a setuid program is said with whom it runs as and who starts it", () => {
  expect(formatSetuid(SU)).toBe("runs as root, started by everybody");
  expect(formatSetuid({ ...SU, isSetgid: true, startableBy: "group" })).toBe(
    "runs as root and with group wheel, started by group wheel",
  );
  expect(formatSetuid({ ...SU, isSetuid: false, isSetgid: true, startableBy: "owner" })).toBe(
    "runs with group wheel, started by root alone",
  );
});

test("who else may write to it is said, and that an ACL may let in more", () => {
  expect(formatWritable(SU)).toBe(null);
  expect(formatWritable({ ...SU, writableBy: "everybody" })).toBe("everybody may write to it");
  expect(formatWritable({ ...SU, writableBy: "group", hasAcl: true })).toBe(
    "group wheel may write to it; an ACL may let in more",
  );
  expect(formatWritable({ ...SU, hasAcl: true })).toBe("an ACL may let others write to it");
});

test("the uids of a host are said as far as it says them, and whoever is no account by why", () => {
  expect(formatUidRange({ min: null, max: null, systemMax: null })).toBe(null);
  expect(formatUidRange({ min: 1_000, max: 60_000, systemMax: 999 })).toBe(
    "1000 to 60000 for users, up to 999 for the system",
  );
  expect(formatUnassigned({ user: "4711", why: "no-account" })).toBe("4711, who is no account of the host");
  expect(formatUnassigned({ user: null, why: "not-known" })).toContain("could not be read");
});
