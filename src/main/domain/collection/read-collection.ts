import { DAY_SECONDS, readOffset } from "#domain/use/log-dates.ts";
import type { AuthorizedKeysFile, Collection, HostFacts, Reach, RuleFile, Unreadable } from "./collection.ts";
import { dropSecrets } from "./drop-secrets.ts";
import { readPathEntry } from "./paths.ts";
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
import { readLastLogins, readLogs, readSuLog } from "./read-logs.ts";
import { findUnreadableRoots, readListening, readServerConfigs } from "./read-servers.ts";
import {
  readAuthorizedKeysFiles,
  readChrootFolders,
  readRealHomes,
  readSshdFiles,
  readSshdSettings,
} from "./read-sshd.ts";
import { readWorkloads } from "./read-workloads.ts";
import { decodeRecord, type Record, readFrame } from "./stream.ts";
import { readUnreadable } from "./unreadable.ts";

/**
 * Parses the collector's stream. Null if there is none: no first line with the expected nonce (any nonce, for a
 * bundle). Never throws. A stream that was cut or changed gives what is left of it, and `incomplete` says so.
 */
export function readCollection(stream: Uint8Array, expect: { nonce: string | null }): Collection | null {
  const frame = readFrame(stream, expect.nonce);
  if (!frame) return null;
  const { records, dropped } = dropSecrets(frame.records.map(decodeRecord));
  const accounts = readAccounts(records);
  const host = readHost(records.find(({ kind }) => kind === "host"));
  const authorizedKeys = readAuthorizedKeysFiles(records, findToday(host.facts));
  const unreadable = [...readAllUnreadable(records), ...dropped, ...authorizedKeys.flatMap(listUnreadable)];
  const listening = readListening(records);
  const [sshd, ...otherDaemons] = readSshdSettings(
    records,
    accounts.map(({ name }) => name),
  );
  const [certificateFiles, keyFiles] = [readCertificateFiles(records), readKeyFiles(records)];
  const pemOrders = readPemOrders(records, certificateFiles, keyFiles);
  const serverConfigs = readServerConfigs(records, {
    listening,
    unreadable,
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
    suLog: readSuLog(records),
    lastLogins: readLastLogins(records),
    reach: readReach(records),
    workloads: readWorkloads(records),
    unreadable: [...unreadable, ...findUnreadableRoots(listening, serverConfigs, unreadable)],
  };
}

/** The day by the host's own clock and zone, days since the epoch. */
const findToday = ({ unixTime, utcOffset }: HostFacts): number | null =>
  unixTime === null ? null : Math.floor((unixTime + readOffset(utcOffset)) / DAY_SECONDS);

function readAllUnreadable(records: readonly Record[]): Unreadable[] {
  return records.filter(({ kind }) => kind === "unread").flatMap((record) => readUnreadable(record) ?? []);
}

const listUnreadable = ({ path, whyUnreadable, isCut }: AuthorizedKeysFile): Unreadable[] =>
  whyUnreadable === null ? [] : [{ kind: isCut ? "limit" : "authorized-keys", path, why: whyUnreadable }];

const AGENT_KINDS: readonly Reach["agents"][number]["kind"][] = ["forwarded", "local"];

function readReach(records: readonly Record[]): Reach {
  const reach: Reach = {
    sudoers: [],
    sudoersFolders: new Map(),
    doas: [],
    privilegedPaths: records
      .filter(({ kind }) => kind === "privileged-path")
      .flatMap((record) => readPathEntry(record.value("path") ?? "", record.value("e") ?? "") ?? []),
    agents: [],
    outbound: [],
  };
  const folders = new Map<string, string[]>();
  for (const record of records) {
    const path = record.value("path");
    const { kind } = record;
    if (kind === "sudoers" || kind === "doas") {
      const file = readRuleFile(record);
      if (file) reach[kind].push(file);
    } else if (kind === "sudoers-folder") folders.set(record.value("folder") ?? "", record.values("path"));
    else if (kind === "agent") {
      const uid = record.value("uid") ?? "";
      const agentKind = AGENT_KINDS.find((known) => known === record.value("kind")) ?? "unknown";
      if (path !== null && /^\d{1,10}$/.test(uid))
        reach.agents.push({ path, uid: Number(uid), kind: agentKind });
    } else if ((kind === "known-hosts" || kind === "client-config") && path !== null)
      reach.outbound.push({ kind, path, account: record.value("account") ?? "", bytes: record.bytes });
  }
  return { ...reach, sudoersFolders: folders };
}

function readRuleFile(record: Record): RuleFile | null {
  const path = record.value("path");
  const entry = path === null ? null : readPathEntry(path, record.value("e") ?? "");
  return path === null || !entry ? null : { path, entry, bytes: record.bytes };
}

type Readers = Pick<Collection, "facts" | "readAs" | "loginKey" | "loginAccount">;

/** What the collector says of the host and of itself; all unknown without its record. */
function readHost(record: Record | undefined): Readers {
  const value = (name: string) => record?.value(name) || null;
  const time = value("time");
  const facts: HostFacts = {
    hostname: value("hostname"),
    os: unquote(value("os")),
    kernel: value("kernel"),
    arch: value("arch"),
    unixTime: time !== null && /^\d{1,12}$/.test(time) ? Number(time) : null,
    utcOffset: /^[+-]\d{4}$/.test(value("offset") ?? "") ? value("offset") : null,
    sshdVersion: value("sshd"),
    closedBy: value("closed-by"),
    isClosedUnderPam: value("pam-nologin") === null ? null : value("pam-nologin") === "yes",
    isDebianSshd: value("sshd-for") === "debian",
  };
  return {
    facts,
    readAs: {
      uid: Number(/^\d+$/.exec(value("uid") ?? "")?.[0] ?? -1),
      user: value("user") ?? "",
      how: value("how") === "sudo" ? "sudo" : "login",
    },
    loginKey: value("login-key"),
    loginAccount: value("login-account"),
  };
}

/** A value of os-release as the shell would read it. */
function unquote(text: string | null): string | null {
  if (text === null) return null;
  const [, quoted = null] = /^(?:"(.*)"|'(.*)')\s*$/s.exec(text)?.filter((part) => part !== undefined) ?? [];
  return quoted === null ? text : quoted.replace(/\\(["$`\\])/g, "$1");
}
