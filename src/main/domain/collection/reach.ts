import type { Reach, RuleFile } from "./collection.ts";
import { readEntry } from "./path-entry.ts";
import type { Record } from "./record.ts";

const AGENT_KINDS: readonly Reach["agents"][number]["kind"][] = ["forwarded", "local"];

export function readReach(records: readonly Record[]): Reach {
  const reach: Reach = { sudoers: [], sudoersFolders: new Map(), doas: [], agents: [], outbound: [] };
  const folders = new Map<string, string[]>();
  for (const record of records) {
    const path = record.say("path");
    const { kind } = record;
    if (kind === "sudoers" || kind === "doas") {
      const file = readRuleFile(record);
      if (file) reach[kind].push(file);
    } else if (kind === "sudoers-folder") folders.set(record.say("folder") ?? "", record.sayAll("path"));
    else if (kind === "agent") {
      const uid = record.say("uid") ?? "";
      const agentKind = AGENT_KINDS.find((known) => known === record.say("kind")) ?? "unknown";
      if (path !== null && /^\d{1,10}$/.test(uid))
        reach.agents.push({ path, uid: Number(uid), kind: agentKind });
    } else if ((kind === "known-hosts" || kind === "client-config") && path !== null)
      reach.outbound.push({ kind, path, account: record.say("account") ?? "", bytes: record.bytes });
  }
  return { ...reach, sudoersFolders: folders };
}

function readRuleFile(record: Record): RuleFile | null {
  const path = record.say("path");
  const listed = path === null ? null : readEntry(path, record.say("e") ?? "");
  if (path === null || !listed) return null;
  const { linkCount: _, size: __, ...entry } = listed;
  return { path, entry, bytes: record.bytes };
}
