import type { Account } from "#domain/collection/collection.ts";
import type { Escalation } from "#shared/model/becoming.ts";

/** Groups that distributions let become root, where nobody has changed that. */
const GROUPS = ["sudo", "wheel", "admin"];

/** What the groups of accounts suggest where sudoers could not be read. Never certain. */
export function guessEscalation(accounts: readonly Account[], unread: string): Escalation[] {
  return accounts.flatMap((account): Escalation[] => {
    const group = account.uid === 0 ? undefined : GROUPS.find((name) => account.groups?.includes(name));
    if (group === undefined) return [];
    return [
      {
        account: account.name,
        target: "root",
        by: "sudo",
        commands: "any",
        password: "own",
        isCertain: false,
        what: [],
        shell: null,
        rule: `in the group ${group}; ${unread} was not read`,
      },
    ];
  });
}
