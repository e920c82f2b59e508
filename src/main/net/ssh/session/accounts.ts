/** Requests about the entries of accounts (resources/rotation/accounts.sh), which root alone makes. */
import { isUtf8 } from "node:buffer";
import {
  type AccountIdentity,
  type AccountProcess,
  type DisabledAccount,
  type EntryLine,
  type EntryState,
  PasswordClass,
  type RemovedAccount,
} from "#shared/model/runs/disabled-account.ts";
import type { RollbackTimer } from "#shared/model/runs/plan.ts";
import {
  exchange,
  type Failed,
  type Lost,
  type Refused,
  type RemoteSession,
  readTail,
  type SessionAnswer,
  writeBytes,
} from "./remote-session.ts";

type EntryInspection = {
  kind: "entry";
  uid: number;
  gid: number;
  home: string;
  state: EntryState;
  shares: string[];
  nologin: string | null;
  processes: AccountProcess[];
  units: string[];
  crontabs: string[];
  /** Groups that it is in beside its own. */
  groups: string[];
  /** Lines of sudo's and doas' files that name it: a path, a colon and a number. */
  rights: string[];
};

const NONSENSE: Lost = { kind: "lost", message: "the host's answer about an account makes no sense" };

type Answered = Exclude<SessionAnswer, Lost>;

/** The entry of an account, and what runs as it. Its password is told by its class alone. */
export async function inspectEntry(
  session: RemoteSession,
  account: string,
): Promise<EntryInspection | Refused | Failed | Lost> {
  const answer = await exchange(session, { verb: "account_entry", words: [account] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  return readEntry(answer) ?? NONSENSE;
}

function readEntry({ facts }: Answered): EntryInspection | null {
  const [uid = "", gid = "", home = "", shell = "", password, expires = ""] = facts.get("entry")?.[0] ?? [];
  const known = PasswordClass.safeParse(password);
  if (!known.success || ![uid, gid].every((word) => /^\d{1,10}$/.test(word)) || !/^\d{0,10}$/.test(expires))
    return null;
  const all = (name: string): string[] => (facts.get(name) ?? []).flatMap(([word]) => word ?? []);
  return {
    kind: "entry",
    uid: Number(uid),
    gid: Number(gid),
    home,
    state: { shell, password: known.data, expires: expires === "" ? null : Number(expires) },
    shares: [...(facts.get("shares")?.[0] ?? [])].filter((word) => word !== ""),
    nologin: all("nologin")[0] ?? null,
    processes: (facts.get("process") ?? []).map(([pid, command = "", unit = ""]) => ({
      pid: Number(pid) || 0,
      command,
      unit,
    })),
    units: all("unit"),
    crontabs: all("crontab"),
    groups: [...(facts.get("groups")?.[0] ?? [])].filter((word) => word !== ""),
    rights: all("right"),
  };
}

/** From which state to which an account's entry changes. */
export type EntryChange = { account: DisabledAccount; from: EntryState; to: EntryState };

const wordsOf = ({ shell, password, expires }: EntryState): string[] => [
  shell,
  password,
  expires === null ? "" : String(expires),
];

const wordsOfChange = ({ account: { account, uid, gid, home }, from, to }: EntryChange): string[] => [
  account,
  String(uid),
  String(gid),
  home,
  ...wordsOf(from),
  ...wordsOf(to),
];

type Timer = { token: string; id: string; timer: RollbackTimer; seconds: number };

/** Unless it is disarmed in time (`disarmDeployment`), the host itself makes this change. */
export const startEntryTimer = (
  session: RemoteSession,
  { token, id, timer, seconds }: Timer,
  change: EntryChange,
) => send(session, "account_arm", [token, id, timer, String(seconds), ...wordsOfChange(change)]);

/** Changes an entry that is the one of the plan, and of which each field is as it was, or as it becomes already. */
export const changeEntry = (session: RemoteSession, change: EntryChange) =>
  send(session, "account_change", wordsOfChange(change));

async function send(
  session: RemoteSession,
  verb: string,
  words: readonly string[],
): Promise<{ kind: "done" } | Refused | Failed | Lost> {
  const answer = await exchange(session, { verb, words });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : readTail(answer);
}

/** The lines of an account that would go. `isKnown`: a name service answers for it; `numbered`: names with its number. */
export type LinesReading = {
  kind: "lines";
  lines: EntryLine[];
  stays: RemovedAccount["stays"];
  isKnown: boolean;
  numbered: string[];
};

/** What there is of an account in the files of accounts, and beside them. */
export async function inspectLines(
  session: RemoteSession,
  { account, uid, gid, home }: AccountIdentity,
): Promise<LinesReading | Refused | Failed | Lost> {
  const words = [account, String(uid), String(gid), home];
  const answer = await exchange(session, { verb: "account_removal", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const { facts, data } = answer;
  return {
    kind: "lines",
    lines: readEntryLines(data.get("lines") ?? new Uint8Array()),
    stays: [
      ...(facts.get("stays") ?? []).map(([path = "", owner = ""]) => ({
        path,
        uid: /^\d{1,10}$/.test(owner) ? Number(owner) : null,
      })),
      ...(facts.get("right") ?? []).map(([path = ""]) => ({ path, uid: null })),
    ],
    isKnown: facts.has("known"),
    numbered: (facts.get("numbered") ?? []).flat().filter((word) => word !== ""),
  };
}

const GOES = "-";

/** Of each its file, the line, and what becomes of it: to the byte, for they are compared so where they go. */
function readEntryLines(bytes: Uint8Array): EntryLine[] {
  const all = Buffer.from(bytes).toString("latin1").split("\n");
  return Array.from({ length: Math.floor(all.length / 3) }, (_, index): EntryLine => {
    const [file = "", line = "", becomes = ""] = all.slice(index * 3, index * 3 + 3);
    const isLatin1 = !isUtf8(Buffer.from(line, "latin1"));
    const decode = (text: string): string => (isLatin1 ? text : Buffer.from(text, "latin1").toString("utf8"));
    return {
      file: Buffer.from(file, "latin1").toString("utf8"),
      line: decode(line),
      becomes: becomes === GOES ? null : decode(becomes.slice(1)),
      isLatin1,
    };
  });
}

const writeEntryLine = ({ file, line, becomes, isLatin1 }: EntryLine): string[] =>
  [file, line, becomes === null ? GOES : `=${becomes}`].map((text, index) =>
    index === 0 ? text : writeBytes(Buffer.from(text, isLatin1 ? "latin1" : "utf8")),
  );

type OfRun = { token: string; id: string };

/** Unless it is disarmed in time (`stopDeploymentTimer`), the host itself puts back what was removed. */
export const startRemovalTimer = (
  session: RemoteSession,
  { token, id, timer, seconds }: Timer,
  { account, uid }: RemovedAccount,
) => send(session, "account_remove_arm", [token, id, timer, String(seconds), account, String(uid)]);

/** Exactly the lines of the plan go. */
export const removeLines = (
  session: RemoteSession,
  { token, id }: OfRun,
  { account, uid, gid, lines }: RemovedAccount,
) =>
  send(session, "account_remove", [
    token,
    id,
    account,
    String(uid),
    String(gid),
    ...lines.flatMap(writeEntryLine),
  ]);

/** What was removed is in its files again. */
export const putLinesBack = (
  session: RemoteSession,
  { token, id }: OfRun,
  { account, uid }: RemovedAccount,
) => send(session, "account_put_back", [token, id, account, String(uid)]);

type UsesReading = {
  kind: "read";
  /** `journal`, or paths of files. */
  sources: string[];
  /** Those of them that were not read to their end: a use may stand in what is left. */
  partial: string[];
  /** Entries of the journal, each after + or -, its second since 1970 and a blank; at most 500 of either kind. */
  journal: string[];
  /** Lines of plain files, each after its path, a tab, and + or -; at most 500 of either kind of each. */
  lines: string[];
  /** The host's clock, and its zone. */
  now: number;
  zone: string | null;
};

/** In place of a line: this log was read to its end. */
const END = "=";

/** What the host's logs tell of an account since that second of its clock; of files all that is there. */
export async function readAccountUses(
  session: RemoteSession,
  account: string,
  sinceEpoch: number,
): Promise<UsesReading | Refused | Failed | Lost> {
  const words = [account, String(Math.max(0, Math.floor(sinceEpoch)))];
  const answer = await exchange(session, { verb: "account_uses", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const readLines = (name: string): string[] =>
    Buffer.from(answer.data.get(name) ?? [])
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "");
  const [journal, lines] = [readLines("journal"), readLines("lines")];
  const isEnd = (line: string): boolean => line === END || line.endsWith(`\t${END}`);
  const readToEnd = new Set([
    ...(journal.includes(END) ? ["journal"] : []),
    ...lines.filter(isEnd).map((line) => line.slice(0, -END.length - 1)),
  ]);
  const sources = [...(answer.facts.get("sources")?.[0] ?? [])];
  const [now = "", zone = ""] = answer.facts.get("now")?.[0] ?? [];
  if (!/^\d{1,12}$/.test(now)) return NONSENSE;
  return {
    kind: "read",
    sources,
    partial: sources.filter((source) => !readToEnd.has(source)),
    journal: journal.filter((line) => !isEnd(line)),
    lines: lines.filter((line) => !isEnd(line)),
    now: Number(now),
    zone: /^[+-]\d{4}$/.test(zone) ? zone : null,
  };
}
