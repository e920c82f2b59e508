import { accountsOf, type ChangeSet, type Draft, makeCheck } from "#domain/runs/access/change-set.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import { isProduction } from "#domain/runs/planned-hosts.ts";
import type { Check, RollbackTimer } from "#shared/model/runs/plan.ts";
import type { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { FILE_LOGS, VERIFICATION_LOGS } from "#shared/text/runs/plan.ts";
import { checkOwnLogin, checkRemainingLogins, findRemainingLogin, type Moment } from "./logins.ts";

/** Some facts are known on the host alone: its offline script inspects them. */
const checkOffline = ({ facts: host }: Draft, asOf: string): Check =>
  makeCheck(
    "warning",
    "offline",
    { host },
    `it is known by a bundle of ${asOf.slice(0, 10)} alone${formatWhose(host)}: its script reads the files again, and overwrites nothing that has changed`,
  );

/** What is known of whether the bundle is of this host. */
function formatWhose({ bundleStanding, hostKey }: HostFacts): string {
  if (hostKey === "")
    return ", and nothing shows that it is of this host, so that its script needs --unverified-host and its result is a claim";
  if (bundleStanding === "claimed") return ", and nothing shows that it is of this host";
  return bundleStanding === "first-use" ? ", signed by a host key that only bundles have shown" : "";
}

/** The checks of a host that changes. */
export function checksOf(changeSet: ChangeSet, draft: Draft, moment: Moment): Check[] {
  const production = makeCheck("warning", "production", { host: draft.facts }, "it is labelled production");
  return [
    ...(isProduction(draft) && draft.files.length > 0 ? [production] : []),
    ...checkAccounts(draft),
    ...checkRemainingLogins(changeSet, draft),
    ...checkOwnLogin(changeSet, draft, moment),
    ...checkLogs(draft, moment.options),
    ...checkVerificationLogs(changeSet, draft),
    ...(draft.facts.asOf === null
      ? checkRollbackTimer(changeSet, draft)
      : [checkOffline(draft, draft.facts.asOf)]),
  ];
}

/** Beyond it, an expiry date means something else there than here. */
const MOST_CLOCK_SECONDS = 300;

/** Why nothing is changed on the host at all; null if nothing is in the way. */
export function checkHost(host: HostFacts): Check | null {
  const leave = (id: string, why: string): Check =>
    makeCheck("acknowledge", id, { host }, `${why}; the host stays as it is`);
  if (host.hostKey === null)
    return leave("host-key", "its host key is not pinned: scan it, and trust its key");
  if (host.unreadable !== null) return leave("unreadable", `it could not be read: ${host.unreadable}`);
  const offset = host.clockOffset;
  if (offset === null || Math.abs(offset) <= MOST_CLOCK_SECONDS) return null;
  const minutes = Math.round(Math.abs(offset) / 60);
  return leave(
    "clock",
    `its clock is ${minutes} minutes ${offset > 0 ? "ahead of" : "behind"} this computer's: set it right`,
  );
}

const NO_FILES = "which files sshd reads for it is not known; only a login shows whether this one counts";
const NO_SETTINGS =
  "the settings of sshd for it are not known, AuthorizedKeysCommand and AuthenticationMethods among them; only a login shows whether this file counts";

/** What else the user should know of the accounts before. */
function checkAccounts(draft: Draft): Check[] {
  const { facts: host, files } = draft;
  const changed = new Set(files.flatMap((file) => accountsOf(draft, file)));
  return host.accounts
    .filter(({ name }) => changed.has(name))
    .flatMap(({ name, isSshdKnown, keysCommand, consulted }) => {
      const about = { host, account: name };
      const command = `keys that AuthorizedKeysCommand ${keysCommand} gives sshd are not changed`;
      const unknown = isSshdKnown ? NO_FILES : NO_SETTINGS;
      return [
        ...(name === "root" ? [makeCheck("warning", "root", about, "the account is root")] : []),
        ...(keysCommand === null ? [] : [makeCheck("warning", "keys-command", about, command)]),
        ...(consulted === null || !isSshdKnown ? [makeCheck("warning", "consulted", about, unknown)] : []),
      ];
    });
}

/** Whether the host rolls an unverified change back automatically, if the connection is lost. */
function checkRollbackTimer(changeSet: ChangeSet, draft: Draft): Check[] {
  const { facts: host, files } = draft;
  if (files.length === 0) return [];
  const [best] = host.rollbackTimers;
  if (best)
    return [
      makeCheck(
        "ok",
        "rollback-timer",
        { host },
        `it rolls back by itself if the connection is lost: ${SAID[best]}`,
      ),
    ];
  const losing = files.filter(({ removed }) => removed !== null);
  const isOnlyLogin = host.accounts.some(
    (account) =>
      losing.some((file) => accountsOf(draft, file).includes(account.name)) &&
      findRemainingLogin(changeSet, host, account) === null,
  );
  const text =
    "it cannot roll back by itself if the connection is lost: it has no systemd-run, at, setsid or nohup";
  return [
    isOnlyLogin
      ? makeCheck(
          "refused",
          "rollback-timer",
          { host },
          `${text}; nothing is removed there while no other way in is known`,
        )
      : makeCheck("acknowledge", "rollback-timer", { host }, text),
  ];
}

const SAID: Record<RollbackTimer, string> = {
  "systemd-run": "by a timer of systemd",
  at: "by a job of at",
  sleep: "by a process of its own, which a restart of the host would end",
};

/** How reliable the logs are that show whether the old key is used during the grace period. */
function checkLogs({ facts, files }: Draft, { graceDays }: KeyOptions): Check[] {
  const isWatched = graceDays > 0 && files.some(({ removed }) => removed !== null);
  if (!isWatched || facts.logs !== "file") return [];
  const text =
    "its logs of logins are plain files, to which any user there can write lines: if they show no use of the old key, it is removed after the days of grace all the same";
  return [makeCheck("acknowledge", FILE_LOGS, { host: facts }, text)];
}

/**
 * Whether a log can show the login that an old line waits for; if none can, the plan says before the run who else can.
 */
function checkVerificationLogs(changeSet: ChangeSet, { facts, verifications }: Draft): Check[] {
  if (facts.logs === "journal" || !verifications.some(({ verification }) => verification.kind === "by-log"))
    return [];
  const why =
    facts.logs === "file"
      ? "its logs of logins are plain files, which any user there can have lines written to"
      : "none of its journals that were read shows logins";
  const privateKey =
    changeSet.verifies === "log"
      ? ""
      : "the owner of the new key signs the challenge of the run (latchkey runs challenge RUN; then runs confirm RUN --signature FILE), or ";
  const text = `no log of it can show a login by the new key: ${why}; the old line stays until ${privateKey}you approve each account by name (latchkey runs confirm RUN --approve ACCOUNT@HOST)`;
  return [makeCheck("warning", VERIFICATION_LOGS, { host: facts }, text)];
}
