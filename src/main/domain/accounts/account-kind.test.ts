import { expect, test } from "vitest";
import type { Workload } from "#shared/model/access/workload.ts";
import { type AccountEvidence, evaluateKind } from "./account-kind.ts";

const make = (name: string, uid: number, more: Partial<AccountEvidence> = {}): AccountEvidence => ({
  name,
  uid,
  shell: "/bin/bash",
  isShellUsable: true,
  passwordState: "locked",
  workloads: [],
  keys: { count: 0, forced: 0 },
  isEnteredOtherwise: false,
  people: null,
  ...more,
});
const NOLOGIN = { shell: "/usr/sbin/nologin" };
const unit = (name: string, isEnabled = true): Workload => ({
  kind: "unit",
  name,
  path: `/etc/systemd/system/${name}`,
  program: "/usr/bin/x",
  isEnabled,
  startedBy: [],
});
const cron = (path: string): Workload => ({
  kind: "cron",
  path,
  line: 1,
  schedule: "@daily",
  program: "/usr/bin/x",
});
const process = (isContained = false): Workload => ({ kind: "process", name: "x", count: 2, isContained });
const keys = (count: number, forced = 0) => ({ keys: { count, forced } });

const ones = (isUsed: boolean) => ({ people: { what: "one-person", person: "Ann Bell", isUsed } }) as const;
const several = (isAll: boolean) => ({ people: { what: "several-people", count: 3, isAll } }) as const;

/** Each as hosts have it; `last` of what decides is the first reason. */
test.each<[string, AccountEvidence, string, string]>([
  ["root", make("root", 0, { passwordState: "set" }), "system", "root"],
  ["another account of number 0", make("toor", 0, keys(1)), "unknown", "root"],
  ["nobody", make("nobody", 65_534, NOLOGIN), "system", "nobody"],
  ["daemon", make("daemon", 1, NOLOGIN), "system", "number"],
  ["sync, whose shell is a program", make("sync", 4, { shell: "/bin/sync" }), "system", "number"],
  [
    "www-data with processes",
    make("www-data", 33, { ...NOLOGIN, workloads: [process()] }),
    "service",
    "runs",
  ],
  [
    "www-data with processes of a container alone",
    make("www-data", 33, { ...NOLOGIN, workloads: [process(true)] }),
    "system",
    "number",
  ],
  [
    "postgres with a login shell and a unit",
    make("postgres", 110, { workloads: [unit("postgresql.service")] }),
    "service",
    "runs",
  ],
  ["git, entered by keys", make("git", 998, { ...keys(12, 12) }), "bot", "keys"],
  ["a reserved number with a password", make("operator", 500, { passwordState: "set" }), "unknown", "number"],
  [
    "a reserved number with a login shell, of whose password nothing is known",
    make("db", 500, { passwordState: "unknown" }),
    "unknown",
    "number",
  ],
  ["somebody with a password", make("ann", 1_000, { passwordState: "set", ...keys(2) }), "person", "number"],
  ["somebody of a directory", make("ann", 1_830_000_123, { passwordState: "set" }), "person", "number"],
  [
    "somebody who has a crontab of their own",
    make("ann", 1_000, {
      passwordState: "set",
      workloads: [cron("/var/spool/cron/crontabs/ann"), process()],
    }),
    "person",
    "number",
  ],
  [
    "an account that a unit runs as",
    make("app", 1_001, { ...NOLOGIN, workloads: [unit("app.service")] }),
    "service",
    "runs",
  ],
  [
    "an account that /etc/cron.d runs as",
    make("app", 1_001, { workloads: [cron("/etc/cron.d/app")] }),
    "service",
    "runs",
  ],
  [
    "an account that a unit would run as, if anything started it",
    make("app", 1_001, { workloads: [unit("app.service", false)] }),
    "unknown",
    "password",
  ],
  [
    "an account that a unit runs as and that has a password",
    make("app", 1_001, { passwordState: "set", workloads: [unit("app.service")] }),
    "unknown",
    "runs",
  ],
  [
    "an account that a unit runs as, of whose password nothing is known",
    make("app", 1_001, { passwordState: "unknown", workloads: [unit("app.service")] }),
    "unknown",
    "runs",
  ],
  ["an account with keys for one command each", make("mirror", 1_002, keys(2, 2)), "bot", "keys"],
  [
    "an account without a login shell that has a key",
    make("upload", 1_002, { ...NOLOGIN, ...keys(1, 1) }),
    "unknown",
    "password",
  ],
  [
    "a cloud login that a unit runs as and people have keys to",
    make("ubuntu", 1_000, { workloads: [unit("app.service")], ...keys(3) }),
    "unknown",
    "runs",
  ],
  ["somebody from before ordinary numbers began at 1000", make("kim", 501, keys(1)), "unknown", "number"],
  ["nobody with a key", make("nobody", 65_534, keys(1)), "unknown", "nobody"],
  [
    "an account of the system that was logged in to",
    make("cache", 998, { ...NOLOGIN, isEnteredOtherwise: true }),
    "unknown",
    "number",
  ],
  [
    "an account of the system whose keys were not read",
    make("cache", 998, { ...NOLOGIN, keys: null }),
    "unknown",
    "keys-not-read",
  ],
  ["an account named deploy, with keys", make("deploy", 1_003, keys(1)), "bot", "keys"],
  ["an account named svc-web, with keys", make("svc-web", 1_003, keys(1)), "bot", "keys"],
  [
    "an account named deploy, with a password",
    make("deploy", 1_003, { passwordState: "set", ...keys(1) }),
    "unknown",
    "name",
  ],
  [
    "an account of one person's keys alone, who logs in by them",
    make("ubuntu", 1_000, { ...keys(2), ...ones(true) }),
    "person",
    "one-person",
  ],
  [
    "an account of one person's keys by which nobody is known to log in",
    make("ubuntu", 1_000, { ...keys(2), ...ones(false) }),
    "unknown",
    "password",
  ],
  [
    "an account that is called deploy and has one person's keys alone",
    make("deploy", 1_000, { ...keys(1), ...ones(true) }),
    "unknown",
    "name",
  ],
  [
    "one person's keys, for one command each",
    make("ubuntu", 1_000, { ...keys(2, 2), ...ones(true) }),
    "bot",
    "keys",
  ],
  [
    "one person's keys to what runs a service",
    make("ubuntu", 1_000, { ...keys(1), ...ones(true), workloads: [unit("app.service")] }),
    "unknown",
    "runs",
  ],
  [
    "several people's keys, with a password",
    make("ops", 1_000, { ...keys(3), ...several(false), passwordState: "set" }),
    "unknown",
    "several-people",
  ],
  [
    "several people's keys, and another one, to an account that is called deploy",
    make("deploy", 1_000, { ...keys(4), ...several(false) }),
    "bot",
    "keys",
  ],
  [
    "several people's keys alone to an account that is called deploy",
    make("deploy", 1_000, { ...keys(3), ...several(true) }),
    "unknown",
    "several-people",
  ],
  [
    "one person's keys to a shell that lets nobody in",
    make("ubuntu", 1_000, { ...keys(1), ...ones(true), ...NOLOGIN }),
    "unknown",
    "password",
  ],
  ["an account of keys alone", make("ubuntu", 1_000, keys(1)), "unknown", "password"],
  [
    "an account whose password is empty",
    make("ann", 1_000, { passwordState: "none" }),
    "unknown",
    "password",
  ],
  ["an account that was locked", make("ann", 1_000, NOLOGIN), "unknown", "password"],
  [
    "somebody whose name has a word of automation in another word",
    make("cicely", 1_004, { passwordState: "set" }),
    "person",
    "number",
  ],
])("%s is of the kind that its evidence shows, and no more", (_, evidence, kind, first) => {
  const found = evaluateKind(evidence);
  expect([found.kind, found.reasons[0]?.what]).toEqual([kind, first]);
});

test("the first number of ordinary users is the host's own", () => {
  const ann = make("ann", 600, { passwordState: "set" });
  expect(evaluateKind(ann, { min: 500, max: null, systemMax: null }).kind).toBe("person");
  expect(evaluateKind(ann).kind).toBe("unknown");
});

test("where what runs was not read, nobody is taken for a person, and nothing for the system's own", () => {
  const ann = make("ann", 1_000, { passwordState: "set", workloads: null });
  expect(evaluateKind(ann)).toMatchObject({
    kind: "unknown",
    reasons: [{ what: "workloads-not-read" }, {}, {}, {}],
  });
  expect(evaluateKind(make("daemon", 1, { ...NOLOGIN, workloads: null })).kind).toBe("unknown");
  expect(evaluateKind(make("mirror", 1_002, { ...keys(2, 2), workloads: null })).kind).toBe("bot");
  expect(evaluateKind(make("root", 0, { workloads: null })).kind).toBe("system");
});
