import { DAY_SECONDS, readOffset } from "#domain/use/log-dates.ts";
import type { AuthorizedKeysFile, Collection, HostFacts, Reach, RuleFile, Unread } from "./collection.ts";
import { dropSecrets } from "./drop-secrets.ts";
import { readEntry } from "./paths.ts";
import { readAccounts, readGroups } from "./read-accounts.ts";
import {
  readCertificateFiles,
  readDiskFiles,
  readHostKeys,
  readKeyFiles,
  readKeystores,
  readPemOrders,
  readSigningHost,
} from "./read-key-files.ts";
import { readLastLogins, readLogs } from "./read-logs.ts";
import { findUnreadableRoots, readListening, readServerConfigs } from "./read-servers.ts";
import {
  readAuthorizedKeysFiles,
  readChrootFolders,
  readRealHomes,
  readSshdFiles,
  readSshdSettings,
} from "./read-sshd.ts";
import { decodeRecord, type Record, readFrame } from "./stream.ts";
import { readUnreadable } from "./unreadable.ts";

/**
 * A collection from the collector's stream. Null when there is none: no first line with the nonce that was asked
 * for (any nonce, for a bundle). Never throws. A stream that was cut or changed gives what stands in it, and says
 * so in `incomplete`.
 */
export function readCollection(stream: Uint8Array, expect: { nonce: string | null }): Collection | null {
  const frame = readFrame(stream, expect.nonce);
  if (!frame) return null;
  const { records, dropped } = dropSecrets(frame.records.map(decodeRecord));
  const accounts = readAccounts(records);
  const host = readHost(records.find(({ kind }) => kind === "host"));
  const authorizedKeys = readAuthorizedKeysFiles(records, findToday(host.facts));
  const unread = [...readAllUnreadable(records), ...dropped, ...authorizedKeys.flatMap(formatUnreadable)];
  const listening = readListening(records);
  const [sshd, ...otherDaemons] = readSshdSettings(
    records,
    accounts.map(({ name }) => name),
  );
  const [certificateFiles, keyFiles] = [readCertificateFiles(records), readKeyFiles(records)];
  const pemOrders = readPemOrders(records, certificateFiles, keyFiles);
  const serverConfigs = readServerConfigs(records, {
    listening,
    unread,
    pemOrders,
    hostName: host.facts.hostname,
  });
  return {
    nonce: frame.nonce,
    incomplete: frame.incomplete,
    ...host,
    accounts,
    groups: readGroups(records),
    sshd,
    otherDaemons,
    sshdFiles: readSshdFiles(records),
    chrootFolders: readChrootFolders(records),
    realHomes: readRealHomes(records),
    authorizedKeys,
    keyFiles,
    signingHost: readSigningHost(records),
    hostKeys: readHostKeys(records),
    certificateFiles,
    serverConfigs,
    diskFiles: readDiskFiles(records),
    keystores: readKeystores(records),
    listening,
    logs: readLogs(records),
    lastLogins: readLastLogins(records),
    reach: readReach(records),
    unread: [...unread, ...findUnreadableRoots(listening, serverConfigs, unread)],
  };
}

/** The day by the host's own clock and zone, days since the epoch. */
const findToday = ({ unixTime, utcOffset }: HostFacts): number | null =>
  unixTime === null ? null : Math.floor((unixTime + readOffset(utcOffset)) / DAY_SECONDS);

function readAllUnreadable(records: readonly Record[]): Unread[] {
  return records.filter(({ kind }) => kind === "unread").flatMap((record) => readUnreadable(record) ?? []);
}

const formatUnreadable = ({ path, whyUnread, isCut }: AuthorizedKeysFile): Unread[] =>
  whyUnread === null ? [] : [{ kind: isCut ? "limit" : "authorized-keys", path, why: whyUnread }];

const AGENT_KINDS: readonly Reach["agents"][number]["kind"][] = ["forwarded", "local"];

function readReach(records: readonly Record[]): Reach {
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

type Readers = Pick<Collection, "facts" | "readAs" | "loginKey" | "loginAccount">;

/** What the collector says of the host and of itself; all unknown without its record. */
function readHost(record: Record | undefined): Readers {
  const say = (name: string) => record?.say(name) || null;
  const time = say("time");
  const facts: HostFacts = {
    hostname: say("hostname"),
    os: unquote(say("os")),
    kernel: say("kernel"),
    arch: say("arch"),
    unixTime: time !== null && /^\d{1,12}$/.test(time) ? Number(time) : null,
    utcOffset: /^[+-]\d{4}$/.test(say("offset") ?? "") ? say("offset") : null,
    sshdVersion: say("sshd"),
    closedBy: say("closed-by"),
    isClosedUnderPam: say("pam-nologin") === null ? null : say("pam-nologin") === "yes",
    isDebianSshd: say("sshd-for") === "debian",
  };
  return {
    facts,
    readAs: {
      uid: Number(/^\d+$/.exec(say("uid") ?? "")?.[0] ?? -1),
      user: say("user") ?? "",
      how: say("how") === "sudo" ? "sudo" : "login",
    },
    loginKey: say("login-key"),
    loginAccount: say("login-account"),
  };
}

/** A value of os-release as the shell would take it. */
function unquote(text: string | null): string | null {
  if (text === null) return null;
  const [, quoted = null] = /^(?:"(.*)"|'(.*)')\s*$/s.exec(text)?.filter((part) => part !== undefined) ?? [];
  return quoted === null ? text : quoted.replace(/\\(["$`\\])/g, "$1");
}
