import { makeAccount } from "./make-visit.ts";

/** Accounts that no person logs in to, or may not. */
export const MACHINES = [
  makeAccount("deploy", {
    uid: 1_001,
    kind: "bot",
    grantCount: 2,
    root: "becomes-root",
    passwordState: "locked",
  }),
  makeAccount("ci", { uid: 1_002, kind: "bot", grantCount: 1, passwordState: "locked" }),
  makeAccount("app", { uid: 990, kind: "service", passwordState: "locked" }),
  makeAccount("odd", { uid: 1_003, kind: "unknown", grantCount: 1 }),
];

/** What the system has, and people. */
export const OTHERS = [
  makeAccount("root", { uid: 0, kind: "system", root: "is-root", grantCount: 1 }),
  makeAccount("ann", { uid: 1_000, kind: "person", grantCount: 1 }),
  makeAccount("daemon", { uid: 1, kind: "system", passwordState: "locked" }),
  makeAccount("idle", { uid: 1_004, kind: "unknown" }),
];
