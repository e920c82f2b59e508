import { expect, test } from "vitest";
import type { Escalation } from "#shared/model/hosts/host-reach.ts";
import { evaluateRootStandings } from "./root-standing.ts";

const becoming = (account: string, target: string, more: Partial<Escalation> = {}): Escalation => ({
  account,
  target,
  by: "sudo",
  commands: "any",
  password: "own",
  isCertain: true,
  what: [],
  shell: null,
  rule: "/etc/sudoers:1",
  ...more,
});
const ACCOUNTS = [
  { name: "root", uid: 0 },
  { name: "toor", uid: 0 },
  ...["ann", "bob", "cleo", "dan", "eve", "fay"].map((name, index) => ({ name, uid: 1_000 + index })),
];

test("an account is root by its number, or becomes root by a rule, by several, or perhaps", () => {
  const escalations = [
    becoming("ann", "toor"),
    becoming("bob", "ann", { commands: "some", shell: "/bin/bash" }),
    becoming("cleo", "root", { commands: "some", what: ["/usr/bin/apt"] }),
    becoming("dan", "cleo"),
    becoming("eve", "fay"),
    becoming("fay", "eve"),
  ];
  expect(Object.fromEntries(evaluateRootStandings(ACCOUNTS, { escalations, areRulesRead: true }))).toEqual({
    root: "is-root",
    toor: "is-root",
    ann: "becomes-root",
    bob: "becomes-root",
    cleo: "maybe",
    dan: "maybe",
    eve: "no",
    fay: "no",
  });
});

test("where rules could not be read, nobody is said not to become root", () => {
  const escalations = [becoming("ann", "root", { isCertain: false })];
  const standings = evaluateRootStandings(ACCOUNTS, { escalations, areRulesRead: false });
  expect([standings.get("ann"), standings.get("bob")]).toEqual(["maybe", "unknown"]);
});

test("accounts of one number are one to the kernel: what one of them may, the other may", () => {
  const accounts = [...ACCOUNTS, { name: "ann2", uid: 1_000 }];
  const standings = evaluateRootStandings(accounts, {
    escalations: [becoming("ann", "root"), becoming("bob", "ann2")],
    areRulesRead: true,
  });
  expect(["ann", "ann2", "bob", "cleo"].map((name) => standings.get(name))).toEqual([
    "becomes-root",
    "becomes-root",
    "becomes-root",
    "no",
  ]);
});
