import type { Account, Collection, SshdSettings, Unreadable } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import type { ConfigLine, Match, SshdConfig } from "./sshd-config.ts";
import { casesByConnection, isUnconditional, type Turn } from "./sshd-match.ts";

/** The settings that sshd applies to one account, in one of the cases of SettingsCases. */
type EffectiveSettings = {
  get(keyword: Keyword): Setting;
  /** Where the settings come from: shown in the coverage as what was read. */
  source: string;
};
export type Settings = EffectiveSettings & {
  /** What of the configuration could not be read, in words; while there is any, no setting is certain. */
  unreadable: string[];
};
export type Setting = {
  /** As a manual writes it. */
  name: string;
  values: string[];
  /** A file and line, `sshd -T`, or that it is sshd's default. */
  location: string;
  /** It stands in a Match block, where sshd takes "none" of some settings for a file of that name. */
  isInMatch: boolean;
};

/** `plain`: for a login from elsewhere (sshd-match.ts). `when`: where other Match blocks hold than for that login. */
type SettingsCases = { plain: Settings; when: SettingsCase[] };
/** Cases of equal settings share one object. */
type SettingsCase = { outcomes: readonly Turn[]; isByConnection: boolean; settings: Settings };

/** Keywords whose values add up over several lines; of all others the first line counts. */
const LISTS = new Set<string>(["AllowUsers", "DenyUsers", "AllowGroups", "DenyGroups", "Subsystem"]);

/** Keywords that a Match block cannot change. */
const GLOBAL = new Set<string>(["UsePAM", "StrictModes", "UseDNS"]);

/** Every keyword that decides about access, with sshd's default. */
const DEFAULTS = {
  AllowGroups: [],
  AllowTcpForwarding: ["yes"],
  AllowUsers: [],
  AuthenticationMethods: ["any"],
  AuthorizedKeysCommand: ["none"],
  AuthorizedKeysFile: [".ssh/authorized_keys", ".ssh/authorized_keys2"],
  AuthorizedPrincipalsCommand: ["none"],
  AuthorizedPrincipalsFile: ["none"],
  CASignatureAlgorithms: [],
  ChrootDirectory: ["none"],
  DenyGroups: [],
  DenyUsers: [],
  DisableForwarding: ["no"],
  ForceCommand: ["none"],
  GSSAPIAuthentication: ["no"],
  HostbasedAuthentication: ["no"],
  KbdInteractiveAuthentication: ["yes"],
  PasswordAuthentication: ["yes"],
  PermitRootLogin: ["prohibit-password"],
  PubkeyAcceptedAlgorithms: [],
  PubkeyAuthentication: ["yes"],
  RefuseConnection: ["no"],
  RequiredRSASize: ["1024"],
  RevokedKeys: ["none"],
  StrictModes: ["yes"],
  Subsystem: [],
  TrustedUserCAKeys: ["none"],
  UseDNS: ["no"],
  UsePAM: ["no"],
} satisfies Record<string, string[]>;
export type Keyword = keyof typeof DEFAULTS;

/** Old names of current keywords, in lower case. */
export const OLD_NAMES: ReadonlyMap<string, string> = new Map([
  ["pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms"],
  ["challengeresponseauthentication", "kbdinteractiveauthentication"],
]);

const inLowerCase = new Map(Object.keys(DEFAULTS).map((name) => [name, name.toLowerCase()]));
const lower = (keyword: Keyword): string => inLowerCase.get(keyword) ?? "";

export function settingsOf(account: Account, collection: Collection, config: SshdConfig): SettingsCases {
  // Each account reads them anew.
  spend(50 + 6 * config.lines.length + 4 * collection.unreadable.length);
  const { sshd } = collection;
  const effective = sshd.effective?.get(account.name) ?? null;
  const useDns = isYes(readSetting(config.lines, "UseDNS", () => false).values);
  const known = { useDns, areGroupsWhole: areGroupsWhole(collection), ports: portsOf(sshd) };
  const matches = [...new Set(config.lines.flatMap((line) => line.match))];
  const { holds, cases } = casesByConnection(matches, account, known);
  const written = remember((keyword) => readSetting(config.lines, keyword, holds));
  const stale = formatStale(sshd);
  const plain = effective
    ? {
        ...effectiveSettings(effective, account.name, written),
        unreadable: [...formatUnreadable(collection, DAEMON), ...stale],
      }
    : writtenSettings([...config.unreadable, ...formatUnreadable(collection), ...stale], written);

  // Most blocks set nothing that decides, and many set the same: each distinct set of settings is evaluated once.
  const distinct = new Map([[signatureOf(plain), plain]]);
  const when = cases.flatMap(({ outcomes, isByConnection }): SettingsCase[] => {
    const turned = new Map(outcomes.map(({ match, holds: isHolding }) => [match, isHolding]));
    const get = remember((keyword) => {
      const changed = readSetting(config.lines, keyword, (match) => turned.get(match) ?? holds(match));
      return isEqual(changed, written(keyword)) ? plain.get(keyword) : changed;
    });
    const signature = signatureOf({ get });
    const settings = distinct.get(signature) ?? { ...plain, get };
    distinct.set(signature, settings);
    return settings === plain ? [] : [{ outcomes, isByConnection, settings }];
  });
  return { plain, when };
}

export const KEYWORDS = Object.keys(DEFAULTS) as Keyword[];

const signatureOf = ({ get }: { get(keyword: Keyword): Setting }): string =>
  KEYWORDS.map((keyword) => {
    const { values, isInMatch } = get(keyword);
    return `${isInMatch ? "m" : ""}${values.join(" ")}`;
  }).join("\n");

/** The setting as sshd_config writes it, with its file and line; a long list is cut. */
export function formatSetting({ name, values, location }: Setting): string {
  const text = values.join(" ");
  return `${name} ${text.length > LONGEST_SAID ? `${text.slice(0, LONGEST_SAID)}...` : text} (${location})`;
}
const LONGEST_SAID = 80;

/** Ports on which the running daemon listens; null where the collector could not read them. */
function portsOf({ daemon, effective }: SshdSettings): ReadonlySet<string> | null {
  const [answer] = effective?.values() ?? [];
  if (daemon === "" || !answer) return null;
  const ports = (answer.get("listenaddress") ?? []).flatMap(
    (address) => /:(\d{1,5})$/.exec(address)?.[1] ?? [],
  );
  return ports.length === 0 ? null : new Set(ports);
}

/** Files that were changed after the daemon had read them: the settings that the daemon uses can be read nowhere. */
const formatStale = ({ readAt, changedAt }: SshdSettings): string[] =>
  [...changedAt]
    .filter(([, at]) => readAt !== null && at > readAt)
    .map(([path]) => `not reloaded: ${path} was changed after the running sshd had read its configuration`);

/** False where accounts and groups also come from a directory: an account may be in more groups than were read. */
export const areGroupsWhole = ({ unreadable }: { unreadable: readonly Unreadable[] }): boolean =>
  !unreadable.some(({ kind }) => kind === "accounts");

/** The collector reports what it could not read of the running sshd under this path; every other path is a file. */
const DAEMON = "sshd";

const formatUnreadable = ({ unreadable }: Collection, only?: string): string[] =>
  unreadable
    .filter(({ kind, path }) => kind === "sshd-config" && (only === undefined || path === only))
    .map(({ path, why }) => `${path}: ${why}`);

export const isNone = (value: string): boolean => value.toLowerCase() === "none";

export const isYes = (values: readonly string[]): boolean => values[0]?.toLowerCase() === "yes";

/** The answer of `sshd -T` counts; where the files say the same, the location is the one in the files. */
function effectiveSettings(
  effective: ReadonlyMap<string, string[]>,
  account: string,
  written: (keyword: Keyword) => Setting,
): EffectiveSettings {
  const answers = new Map<string, string[]>();
  for (const [name, values] of effective) {
    const words = values.flatMap((value) => value.split(/\s+/)).filter((word) => word !== "");
    answers.set(OLD_NAMES.get(name) ?? name, words);
  }
  return {
    get: remember((keyword) => {
      const inFiles = written(keyword);
      // `sshd -T` omits an empty list, and the collector may have omitted a keyword of which it knew no use.
      const values = answers.get(lower(keyword)) ?? (LISTS.has(keyword) ? [] : inFiles.values);
      if (isEqual(inFiles, { values })) return inFiles;
      return { name: keyword, values, location: `sshd -T -C user=${account}`, isInMatch: false };
    }),
    source: `sshd -T -C user=${account}`,
  };
}

function writtenSettings(unreadable: string[], get: (keyword: Keyword) => Setting): Settings {
  return { get, source: "sshd_config and the files that it includes", unreadable: [...new Set(unreadable)] };
}

/** Reads each keyword once: every line of an account reads it again. */
function remember(read: (keyword: Keyword) => Setting): (keyword: Keyword) => Setting {
  const known = new Map<Keyword, Setting>();
  return (keyword) => {
    const setting = known.get(keyword) ?? read(keyword);
    known.set(keyword, setting);
    return setting;
  };
}

/** The first line counts, or all lines of LISTS; lines in a Match block that holds come before the global ones. */
function readSetting(
  lines: readonly ConfigLine[],
  keyword: Keyword,
  holds: (match: Match) => boolean,
): Setting {
  const own = linesOf(lines, keyword);
  spend(1 + own.length);
  const inMatch = own.filter(({ match }) => match.length > 0 && match.every(holds));
  const global = own.filter(({ match }) => match.every(isUnconditional));
  const isInMatch = inMatch.length > 0 && !GLOBAL.has(keyword);
  const counting = isInMatch ? inMatch : global;
  const [first] = counting;
  if (!first) return { name: keyword, values: DEFAULTS[keyword], location: "sshd's default", isInMatch };
  if (!LISTS.has(keyword))
    return { name: keyword, values: first.values, location: first.location, isInMatch };
  return {
    name: keyword,
    values: counting.flatMap(({ values }) => values),
    location: counting.map(({ location }) => location).join(", "),
    isInMatch,
  };
}

const indexed = new WeakMap<readonly ConfigLine[], Map<string, ConfigLine[]>>();

/** The lines of a keyword, from an index, since every account reads each keyword. */
function linesOf(lines: readonly ConfigLine[], keyword: Keyword): readonly ConfigLine[] {
  const index =
    indexed.get(lines) ?? Map.groupBy(lines, (line) => OLD_NAMES.get(line.keyword) ?? line.keyword);
  indexed.set(lines, index);
  return index.get(lower(keyword)) ?? [];
}

/** Compares joined values: `sshd -T` prints a value with a blank in it as if it were two. */
const isEqual = (one: { values: readonly string[] }, other: { values: readonly string[] }): boolean =>
  one.values.join(" ").toLowerCase() === other.values.join(" ").toLowerCase();

/** The values of the tokens of a path. */
export type TokenAccount = { name: string; uid: number; home: string };

/** A path from sshd_config with its tokens %%, %h, %u and %U expanded for the account, and single slashes. */
export const expandTokens = (pattern: string, { name, uid, home }: TokenAccount): string => {
  const expanded = pattern.replace(/%[%huU]/g, (token) => {
    if (token === "%h") return home;
    if (token === "%u") return name;
    return token === "%U" ? String(uid) : "%";
  });
  return tidy(expanded);
};

/** The same as an absolute path: a relative one lies in the home. */
export function expandPath(pattern: string, account: TokenAccount): string {
  const expanded = expandTokens(pattern, account);
  return expanded.startsWith("/") ? expanded : tidy(`${account.home}/${expanded}`);
}

export const tidy = (path: string): string => path.replace(/\/{2,}/g, "/");

/** Major * 100 + minor of OpenSSH (10.0 is 1000); null when it was not read. */
export function versionOf({ sshdVersion }: { sshdVersion: string | null }): number | null {
  const parts = /OpenSSH_(?:for_Windows_)?(\d{1,3})\.(\d{1,2})/.exec(sshdVersion ?? "");
  return parts ? Number(parts[1]) * 100 + Number(parts[2]) : null;
}
