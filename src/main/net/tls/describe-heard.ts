import type { StartTls } from "#shared/model/hosts/target.ts";

/** What speaks so, as people call it; and how it is written as a target, where it may turn to TLS. */
type Speaker = { name: string; protocol: StartTls | null };

/** What greets, or answers in plain text, by how it begins. */
const SPEAKERS: readonly [RegExp, string, StartTls | null][] = [
  [/^SSH-/, "SSH", null],
  [/^HTTP\//, "plain HTTP", null],
  [/^220[ -].*(ftp)/i, "FTP", "ftp"],
  [/^220[ -]/, "SMTP or FTP", "smtp"],
  // With an enhanced status code (RFC 3463), as to whom speaks out of turn.
  [/^[245]\d\d[ -]\d\.\d{1,3}\.\d{1,3} /, "SMTP", "smtp"],
  [/^\+OK/, "POP3", "pop3"],
  [/^\* (OK|PREAUTH|BYE)/, "IMAP", "imap"],
  [/^20[01] /, "NNTP", "nntp"],
  [/^"IMPLEMENTATION"/i, "ManageSieve", "sieve"],
  [/^(:\S+ )?NOTICE /, "IRC", "irc"],
  [/^RFB \d/, "VNC", null],
  [/^<(\?xml|stream:)/, "XMPP or other XML", null],
  [/^<(!doctype|html)/i, "HTML", null],
  [/^\xff[\xfa-\xfe]/, "Telnet", "telnet"],
];

/** Null where it is not known. */
export function findSpeaker(heard: Uint8Array): Speaker | null {
  const start = startOf(heard, 200);
  const [, name, protocol] = SPEAKERS.find(([pattern]) => pattern.test(start)) ?? [];
  if (name !== undefined) return { name, protocol: protocol ?? null };
  return isMysql(heard) ? { name: "MySQL", protocol: "mysql" } : null;
}

/** A record of TLS: its type, then its version. */
export const isTls = ([type = 0, major, minor]: Uint8Array): boolean =>
  type >= 0x14 && type <= 0x17 && major === 3 && (minor === undefined || minor <= 4);

/** The first packet of a connection, which holds version 10 of the protocol, or an error. */
const isMysql = ([, , , number, version]: Uint8Array): boolean =>
  number === 0 && (version === 10 || version === 0xff);

/** The first line of what was heard, without anything that a terminal would act on. */
export const quoteHeard = (heard: Uint8Array, most = 60): string =>
  (startOf(heard, most).split(/[\r\n]/)[0] ?? "").replace(/[^\x20-\x7e]/g, "?");

const startOf = (heard: Uint8Array, most: number): string =>
  Buffer.from(heard.subarray(0, most)).toString("latin1");
