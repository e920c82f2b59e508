import { expect, test } from "vitest";
import type { Escalation } from "../../model/hosts/host-reach.ts";
import { formatEscalation, formatMeans } from "./graph.ts";

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
