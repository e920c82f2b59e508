import { expect, test } from "vitest";
import type { Collection } from "#domain/collection/collection.ts";
import type { PathEntry } from "#domain/collection/paths.ts";
import { makeAccount, makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import { makeWorkloads } from "./testdata/make-workloads.ts";
import { describePrograms, evaluateWorkloads } from "./workloads.ts";

const program = (path: string, mode: number, more: Partial<PathEntry> = {}): PathEntry => ({
  path,
  type: "file",
  mode,
  uid: 0,
  gid: 0,
  hasAcl: false,
  ...more,
});

const programsOf = (more: Partial<Collection>) => {
  const collection = makeCollection({
    accounts: [makeAccount("root", { uid: 0, gid: 0 }), makeAccount("ann", { uid: 1_000, gid: 1_000 })],
    groups: [{ name: "dip", gid: 30, members: [] }],
    ...more,
  });
  return describePrograms(collection, evaluateWorkloads(collection));
};

test("each setuid program is said with whom it runs as, who starts it and who may write to it, those first that others may", () => {
  const setuidPrograms = [
    program("/usr/bin/su", 0o4755),
    program("/usr/sbin/pppd", 0o4750, { gid: 30 }),
    program("/opt/ann", 0o4711, { uid: 1_000, gid: 4_711 }),
    program("/opt/open", 0o4777),
    program("/usr/bin/wall", 0o2755, { gid: 30 }),
  ];
  expect(
    programsOf({ workloads: makeWorkloads({ setuidPrograms }) })?.setuidPrograms.map((one) => [
      one.path,
      one.isSetuid && one.owner,
      one.isSetgid && one.group,
      one.startableBy,
      one.writableBy,
    ]),
  ).toEqual([
    ["/opt/open", "root", false, "everybody", "everybody"],
    ["/opt/ann", "ann", false, "everybody", "owner"],
    ["/usr/bin/su", "root", false, "everybody", "owner"],
    ["/usr/bin/wall", false, "dip", "everybody", "owner"],
    ["/usr/sbin/pppd", "root", false, "group", "owner"],
  ]);
});

test("a keytab that could not be read is none of those that are not there, and what was not read at all is no program", () => {
  const workloads = makeWorkloads();
  const unread = { kind: "keytab", path: "/etc/krb5.keytab", why: "x" } as const;
  expect(programsOf({ workloads })?.keytabs).toEqual([]);
  expect(programsOf({ workloads, unreadable: [unread] })?.keytabs).toBe(null);
  expect(programsOf({ workloads: null })).toBe(null);
});

test("setuid programs that were not all looked for may be more than are listed", () => {
  const workloads = makeWorkloads();
  const unread = { kind: "setuid", path: "/usr", why: "x" } as const;
  expect(programsOf({ workloads })?.isSetuidWhole).toBe(true);
  expect(programsOf({ workloads, unreadable: [unread] })).toMatchObject({
    setuidPrograms: [],
    isSetuidWhole: false,
    keytabs: [],
  });
  expect(programsOf({ workloads, incomplete: "x" })?.isSetuidWhole).toBe(false);
});

test("what runs as somebody who is no account is of the host, the first of as many as there are", () => {
  const cronJobs = Array.from({ length: 30 }, (_, line) => ({
    path: "/etc/cron.d/x",
    line,
    schedule: "@daily",
    account: "gone",
    program: null,
  }));
  const [one] = programsOf({ workloads: makeWorkloads({ cronJobs }) })?.unassigned ?? [];
  expect([one?.user, one?.why, one?.count, one?.workloads.length]).toEqual(["gone", "no-account", 30, 20]);
});
