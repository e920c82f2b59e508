import type { Account, Group, ShadowAge } from "./collection.ts";
import { type Record, readTable } from "./stream.ts";

const DAY_MS = 86_400_000;
const MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";

type PasswordState = Pick<
  Account,
  "passwordState" | "isLockedForSshd" | "expiresOnDay" | "agedOnDay" | "passwordAge"
>;

const UNKNOWN: PasswordState = {
  passwordState: "unknown",
  isLockedForSshd: null,
  expiresOnDay: "unknown",
  agedOnDay: "unknown",
  passwordAge: null,
};

/** The accounts of a collection, from its records on accounts, groups, shells and passwords. */
export function readAccounts(records: readonly Record[]): Account[] {
  const table = (kind: string) => records.filter((record) => record.kind === kind);
  const groups = groupsByAccount(readGroups(records));
  const shells = readShells(table("shells"));
  const passwords = new Map([
    ...readStates(table("password-states")),
    ...readOwnState(table("own-password")[0]),
  ]);
  const rows = table("accounts").flatMap(({ bytes }) => readTable(bytes));
  const seen = new Set<string>();
  return rows.flatMap(([name = "", uid = "", gid = "", home = "", shell = ""]) => {
    if (!/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid) || seen.has(name)) return [];
    seen.add(name);
    return {
      name,
      uid: Number(uid),
      gid: Number(gid),
      home,
      shell: shell || "/bin/sh",
      groups: groups?.(name, Number(gid)) ?? null,
      isShellUsable: shells.get(shell || "/bin/sh") ?? null,
      ...(passwords.get(name) ?? UNKNOWN),
    };
  });
}

/** The group database in its order; null when it was not read. */
export function readGroups(records: readonly Record[]): Group[] | null {
  const record = records.find(({ kind }) => kind === "groups");
  if (!record) return null;
  return readTable(record.bytes).map(([name = "", gid = "", members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(",").filter((member) => member !== ""),
  }));
}

/** The groups of an account by name: the primary one first. */
function groupsByAccount(groups: Group[] | null): ((name: string, gid: number) => string[]) | null {
  if (!groups) return null;
  const byGid = new Map<number, string>();
  const byMember = new Map<string, string[]>();
  for (const { name, gid, members } of groups) {
    if (!byGid.has(gid)) byGid.set(gid, name);
    for (const member of members) {
      const known = byMember.get(member);
      if (known) known.push(name);
      else byMember.set(member, [name]);
    }
  }
  return (name, gid) => {
    const primary = byGid.get(gid);
    return [...new Set([...(primary === undefined ? [] : [primary]), ...(byMember.get(name) ?? [])])];
  };
}

function readShells(records: readonly Record[]): Map<string, boolean> {
  const seen = records.flatMap(({ attributes }) => attributes);
  return new Map(
    seen.filter(([usable]) => usable !== "unknown").map(([usable, shell]) => [shell, usable === "yes"]),
  );
}

function readStates(records: readonly Record[]): [string, PasswordState][] {
  const rows = records.flatMap(({ bytes }) => readTable(bytes));
  // If a name comes twice, the first one counts on the host.
  return rows.reverse().map(([name = "", state = "", expires = "", aged = "", ages = ""]) => {
    const passwordState = state === "set" || state === "none" ? state : "locked";
    const isLockedForSshd = state === "locked";
    return [
      name,
      {
        passwordState,
        isLockedForSshd,
        expiresOnDay: readDay(expires),
        agedOnDay: readDay(aged),
        passwordAge: readAge(ages),
      },
    ];
  });
}

/** Null where the collector is one that did not send them. */
function readAge(text: string): ShadowAge | null {
  const fields = text.split(",");
  if (fields.length < 5) return null;
  const [changedDay = null, leastDays = null, mostDays = null, warningDays = null, graceDays = null] =
    fields.map(readDay);
  return { changedDay, leastDays, mostDays, warningDays, graceDays };
}

const readDay = (text: string): number | null => (/^\d{1,7}$/.test(text) ? Number(text) : null);

/** What `passwd -S` and `chage -l` show an ordinary account about itself. */
function readOwnState(record: Record | undefined): [string, PasswordState][] {
  const account = record?.value("account");
  if (!record || !account) return [];
  const lines = Buffer.from(record.bytes).toString("latin1");
  const letters = /^\S+ ([A-Z]{1,2}) /m.exec(lines)?.[1];
  const passwordState = readPasswordLetters(letters);
  const expiresOnDay = readExpiryDate(/^Account expires\s*: (.*)$/m.exec(lines)?.[1]);
  // "L" stands for a lock and for a lone "*" alike; only the first stops sshd.
  const isLockedForSshd = passwordState === "locked" || passwordState === "unknown" ? null : false;
  const agedOnDay = readExpiryDate(/^Password inactive\s*: (.*)$/m.exec(lines)?.[1]);
  return [[account, { passwordState, isLockedForSshd, expiresOnDay, agedOnDay, passwordAge: null }]];
}

/** The second word of `passwd -S`, as shadow (L, NP, P) and as Red Hat (LK, NP, PS) write it. */
function readPasswordLetters(letters: string | undefined): Account["passwordState"] {
  if (letters === "L" || letters === "LK") return "locked";
  if (letters === "NP") return "none";
  return letters === "P" || letters === "PS" ? "set" : "unknown";
}

/** `chage -l` in the C locale: "never", "Jan 01, 2030", or that the password must be changed, which stops no key. */
function readExpiryDate(text: string | undefined): Account["expiresOnDay"] {
  if (text?.trim() === "never" || text?.trim() === "password must be changed") return null;
  const [, month = "", day, year] = /^([A-Z][a-z]{2}) (\d{2}), (\d{4})/.exec(text ?? "") ?? [];
  const index = MONTHS.indexOf(month);
  if (!month || index < 0) return "unknown";
  return Date.UTC(Number(year), index / 3, Number(day)) / DAY_MS;
}
