import { expect, test } from "vitest";
import type { GraphLink, GraphNode } from "../../model/access/graph.ts";
import type { Escalation } from "../../model/hosts/host-reach.ts";
import { describeStep, formatEscalation, formatMeans, nameBeginning } from "./graph.ts";

const SUDO: Escalation = {
  account: "ann",
  target: "root",
  by: "sudo",
  commands: "any",
  password: "own",
  isCertain: true,
  what: [],
  shell: null,
  rule: "/etc/sudoers:12",
};

test("what an account becomes is said with how, and with the rule that says so", () => {
  const some: Escalation = {
    ...SUDO,
    commands: "some",
    password: "none",
    what: ["/usr/bin/id", "/usr/bin/ls"],
  };
  const said = [SUDO, some, { ...some, shell: "/bin/bash" }, { ...SUDO, isCertain: false }];
  expect(said.map((one) => `${formatEscalation(one)} (${formatMeans(one)})`)).toEqual([
    "root by sudo (any command, with its own password: /etc/sudoers:12)",
    "some commands as root by sudo (/usr/bin/id and 1 more, without a password: /etc/sudoers:12)",
    "root by sudo (/bin/bash and 1 more, without a password: /etc/sudoers:12)",
    "perhaps root by sudo (any command, with its own password: /etc/sudoers:12)",
  ]);
});

test("a way to root is told by its first step, how long it is, and what it depends on", () => {
  const account = (name: string): GraphNode => ({
    kind: "account",
    id: `account/1/${name}`,
    host: "web1",
    port: 22,
    account: name,
    isRoot: name === "root",
  });
  const link: GraphLink = {
    id: "1",
    from: { kind: "person", id: "person/1", name: "Carol Nolan", number: null, standing: "gone" },
    fingerprint: "SHA256:abc",
    to: account("deploy"),
    how: "opens",
    heldAt: "people.csv",
    where: "/home/deploy/.ssh/authorized_keys:1",
    options: "",
    isCertain: true,
    notes: [],
    distance: 2,
    isPathCertain: true,
  };
  const sudo: GraphLink = {
    ...link,
    from: account("deploy"),
    fingerprint: null,
    to: account("root"),
    how: "sudo",
    where: "/etc/sudoers:12",
    notes: ["it asks for the account's own password"],
    distance: 1,
  };
  const key: GraphLink = {
    ...link,
    from: { kind: "key", id: "key/1", fingerprint: "SHA256:abc", keyType: null },
  };
  // What root may do anyway stands in no file.
  const root: GraphLink = {
    ...sudo,
    from: account("root"),
    to: account("deploy"),
    how: "root",
    where: "",
    notes: [],
    distance: 3,
  };
  const said = [link, sudo, key, root].map((one) => `${nameBeginning(one)} ${describeStep(one)}`);
  expect(said).toEqual([
    "former: Carol Nolan logs in as deploy@web1 with SHA256:abc: /home/deploy/.ssh/authorized_keys:1, 2 steps in all",
    "deploy@web1 becomes root@web1 by sudo: /etc/sudoers:12, it asks for the account's own password",
    "whoever has SHA256:abc logs in as deploy@web1: /home/deploy/.ssh/authorized_keys:1, 2 steps in all",
    "root@web1 acts as deploy@web1, being root, 3 steps in all",
  ]);
});
