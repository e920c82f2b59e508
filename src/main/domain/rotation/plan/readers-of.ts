import { namesFile } from "#domain/ssh/deciders/files.ts";
import type { Aim } from "./draft.ts";
import { pathsOf } from "./merge-files.ts";
import type { AccountFacts, FileFacts, HostFacts } from "./plan-facts.ts";

/** A file that is read for everybody is proved by so many of them: it is one line for all. */
const MOST_VERIFIED = 16;

/**
 * The accounts that have to show that the file lets them in: those for which an sshd of the host reads it. What the last scan has
 * seen let in counts as read, too, where nothing new is to log in by it: another address, or another sshd, may be meant.
 */
export function readersOf(aim: Aim, { accounts }: HostFacts, file: FileFacts): readonly AccountFacts[] {
  const readers = accounts.filter(
    (account) =>
      file.accounts.includes(account.name) &&
      (isRead(account, file) || (aim.newKey === null && isSeenToLetIn(aim, account, file))),
  );
  return leaveOutShut(readers, file, aim).slice(0, MOST_VERIFIED);
}

/** Its sshd consults it, or another one does, as far as that is known; patterns as the scan takes them. */
const isRead = ({ consulted, consultedByOthers }: AccountFacts, file: FileFacts): boolean =>
  consulted === null ||
  [...consulted, ...consultedByOthers].some(
    (one) => one === file.realPath || pathsOf(file).some((path) => namesFile(one, path, true)),
  );

/** By the verdict of the last scan on a line that goes or changes. */
export const isSeenToLetIn = (aim: Aim, { grants }: AccountFacts, file: FileFacts): boolean =>
  grants.some(
    (grant) => pathsOf(file).includes(grant.file) && aim.concerns(grant) && grant.effective !== "no",
  );

/** An account that sshd does not let in by any such line proves nothing, where the file lets in another. */
function leaveOutShut(accounts: readonly AccountFacts[], file: FileFacts, aim: Aim): readonly AccountFacts[] {
  const open = accounts.filter((account) => !isShut(aim, account, file));
  return open.length > 0 ? open : accounts;
}

/** Whether the last scan shows that sshd lets nobody in to the account by a line of the file that goes or changes. */
export function isShut(aim: Aim, { grants }: AccountFacts, file: FileFacts): boolean {
  const own = grants.filter((grant) => pathsOf(file).includes(grant.file) && aim.concerns(grant));
  return own.length > 0 && own.every(({ effective }) => effective === "no");
}
