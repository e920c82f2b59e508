import { expect, test } from "vitest";
import type { PathEntry } from "#domain/collection/paths.ts";
import { makeAccount } from "#domain/ssh/testdata/make-collection.ts";
import { withinBudget } from "#domain/work-budget.ts";
import { findByPrivilegedPaths, findExposedPrograms } from "./privileged-paths.ts";

const socket = (mode: number, more: Partial<PathEntry> = {}): PathEntry => ({
  path: "/run/docker.sock",
  type: "other",
  mode,
  uid: 0,
  gid: 998,
  hasAcl: false,
  ...more,
});
const groups = [
  { name: "docker", gid: 998, members: ["ann"] },
  { name: "disk", gid: 6, members: [] },
];
const accounts = [
  makeAccount("root", { uid: 0, gid: 0, groups: ["root"] }),
  makeAccount("ann", { uid: 1_001, gid: 1_001, groups: ["ann", "docker"] }),
  makeAccount("bob", { uid: 1_002, gid: 998, groups: ["docker"] }),
  makeAccount("cleo", { uid: 1_003, gid: 1_003, groups: ["cleo"] }),
];
const find = (...paths: PathEntry[]) =>
  findByPrivilegedPaths(paths, { accounts, groups }).map(({ account, target, rule, isCertain }) => [
    `${account} ${target}`,
    rule,
    isCertain,
  ]);

test("members of a group that may write to the socket become root, by the group's number whatever it is called", () => {
  expect(find(socket(0o660))).toEqual([
    ["ann root", "/run/docker.sock (group docker)", true],
    ["bob root", "/run/docker.sock (group docker)", true],
  ]);
  expect(find(socket(0o640), socket(0o660, { path: "/dev/sda", gid: 6 }))).toEqual([]);
});

test("a socket that everybody may write to makes root of everybody but those whom its group refuses", () => {
  expect(find(socket(0o606))).toEqual([["cleo root", "/run/docker.sock (everybody)", true]]);
  expect(find(socket(0o666)).map(([who]) => who)).toEqual(["ann root", "bob root", "cleo root"]);
});

test("the owner of a socket goes by its owner's rights, and an ACL leaves it uncertain", () => {
  expect(find(socket(0o600, { uid: 1_003 }))).toEqual([["cleo root", "/run/docker.sock (its own)", true]]);
  expect(find(socket(0o060, { uid: 1_001, hasAcl: true }))).toEqual([
    ["bob root", "/run/docker.sock (group docker)", false],
  ]);
});

test("without the group database the primary group is known by its number, and any other is possible", () => {
  const found = findByPrivilegedPaths([socket(0o660)], {
    accounts: accounts.map((account) => ({ ...account, groups: null })),
    groups: null,
  });
  expect(found.map(({ account, rule, isCertain }) => [account, rule, isCertain])).toEqual([
    ["ann", "/run/docker.sock (group 998, if it is in it)", false],
    ["bob", "/run/docker.sock (group 998)", true],
    ["cleo", "/run/docker.sock (group 998, if it is in it)", false],
  ]);
});

test("libvirt's socket that everybody may write to asks polkit, and a disk of a database is not the system's", () => {
  expect(
    find(socket(0o666, { path: "/run/libvirt/libvirt-sock" })).map(([, , isCertain]) => isCertain),
  ).toContain(false);
  expect(find(socket(0o660, { path: "/dev/sdb", gid: 998 })).map(([, , isCertain]) => isCertain)).toEqual([
    false,
    false,
  ]);
});

test("a certain way takes the place of an uncertain one, however many accounts there are", () => {
  const many = Array.from({ length: 1_500 }, (_, number) =>
    makeAccount(`u${number}`, { uid: 2_000 + number, gid: 998, groups: ["docker"] }),
  );
  const found = findByPrivilegedPaths(
    [socket(0o666, { path: "/run/libvirt/libvirt-sock", gid: 0 }), socket(0o660)],
    { accounts: many, groups },
  );
  expect(found).toHaveLength(1_500);
  expect(found.every(({ isCertain }) => isCertain)).toBe(true);
});

test("who may write to a setuid program of root's may become root, and nobody does by one that root alone writes", () => {
  const program = (mode: number, more: Partial<PathEntry> = {}) =>
    socket(mode, { path: "/opt/helper", type: "file", gid: 0, ...more });
  const exposed = (...programs: PathEntry[]) => find(...findExposedPrograms(programs));
  expect(exposed(program(0o4777))).toEqual([
    ["ann root", "/opt/helper (everybody)", false],
    ["bob root", "/opt/helper (everybody)", false],
    ["cleo root", "/opt/helper (everybody)", false],
  ]);
  expect(exposed(program(0o4775, { gid: 998 })).map(([who]) => who)).toEqual(["ann root", "bob root"]);
  expect(exposed(program(0o4755), program(0o2777), program(0o4777, { uid: 1_001 }))).toEqual([]);
});

test("the names of a group and the groups of an account cost what there is of them", () => {
  const many = Array.from({ length: 3_000 }, (_, index) => ({ name: `s${index}`, gid: 998, members: [] }));
  const cleo = makeAccount("cleo", { uid: 1_003, gid: 1_003, groups: many.map(({ name }) => `not ${name}`) });
  const judge = (steps: number) =>
    withinBudget({ steps, isLate: null }, () =>
      findByPrivilegedPaths([socket(0o660), socket(0o660)], { accounts: [cleo], groups: many }),
    );
  expect(judge(20_000)).toEqual([]);
  expect(() => judge(1_000)).toThrow("its steps are used up");
});
