import { DAY_SECONDS, readOffset } from "#domain/use/times.ts";
import { readAccounts, readGroups } from "./accounts.ts";
import { readAuthorizedKeysFiles } from "./authorized-keys-files.ts";
import { readCertificateFiles, readPemOrders } from "./certificate-files.ts";
import type { AuthorizedKeysFile, Collection, HostFacts, Unread } from "./collection.ts";
import { readDiskFiles, readKeystores } from "./disk-files.ts";
import { dropSecrets } from "./drop-secrets.ts";
import { readFrame } from "./frame.ts";
import { readHost } from "./host-facts.ts";
import { readHostKeys, readKeyFiles, readSigningHost } from "./key-files.ts";
import { readLastLogins } from "./last-logins.ts";
import { readListening } from "./listeners.ts";
import { readLogs } from "./logs.ts";
import { readReach } from "./reach.ts";
import { decodeRecord, type Record } from "./record.ts";
import { findUnreadRoots, readServerConfigs } from "./server-configs.ts";
import { readChrootFolders, readRealHomes, readSshdFiles } from "./sshd-files.ts";
import { readSshdSettings } from "./sshd-settings.ts";
import { readUnread } from "./unread.ts";

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
  const unread = [...readAllUnread(records), ...dropped, ...authorizedKeys.flatMap(sayUnread)];
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
    unread: [...unread, ...findUnreadRoots(listening, serverConfigs, unread)],
  };
}

/** The day by the host's own clock and zone, days since the epoch. */
const findToday = ({ unixTime, utcOffset }: HostFacts): number | null =>
  unixTime === null ? null : Math.floor((unixTime + readOffset(utcOffset)) / DAY_SECONDS);

function readAllUnread(records: readonly Record[]): Unread[] {
  return records.filter(({ kind }) => kind === "unread").flatMap((record) => readUnread(record) ?? []);
}

const sayUnread = ({ path, whyUnread, isCut }: AuthorizedKeysFile): Unread[] =>
  whyUnread === null ? [] : [{ kind: isCut ? "limit" : "authorized-keys", path, why: whyUnread }];
