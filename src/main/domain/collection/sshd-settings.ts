import type { SshdSettings } from "./collection.ts";
import type { Record } from "./record.ts";

/** sshd's settings: its own answers an account, and its files with what they include. */
export function readSshdSettings(records: readonly Record[], accounts: readonly string[]): SshdSettings {
  const answers = new Map<string, Map<string, string[]>>();
  const effective = new Map<string, Map<string, string[]>>();
  const files = new Map<string, Uint8Array>();
  const includes = new Map<string, string[]>();
  for (const record of records) {
    if (record.kind === "effective") answers.set(record.say("set") ?? "", readAnswer(record.bytes));
    if (record.kind === "effective-for") {
      const answer = answers.get(record.say("set") ?? "");
      const account = record.say("account");
      const named = account === null ? accounts : [account];
      if (answer) for (const name of named) effective.set(name, answer);
    }
    if (record.kind === "config") files.set(record.say("path") ?? "", record.bytes);
    if (record.kind === "include") includes.set(record.say("pattern") ?? "", record.sayAll("path"));
  }
  return { effective: effective.size > 0 ? effective : null, files, includes };
}

/** What `sshd -T` printed: a keyword and the rest of its line, which is one value however many words it has. */
function readAnswer(bytes: Uint8Array): Map<string, string[]> {
  const answer = new Map<string, string[]>();
  for (const line of Buffer.from(bytes).toString("utf8").split("\n")) {
    const [, keyword = "", value = ""] = /^(\S+)(?: (.*))?$/.exec(line) ?? [];
    if (!keyword) continue;
    const name = keyword.toLowerCase();
    answer.set(name, [...(answer.get(name) ?? []), value]);
  }
  return answer;
}
