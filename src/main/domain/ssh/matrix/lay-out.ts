/** Rows as a host has them: accounts with their files, and one sshd_config for all. */
import type { AccountState, Ground, Row, Try } from "./row.ts";
import { type Keys, spell } from "./spell.ts";

const FIRST_UID = 20_000;
const DAY_MS = 86_400_000;
/** A password that was changed two years ago and never gets too old. */
const ORDINARY_AGE = [20_000, 99_999, null] as const;

/** An account of the host, as `#testing/lab/make-accounts.ts` makes it. */
export type Actor = {
  row: Row;
  name: string;
  uid: number;
  home: string;
  shell: string;
  groups: readonly string[];
  shadow: string;
  keys: Buffer | null;
  files: Record<string, Buffer>;
  make: string;
  tries: readonly Try[];
};

const BYSTANDER: Row = { called: "somebody else", file: "", sshd: "refuses", tries: [] };
/** Whose eyes the host is seen through, beside root's: an ordinary account with a key of its own. */
export const WATCHER = "watcher";

/** An account for each row, and two that no row is about: "other" and the watcher. */
export function layOut({ rows }: Ground, keys: Keys, now: Date): Actor[] {
  const watcher: Row = { user: WATCHER, sshd: "accepts" };
  return [...rows, { ...BYSTANDER, user: "other" }, watcher].map((row, index) => {
    const user = row.user ?? `m${index}`;
    const said = (text: string) => spell(text, keys, { user, now });
    const { uid = FIRST_UID + index, shell = "/bin/sh", groups = [] } = row.account ?? {};
    const file = said(row.file ?? "<key>\n");
    const files = Object.entries(row.files ?? {}).map(([path, text]) => [
      said(path),
      Buffer.from(said(text)),
    ]);
    return {
      row,
      name: user,
      uid,
      shell,
      groups,
      home: user === "root" ? "/root" : `/home/${user}`,
      shadow: shadowOf(row.account ?? { words: "" }, now),
      keys: file === "" ? null : Buffer.from(file),
      files: Object.fromEntries(files),
      make: row.disk?.make ?? "",
      tries: row.tries ?? [{}],
    };
  });
}

function shadowOf({ password = "*", expires, age = ORDINARY_AGE }: AccountState, now: Date): string {
  const [changed, most, grace] = age;
  const today = Math.floor(now.getTime() / DAY_MS);
  const lastDay = expires === "today" ? today : expires;
  return [password, changed, 0, most, 7, grace ?? "", lastDay ?? "", ""].join(":");
}

/** The global part, what rows include, and a Match block for every row that has a setting. */
export function writeConfig({ config }: Ground, actors: readonly Actor[]): string {
  const settings = actors.flatMap(({ name, row: { setting } }) =>
    setting === undefined ? [] : [spell(setting, {}, { user: name })],
  );
  // An Include after a Match belongs to it.
  const included = settings.filter((text) => /^include/i.test(text));
  const matched = actors.flatMap(({ name, row: { setting } }) => {
    if (setting === undefined || /^include/i.test(setting)) return [];
    const text = spell(setting, {}, { user: name });
    return [/^match/i.test(text) ? text : `Match User ${name}\n${text}`];
  });
  return [config, "LogLevel VERBOSE", "MaxStartups 100", ...included, ...matched, "Match All", ""].join("\n");
}
