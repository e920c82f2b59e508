import type { SshdSettings } from "./collection.ts";
import type { Record } from "./record.ts";

type Draft = {
  daemon: string;
  readAt: number | null;
  effective: Map<string, Map<string, string[]>>;
  files: Map<string, Uint8Array>;
  changedAt: Map<string, number>;
  includes: Map<string, string[]>;
};

const createDraft = (): Draft => ({
  daemon: "",
  readAt: null,
  effective: new Map(),
  files: new Map(),
  changedAt: new Map(),
  includes: new Map(),
});

/** The settings of each daemon, one at least: its own answers an account, and its files with what they include. */
export function readSshdSettings(
  records: readonly Record[],
  accounts: readonly string[],
): [SshdSettings, ...SshdSettings[]] {
  const answers = new Map<string, Map<string, string[]>>();
  const drafts = new Map<string, Draft>();
  const draftOf = (number: string): Draft => {
    const draft = drafts.get(number) ?? createDraft();
    drafts.set(number, draft);
    return draft;
  };
  let current = draftOf(FIRST);
  for (const record of records) {
    if (record.kind === "daemon") {
      current = draftOf(record.say("number") ?? FIRST);
      current.daemon = record.say("title")?.trim() ?? "";
      current.readAt = readTime(record.say("read-at"));
    }
    if (record.kind === "effective") answers.set(record.say("set") ?? "", readAnswer(record.bytes));
    if (record.kind === "effective-for") {
      const answer = answers.get(record.say("set") ?? "");
      const { effective } = draftOf(record.say("daemon") ?? FIRST);
      const account = record.say("account");
      const named = account === null ? accounts : [account];
      if (answer) for (const name of named) effective.set(name, answer);
    }
    if (record.kind === "config") takeConfig(record, current);
    if (record.kind === "include") current.includes.set(record.say("pattern") ?? "", record.sayAll("path"));
  }
  const [first = createDraft(), ...others] = drafts.values();
  return [toSettings(first), ...others.map(toSettings)];
}

const FIRST = "1";

const toSettings = (draft: Draft): SshdSettings => ({
  ...draft,
  effective: draft.effective.size > 0 ? draft.effective : null,
});

function takeConfig(record: Record, { files, changedAt }: Draft): void {
  const path = record.say("path") ?? "";
  files.set(path, record.bytes);
  const time = readTime(record.say("mtime"));
  if (time !== null) changedAt.set(path, time);
}

const readTime = (text: string | null): number | null =>
  text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;

/** What `sshd -T` printed: a keyword and the rest of its line, which is one value however many words it has. */
function readAnswer(bytes: Uint8Array): Map<string, string[]> {
  const answer = new Map<string, string[]>();
  for (const line of Buffer.from(bytes).toString("utf8").split("\n")) {
    const [, keyword = "", value = ""] = /^(\S+)(?: (.*))?$/.exec(line) ?? [];
    if (!keyword) continue;
    const name = keyword.toLowerCase();
    const values = answer.get(name);
    if (values) values.push(value);
    else answer.set(name, [value]);
  }
  return answer;
}
