import type { Account } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import { createMatcher, judgeAccount, judgeHost } from "./matching.ts";
import type { Sudoers } from "./read-sudoers.ts";

/** What `Defaults` say for an account: the later one holds. */
export type AccountDefaults = {
  /** False: nobody is asked for a password where no tag says so. */
  authenticates: boolean;
  /** Whose password is asked for. */
  password: "own" | "target" | "root";
  /** As whom a rule without a Runas list runs. */
  runasDefault: string;
  /** Members of this group are not asked. */
  exemptGroup: string | null;
};

/** Of Defaults bound to a target or a command nothing is taken: they can only ask for a password more or less. */
export function defaultsFor(account: Account, sudoers: Sudoers, hostname: string | null): AccountDefaults {
  const matchUsers = createMatcher(judgeAccount(account), sudoers.aliases.user);
  const matchHosts = createMatcher(judgeHost(hostname), sudoers.aliases.host);
  const flags = new Map<string, boolean>();
  const values = new Map<string, string>();
  for (const { scope, settings } of sudoers.defaults) {
    spend();
    const { kind, items } = scope;
    if (kind === "runas" || kind === "command") continue;
    if (kind === "user" && matchUsers(items) !== "yes") continue;
    if (kind === "host" && matchHosts(items) !== "yes") continue;
    for (const { name, isOn, value } of settings) {
      flags.set(name, isOn);
      if (value !== null) values.set(name, value);
    }
  }
  const isSet = (name: string) => flags.get(name) === true;
  return {
    authenticates: flags.get("authenticate") ?? true,
    password: isSet("rootpw") || isSet("runaspw") ? "root" : isSet("targetpw") ? "target" : "own",
    runasDefault: values.get("runas_default") ?? "root",
    exemptGroup: isSet("exempt_group") ? (values.get("exempt_group") ?? null) : null,
  };
}
