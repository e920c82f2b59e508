import type { Account, Collection } from "#domain/collection/collection.ts";
import type { ConfigLine, Match, SshdConfig } from "./sshd-config.ts";
import { dependsOnAddress, isUnconditional, matchAccount } from "./sshd-match.ts";

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

/**
 * The settings of an account when no Match block that depends on the connection holds, and what they are
 * when one does.
 */
export type SettingsCases = { plain: Settings; when: SettingsCase[] };
export type SettingsCase = { match: Match; isByAddress: boolean; settings: Settings };

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
  const answers = new Map<Match, "yes" | "no" | "maybe">();
  for (const match of new Set(config.lines.flatMap((line) => line.match))) {
    answers.set(match, matchAccount(match, account, { useDns }));
  }
  const holds = (match: Match): boolean => answers.get(match) === "yes";
  const plain = asked
    ? askedSettings(asked, account.name, (keyword) => readSetting(config.lines, keyword, holds))
    : writtenSettings(config, (keyword) => readSetting(config.lines, keyword, holds));

  const open = [...answers].filter(([, answer]) => answer === "maybe").map(([match]) => match);
  const when = open.map((match): SettingsCase => {
    const withIt = (other: Match): boolean => holds(other) || other === match;
    const get = (keyword: Keyword): Setting => {
      const changed = readSetting(config.lines, keyword, withIt);
      const isSame = isEqual(changed, readSetting(config.lines, keyword, holds));
      return isSame ? plain.get(keyword) : changed;
    };
    return { match, isByAddress: dependsOnAddress(match), settings: { ...plain, get } };
  });
  return { plain, when };
}

export const isYes = (values: readonly string[]): boolean => values[0]?.toLowerCase() === "yes";

/** `sshd -T` knows best; where the files say the same, they tell the place. */
function askedSettings(
  asked: ReadonlyMap<string, string[]>,
  account: string,
  written: (keyword: Keyword) => Setting,
): Settings {
  const answers = new Map<string, string[]>();
  for (const [name, values] of asked) {
    const words = values.flatMap((value) => value.split(/\s+/)).filter((word) => word !== "");
    answers.set(OLD_NAMES.get(name) ?? name, words);
  }
  return {
    get: (keyword) => {
      const inFiles = written(keyword);
      const values = answers.get(keyword) ?? (LISTS.has(keyword) ? [] : DEFAULTS[keyword]);
      return isEqual(inFiles, { values }) ? inFiles : { values, place: `sshd -T -C user=${account}` };
    },
    source: `sshd -T -C user=${account}`,
    unread: [],
  };
}

function writtenSettings(config: SshdConfig, get: (keyword: Keyword) => Setting): Settings {
  return { get, source: "sshd_config and the files that it includes", unread: config.unread };
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
