import type { Aim } from "./draft.ts";
import { pathsOf } from "./merge-files.ts";
import type { AccountFacts, FileFacts, HostFacts } from "./plan-facts.ts";

/** A file that is read for everybody is proved by so many of them: it is one line for all. */
const MOST_PROVED = 16;

/** The accounts that have to show that the file lets them in: those for which sshd reads it. */
export function readersOf(aim: Aim, { accounts }: HostFacts, file: FileFacts): readonly AccountFacts[] {
  const readers = accounts.filter(
    (account) => file.accounts.includes(account.name) && !isIgnored(account, file),
  );
  return leaveOutShut(readers, file, aim).slice(0, MOST_PROVED);
}

/** Its sshd does not consult it, as far as that is known. */
const isIgnored = ({ consulted }: AccountFacts, file: FileFacts): boolean =>
  consulted !== null && !consulted.some((one) => one === file.realPath || pathsOf(file).includes(one));

/** An account that sshd does not let in by any such line proves nothing, where the file lets in another. */
function leaveOutShut(accounts: readonly AccountFacts[], file: FileFacts, aim: Aim): readonly AccountFacts[] {
  const isShut = ({ grants }: AccountFacts): boolean => {
    const own = grants.filter((grant) => pathsOf(file).includes(grant.file) && aim.concerns(grant));
    return own.length > 0 && own.every(({ effective }) => effective === "no");
  };
  const open = accounts.filter((account) => !isShut(account));
  return open.length > 0 ? open : accounts;
}
