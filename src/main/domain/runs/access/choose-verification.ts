import { takesAddress } from "#domain/ssh/from-list.ts";
import { readLineOptions, valueOfOption } from "#domain/ssh/line-options.ts";
import type { AccessHost, NewKey } from "#shared/model/runs/plan.ts";
import type { PlannedVerification } from "#shared/model/runs/planned-verification.ts";
import { type ChangeSet, type FileChanges, isShut } from "./change-set.ts";
import type { AccountFacts, FileFacts, HostFacts, PlanFacts, PrivateKeyFacts } from "./plan-facts.ts";

/** How it can be verified that the key of these lines logs in to the account when the step is done. */
export function chooseVerification(
  facts: PlanFacts,
  changeSet: ChangeSet,
  { host, account, file }: { host: HostFacts; account: AccountFacts; file: FileFacts },
  { options, isAuthority }: Pick<FileChanges, "options" | "isAuthority">,
): PlannedVerification {
  if (changeSet.verifies === "none")
    return none(changeSet.newKey ? formatUnverified(account) : "nothing new is to log in");
  if (changeSet.verifies === "log") return { kind: host.asOf === null ? "by-log" : "by-hand" };
  if (isShut(changeSet, account, file)) return none(formatShut(account));
  if (isAuthority) return none("the line is for certificates that the key signs, not for the key");
  if (needsMore(account)) {
    return none(`sshd asks for more than a key: AuthenticationMethods ${account.authenticationMethods}`);
  }
  if (host.asOf !== null) return { kind: "by-hand" };
  const { newKey } = changeSet;
  const runs = runsOf(account, options);
  if (changeSet.verifies === "old") {
    const isHere = verifyingKey(facts) !== null;
    return isHere && reaches(host, options) ? { kind: "from-here", runs } : none(notHere(isHere));
  }
  if (newKey?.kind === "made-on-host") {
    return { kind: "from-host", host: newKey.host, port: newKey.port, runs };
  }
  const isHere = newKey !== null && (isHeldHere(newKey) || facts.provided?.isInAgent === true);
  if (isHere && reaches(host, options)) return { kind: "from-here", runs };
  // If no old key is removed for it, there is nothing to wait for.
  return changeSet.oldKey === null ? none(notHere(isHere)) : { kind: "by-log" };
}

/** What logs in with the key that stays, in a verification: a file that is not locked, or the agent. */
export const verifyingKey = ({ here }: PlanFacts): PrivateKeyFacts | null =>
  here.find(({ kind, isEncrypted }) => kind === "file" && isEncrypted === false) ??
  here.find(({ kind, stuck }) => kind === "agent" && stuck === null) ??
  null;

const formatShut = ({ name }: AccountFacts): string =>
  `the last scan shows that sshd lets nobody in to ${name} by it, so no login is tried`;

const formatUnverified = ({ consulted }: AccountFacts): string =>
  `its private key is not at hand here, so no login is tried; checked instead: sshd takes the line's options${
    consulted === null ? "" : ", and reads this file for the account"
  }`;

const none = (why: string): PlannedVerification => ({ kind: "none", why });

const notHere = (isHere: boolean): string =>
  isHere ? "its from= does not take this computer's address" : "its private key is not on this computer";

const isHeldHere = (newKey: NewKey): boolean =>
  newKey.kind === "made-here" || (newKey.kind === "provided" && newKey.path !== null);

/** `publickey` alone is one of the lists that sshd accepts. */
const needsMore = ({ authenticationMethods }: AccountFacts): boolean =>
  authenticationMethods !== null &&
  authenticationMethods !== "any" &&
  !authenticationMethods.split(/\s+/).includes("publickey");

/** An unknown address is tried: the login tells. */
function reaches({ login }: HostFacts, options: string): boolean {
  const from = valueOfOption(readLineOptions(options).options, "from");
  return from === null || login.from === null || takesAddress(from, login.from) !== false;
}

/** A verification runs no forced command, and runs nothing by a shell that runs no command. */
function runsOf({ forceCommand, runsCommands }: AccountFacts, options: string): "command" | "nothing" {
  const read = readLineOptions(options).options;
  const isForced =
    forceCommand !== null || read.some(({ name }) => name === "command" || name === "restrict");
  return isForced || runsCommands === false ? "nothing" : "command";
}

export type AccountVerification = AccessHost["verifications"][number];

/** One verification an account: the most certain one of its files. */
export function addVerification(
  { verifications }: { verifications: AccountVerification[] },
  { account, verification }: AccountVerification,
): void {
  const known = verifications.find((one) => one.account === account);
  if (known) known.verification = surer(known.verification, verification);
  else verifications.push({ account, verification: verification });
}

const SURE: Record<PlannedVerification["kind"], number> = {
  none: 0,
  "by-log": 1,
  "by-hand": 1,
  "from-host": 2,
  "from-here": 2,
};

/** Runs nothing if any file forces a command: which line sshd will use is not known. */
function surer(one: PlannedVerification, other: PlannedVerification): PlannedVerification {
  const best = SURE[other.kind] > SURE[one.kind] ? other : one;
  const isForced = [one, other].some(
    (verification) => "runs" in verification && verification.runs === "nothing",
  );
  return isForced && "runs" in best ? { ...best, runs: "nothing" } : best;
}
