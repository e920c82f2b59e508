import type { Account, Collection } from "#domain/collection/collection.ts";
import type { ConfigLine, Match, SshdConfig } from "./sshd-config.ts";
import { type Answer, dependsOnAddress, isUnconditional, matchAccount } from "./sshd-match.ts";

/** What sshd goes by for one account, as far as one of the cases below goes. */
export type Settings = {
  get(keyword: Keyword): Setting;
  /** Whom we asked: said as what was read. */
  source: string;
  /** What could not be read of them, in words; while there is any, no setting is sure. */
  unread: string[];
};
export type Setting = {
  values: string[];
  /** A file and line, `sshd -T`, or that it is sshd's default. */
  place: string;
};

/** The settings for a login from elsewhere, and what they are where a Match block turns out otherwise than for that. */
export type SettingsCases = { plain: Settings; when: SettingsCase[] };
/** `holds` is how the block turns out in this case. */
type SettingsCase = { match: Match; holds: boolean; isByAddress: boolean; settings: Settings };

/** Keywords whose values add up over several lines; of all others the first line counts. */
const LISTS = new Set<string>(["allowusers", "denyusers", "allowgroups", "denygroups"]);

/** Keywords that a Match block cannot change. */
const GLOBAL = new Set<string>(["usepam", "strictmodes", "usedns"]);

const DEFAULTS = {
  allowgroups: [],
  allowusers: [],
  authenticationmethods: ["any"],
  authorizedkeysfile: [".ssh/authorized_keys", ".ssh/authorized_keys2"],
  chrootdirectory: ["none"],
  denygroups: [],
  denyusers: [],
  permitrootlogin: ["prohibit-password"],
  pubkeyacceptedalgorithms: [],
  pubkeyauthentication: ["yes"],
  refuseconnection: ["no"],
  requiredrsasize: ["1024"],
  revokedkeys: ["none"],
  strictmodes: ["yes"],
  usedns: ["no"],
  usepam: ["no"],
} satisfies Record<string, string[]>;
export type Keyword = keyof typeof DEFAULTS;

/** Names of old versions for a keyword of today. */
const OLD_NAMES = new Map([["pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"]]);

export function settingsOf(account: Account, collection: Collection, config: SshdConfig): SettingsCases {
  const asked = collection.sshd.effective?.get(account.name) ?? null;
  const useDns = isYes(readSetting(config.lines, "usedns", () => false).values);
  const known = { useDns, areGroupsWhole: areGroupsWhole(collection) };
  const answers = new Map<Match, Answer>();
  for (const match of new Set(config.lines.flatMap((line) => line.match))) {
    answers.set(match, matchAccount(match, account, known));
  }
  const holds = (match: Match): boolean => answers.get(match) === "yes" || answers.get(match) === "far";
  const written = remember((keyword) => readSetting(config.lines, keyword, holds));
  const plain = asked
    ? { ...askedSettings(asked, account.name, written), unread: sayUnread(collection, DAEMON) }
    : writtenSettings([...config.unread, ...sayUnread(collection)], written);

  const open = [...answers].filter(([, answer]) => answer === "far" || answer === "near");
  const when = open.map(([match, answer]): SettingsCase => {
    const otherwise = (other: Match): boolean => (other === match ? !holds(other) : holds(other));
    const get = remember((keyword) => {
      const changed = readSetting(config.lines, keyword, otherwise);
      return isEqual(changed, written(keyword)) ? plain.get(keyword) : changed;
    });
    const isByAddress = dependsOnAddress(match, account, known);
    return { match, holds: answer === "near", isByAddress, settings: { ...plain, get } };
  });
  return { plain, when };
}

/** False where accounts and groups come from a directory too: an account may be in more groups than were read. */
export const areGroupsWhole = ({ unread }: Pick<Collection, "unread">): boolean =>
  !unread.some(({ kind }) => kind === "accounts");

/** Under this name the collector tells what it could not tell of the running sshd; all else is a file. */
const DAEMON = "sshd";

const sayUnread = ({ unread }: Collection, only?: string): string[] =>
  unread
    .filter(({ kind, path }) => kind === "sshd-config" && (only === undefined || path === only))
    .map(({ path, why }) => `${path}: ${why}`);

export const isYes = (values: readonly string[]): boolean => values[0]?.toLowerCase() === "yes";

/** `sshd -T` knows best; where the files say the same, they tell the place. */
function askedSettings(
  asked: ReadonlyMap<string, string[]>,
  account: string,
  written: (keyword: Keyword) => Setting,
): Omit<Settings, "unread"> {
  const answers = new Map<string, string[]>();
  for (const [name, values] of asked) {
    const words = values.flatMap((value) => value.split(/\s+/)).filter((word) => word !== "");
    answers.set(OLD_NAMES.get(name) ?? name, words);
  }
  return {
    get: remember((keyword) => {
      const inFiles = written(keyword);
      const values = answers.get(keyword) ?? (LISTS.has(keyword) ? [] : DEFAULTS[keyword]);
      return isEqual(inFiles, { values }) ? inFiles : { values, place: `sshd -T -C user=${account}` };
    }),
    source: `sshd -T -C user=${account}`,
  };
}

function writtenSettings(unread: string[], get: (keyword: Keyword) => Setting): Settings {
  return { get, source: "sshd_config and the files that it includes", unread: [...new Set(unread)] };
}

/** Asks once for each keyword: every line of an account asks again. */
function remember(read: (keyword: Keyword) => Setting): (keyword: Keyword) => Setting {
  const known = new Map<Keyword, Setting>();
  return (keyword) => {
    const setting = known.get(keyword) ?? read(keyword);
    known.set(keyword, setting);
    return setting;
  };
}

/** The first line that counts; the lines of a Match block go before the global ones. */
function readSetting(
  lines: readonly ConfigLine[],
  keyword: Keyword,
  holds: (match: Match) => boolean,
): Setting {
  const own = lines.filter((line) => (OLD_NAMES.get(line.keyword) ?? line.keyword) === keyword);
  const inMatch = own.filter(({ match }) => match.length > 0 && match.every(holds));
  const global = own.filter(({ match }) => match.every(isUnconditional));
  const counting = inMatch.length > 0 && !GLOBAL.has(keyword) ? inMatch : global;
  const [first] = counting;
  if (!first) return { values: DEFAULTS[keyword], place: "sshd's default" };
  if (!LISTS.has(keyword)) return { values: first.values, place: first.place };
  return {
    values: counting.flatMap(({ values }) => values),
    place: counting.map(({ place }) => place).join(", "),
  };
}

const isEqual = (one: Pick<Setting, "values">, other: Pick<Setting, "values">): boolean =>
  one.values.length === other.values.length &&
  one.values.every((value, index) => value.toLowerCase() === other.values[index]?.toLowerCase());
