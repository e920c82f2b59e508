import { expect, test } from "vitest";
import type { Escalation, HostReach } from "#shared/model/hosts/host-reach.ts";
import { openStore } from "#store/store.ts";
import { makeAccount, visitHost } from "#store/testing/make-visit.ts";

const accounts = [makeAccount("ann")];
const SUDO: Escalation = {
  account: "ann",
  target: "root",
  by: "sudo",
  commands: "any",
  password: "none",
  isCertain: true,
  what: [],
  shell: null,
  rule: "/etc/sudoers:1",
};
const GUESS: Escalation = { ...SUDO, password: "own", isCertain: false, rule: "in the group sudo" };

function open() {
  const store = openStore({ path: ":memory:", access: "write" });
  const visit = (reach: Partial<HostReach>, isPartial = false) =>
    visitHost(store, "web1", {
      collected: {
        accounts,
        isPartial,
        reach: {
          escalations: [],
          areRulesRead: true,
          agents: [],
          outbound: [],
          unreadablePaths: [],
          ...reach,
        },
      },
    });
  const ann = () => store.hosts.find(1)?.accounts[0];
  return { visit, ann };
}

test("who becomes whom stays as it was known, until the rules themselves say otherwise", () => {
  const { visit, ann } = open();
  const rules = () => ann()?.becomes.map(({ rule, password }) => `${rule} ${password}`);
  visit({ escalations: [GUESS], areRulesRead: false });
  expect(rules()).toEqual(["in the group sudo own"]);
  visit({ escalations: [SUDO] });
  visit({ escalations: [GUESS], areRulesRead: false });
  visit({ escalations: [], areRulesRead: false });
  visit({}, true);
  expect(rules()).toEqual(["/etc/sudoers:1 none"]);
  visit({});
  expect(rules()).toEqual([]);
});

test("an agent is told for as long as a reading of the whole host sees it", () => {
  const { visit, ann } = open();
  const agent = { account: "ann", kind: "forwarded" as const, path: "/tmp/ssh-a/agent.7" };
  visit({ agents: [agent] });
  visit({}, true);
  expect(ann()?.agents).toEqual([{ kind: "forwarded", path: "/tmp/ssh-a/agent.7" }]);
  visit({});
  expect(ann()?.agents).toEqual([]);
});
