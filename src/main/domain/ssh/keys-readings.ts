import type { Account, Collection, SshdSettings } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import type { KeysGap, KeysReading } from "#shared/model/access/keys-reading.ts";
import { type Daemon, readDaemons } from "./sshd-config.ts";
import { isNone, type Settings, settingsOf } from "./sshd-settings.ts";

/**
 * Of each number that accounts have, whether this reading has seen every key that sshd accepts for any of them. The number
 * is what a login gets: a key that has moved to another name of it opens the same.
 */
export function evaluateKeysReadings(collection: Collection): KeysReading[] {
  const ofHost = findGapOfHost(collection);
  const gapOf = ofHost ? () => ofHost : gapFinder(collection);
  const byUid = Map.groupBy(collection.accounts, ({ uid }) => uid);
  return [...byUid].map(([uid, accounts]) => ({ uid, gap: firstOf(accounts, gapOf) }));
}

function firstOf(accounts: readonly Account[], gapOf: (account: Account) => KeysGap | null): KeysGap | null {
  for (const account of accounts) {
    const gap = gapOf(account);
    if (gap !== null) return gap;
  }
  return null;
}

/** What keeps all keys of the host from being known. */
function findGapOfHost(collection: Collection): KeysGap | null {
  const { incomplete, unreadable, readAs } = collection;
  if (incomplete !== null || unreadable.some(({ kind }) => kind === "limit")) return { why: "cut-short" };
  if (readAs.uid !== 0 && readAs.how !== "sudo") return { why: "not-root" };
  for (const { sshd, config } of readDaemons(collection)) {
    const isAnswered = sshd.effective !== null;
    const hidden = unreadable.find(
      ({ kind, path, isAbsent }) =>
        kind === "sshd-config" && isAbsent !== true && (!isAnswered || path === DAEMON),
    );
    const path = hidden?.path ?? findStale(sshd) ?? (isAnswered ? undefined : config.unreadable[0]);
    if (path !== undefined) return { why: "settings", path };
  }
  return null;
}

/** The collector reports under this path what it could not read of the running sshd. */
const DAEMON = "sshd";

const findStale = ({ readAt, changedAt }: SshdSettings): string | undefined =>
  [...changedAt].find(([, at]) => readAt !== null && at > readAt)?.[0];

function gapFinder(collection: Collection): (account: Account) => KeysGap | null {
  const { authorizedKeys, unreadable } = collection;
  const hidden = new Map<string, string>();
  for (const { path, whyUnreadable, isCut, accounts } of authorizedKeys)
    if (whyUnreadable !== null || isCut) for (const name of accounts) hidden.set(name, path);
  const homes = new Set(unreadable.flatMap(({ kind, path }) => (kind === "home" ? [path] : [])));
  const daemons = readDaemons(collection).filter(({ sshd, config }) => mayNameCommand({ sshd, config }));
  return (account) => {
    spend(STEPS);
    const path = hidden.get(account.name) ?? (homes.has(account.home) ? account.home : undefined);
    if (path !== undefined) return { why: "file", path };
    return findCommand(account, collection, daemons);
  };
}

const STEPS = 5;
const COMMAND = "authorizedkeyscommand";

/** Most daemons name no command at all, and their settings are not read again for each account. */
const mayNameCommand = ({ sshd, config }: Daemon): boolean =>
  config.lines.some(({ keyword }) => keyword === COMMAND) ||
  [...(sshd.effective?.values() ?? [])].some((answer) =>
    (answer.get(COMMAND) ?? []).some((value) => !isNone(value)),
  );

/** A command that gives sshd keys of the account, which nobody has run; under whatever condition. */
function findCommand(account: Account, collection: Collection, daemons: readonly Daemon[]): KeysGap | null {
  for (const { sshd, config } of daemons) {
    const { plain, when } = settingsOf(account, { ...collection, sshd }, config);
    for (const settings of [plain, ...when.map((one) => one.settings)]) {
      const command = commandOf(settings);
      if (command !== null) return { why: "command", command };
    }
  }
  return null;
}

function commandOf(settings: Settings): string | null {
  const { values } = settings.get("AuthorizedKeysCommand");
  return isNone(values[0] ?? "none") ? null : values.join(" ");
}
