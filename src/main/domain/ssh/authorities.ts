import type { Account, Collection, SshdFile, SshdSettings } from "#domain/collection/collection.ts";
import {
  contributeRevokedCertificates,
  decideAuthorityAlgorithms,
  decideRevoked,
} from "#domain/ssh/deciders/keys.ts";
import { formatNames } from "#domain/ssh/deciders/lines.ts";
import { decideTrustedPrincipals } from "#domain/ssh/deciders/principals.ts";
import { spend } from "#domain/work-budget.ts";
import type { KeysGap, KeysReading } from "#shared/model/access/keys-reading.ts";
import type { Effective } from "#shared/model/access/verdict.ts";
import type { Unreadable } from "#shared/model/hosts/host.ts";
import { type BareKeys, readBareKeys } from "./authorized-keys.ts";
import { toEffectiveVerdict } from "./effective.ts";
import { openCase } from "./evaluate-case.ts";
import { type PublicKey, typeInCertificate } from "./key-blob.ts";
import { addUp, type Contribution, mergeCases, mergeDaemons, type Opinion, refuse } from "./opinion.ts";
import { type Daemon, readDaemons } from "./sshd-config.ts";
import { formatSetting, isNone, type Settings, settingsOf } from "./sshd-settings.ts";

/** An authority that TrustedUserCAKeys names: whoever has its certificate with an accepted principal gets in. */
export type Authority = {
  /** The file that TrustedUserCAKeys names, and the line, from 1. */
  file: string;
  line: number;
  key: PublicKey;
  comment: string;
  /** One for each account of the host, in the order of the accounts. */
  accounts: AuthorityForAccount[];
};
type AuthorityForAccount = {
  account: string;
  /** A certificate must have one of these, where no AuthorizedPrincipalsCommand gives them. */
  principals: string[];
  effective: Effective;
};

/** Whether sshd accepts certificates of each authority that it trusts, for each account of the host. */
export function evaluateAuthorities(collection: Collection): Authority[] {
  const daemons = readDaemons(collection);
  const files = namesOf(daemons).flatMap((name) => collection.sshdFiles.get(name) ?? []);
  return files.flatMap((file) => {
    const keys = file.bytes ? readBareKeys(file.bytes) : null;
    return (keys?.lines ?? []).flatMap(({ key, line, comment }): Authority[] => {
      // A certificate in the file is no authority.
      if (!key || typeInCertificate(key.keyType)) return [];
      const accounts = collection.accounts.map((account) =>
        evaluate(account, { key, file, collection, daemons }),
      );
      return [{ file: file.path, line, key, comment, accounts }];
    });
  });
}

/** Whether all that decides which authorities sshd trusts was read: its settings, and the files that they name. */
export function areAuthoritiesKnown(collection: Collection): boolean {
  const daemons = readDaemons(collection);
  const isFileKnown = (path: string) => {
    const file = collection.sshdFiles.get(path);
    return file !== undefined && (file.isAbsent || file.bytes !== null);
  };
  return daemons.every(({ config }) => config.unreadable.length === 0) && namesOf(daemons).every(isFileKnown);
}

/** The files in which sshd looks for authorities, for any account. */
function namesOf(daemons: readonly Daemon[]): string[] {
  const written = daemons.flatMap(({ config }) =>
    config.lines.flatMap(({ keyword, values }) => (keyword === KEYWORD ? values.slice(0, 1) : [])),
  );
  const answered = daemons.flatMap(({ sshd }) =>
    [...new Set(sshd.effective?.values())].flatMap((answer) => answer.get(KEYWORD) ?? []),
  );
  return [...new Set([...written, ...answered])].filter((name) => !isNone(name));
}
const KEYWORD = "trustedusercakeys";

type AuthorityQuery = { key: PublicKey; file: SshdFile; collection: Collection; daemons: readonly Daemon[] };

/** The work for one authority and one account: each is kept with its reasons, and written. */
const STEPS_OF_ACCOUNT = 200;

function evaluate(account: Account, { key, file, collection, daemons }: AuthorityQuery): AuthorityForAccount {
  spend(STEPS_OF_ACCOUNT);
  const principals = new Set<string>();
  const opinions = daemons.map(({ sshd, config }) => {
    const own = { ...collection, sshd };
    const { plain, when } = settingsOf(account, own, config);
    const decide = (settings: Settings): Opinion => {
      const trusted = decideTrustedPrincipals(account, settings, own);
      for (const name of trusted.principals) principals.add(name);
      return decideAuthority({ key, file }, settings, {
        account,
        collection: own,
        ofPrincipals: trusted.opinion,
      });
    };
    const cases = when.map(({ settings, ...rest }) => ({ ...rest, opinion: decide(settings) }));
    return { name: sshd.daemon, opinion: mergeCases(decide(plain), cases) };
  });
  return {
    account: account.name,
    principals: [...principals],
    effective: toEffectiveVerdict(mergeDaemons(opinions)),
  };
}

type Around = { account: Account; collection: Collection; ofPrincipals: Contribution };

function decideAuthority(
  { key, file }: Pick<AuthorityQuery, "key" | "file">,
  settings: Settings,
  { account, collection, ofPrincipals }: Around,
): Opinion {
  const { ofAccount, underSettings } = openCase(account, settings, collection);
  const setting = settings.get("TrustedUserCAKeys");
  const isNamed = setting.values.join(" ") === file.path;
  return addUp([
    ofAccount,
    underSettings([
      isNamed
        ? { read: [file.path] }
        : refuse(`sshd does not trust this file: ${formatSetting(setting)}`, formatSetting(setting)),
      decideRevoked(key, settings, collection),
      ...decideAuthorityAlgorithms(key, settings),
      ofPrincipals,
      contributeRevokedCertificates(key, settings, collection),
    ]),
    { notRead: ["which certificates the authority has signed"] },
  ]);
}

/** Where sshd stops reading a file of authorities; null where it reads all of it. */
const findBroken = (file: SshdFile): BareKeys["broken"] =>
  file.bytes ? readBareKeys(file.bytes).broken : null;

const COMMAND = "authorizedkeyscommand";
const AUTHORITIES = "trustedusercakeys";

/** What else lets in by key, besides the lines that were read: keys of a command, certificates of an authority. */
export function findOtherAccess(
  collection: Collection,
  authorities: readonly Authority[] = evaluateAuthorities(collection),
): Unreadable[] {
  const commands = valuesOf(COMMAND, collection).map((value) => ({
    what: `AuthorizedKeysCommand ${value}`,
    why: "it was not run: keys that it gives sshd are not listed",
  }));
  const files = valuesOf(AUTHORITIES, collection).flatMap((path) => noteUnreadableFile(path, collection));
  const others = [...commands, ...files, ...authorities.map(noteAuthority)];
  return [...new Map(others.map((other) => [other.what, other])).values()];
}

function valuesOf(option: string, collection: Collection): string[] {
  const daemons = readDaemons(collection);
  const answered = daemons.flatMap(({ sshd }) =>
    [...new Set(sshd.effective?.values())].flatMap((answer) => answer.get(option) ?? []),
  );
  // The collector runs `sshd -T` for accounts with a file alone; these settings may let in one without a file, too.
  const written = daemons.flatMap(({ config }) =>
    config.lines.flatMap(({ keyword, values }) => (keyword === option ? [values.join(" ")] : [])),
  );
  return [...new Set([...answered, ...written])].filter((value) => !isNone(value));
}

function noteUnreadableFile(path: string, { sshdFiles }: Collection): Unreadable[] {
  const file = sshdFiles.get(path);
  const what = `TrustedUserCAKeys ${path}`;
  if (file?.isAbsent) return [{ what, why: `${file.whyUnreadable}: sshd trusts no authority by it` }];
  if (!file?.bytes) {
    const why = file?.whyUnreadable ? ` (${file.whyUnreadable})` : "";
    return [
      { what, why: `it was not read${why}: whoever has a certificate of these authorities is not listed` },
    ];
  }
  const broken = findBroken(file);
  return broken ? [{ what, why: `its line ${broken.line} ${broken.why}: sshd reads no further` }] : [];
}

/** Names the first few of many accounts. */
function noteAuthority({ file, line, key, comment, accounts }: Authority): Unreadable {
  const what = `TrustedUserCAKeys ${file}:${line}`;
  const name = `${key.fingerprint}${comment ? ` ${comment}` : ""}`;
  const accepted = accounts.filter(({ effective }) => effective.state === "yes");
  const open = accounts.filter(({ effective }) => effective.state === "unknown");
  const [first] = [...open, ...accounts];
  if (accepted.length === 0 && first) {
    const many = open.length > 0 ? `may let in ${open.length} accounts` : "lets nobody in";
    return { what, why: `a certificate that ${name} signed ${many}: ${first.effective.reasons[0] ?? ""}` };
  }
  const said = accepted.slice(0, MOST_SAID).map(formatAccount);
  const rest = accepted.length > MOST_SAID ? [`${accepted.length - MOST_SAID} more`] : [];
  const unsure = open.length > 0 ? `; of ${open.length} more it is not known` : "";
  return {
    what,
    why: `whoever has a certificate that ${name} signed logs in as ${[...said, ...rest].join(", ")}${unsure}`,
  };
}
const MOST_SAID = 8;

const formatAccount = ({ account, principals }: Authority["accounts"][number]): string =>
  principals.length === 1 && principals[0] === account
    ? account
    : `${account} (with the principal ${formatNames(principals)})`;

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
    spend(STEPS_OF_GAP);
    const path = hidden.get(account.name) ?? (homes.has(account.home) ? account.home : undefined);
    if (path !== undefined) return { why: "file", path };
    return findCommand(account, collection, daemons);
  };
}

const STEPS_OF_GAP = 5;

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
