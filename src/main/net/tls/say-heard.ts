import type { StartTls } from "#shared/model/starttls.ts";

/** What speaks so, as people call it; and how it is written as a target, where it may turn to TLS. */
export type Speaker = { name: string; protocol: StartTls | null };

/** What greets, or answers in plain text, by how it begins. */
const SPEAKERS: readonly [RegExp, string, StartTls | null][] = [
  [/^SSH-/, "SSH", null],
  [/^HTTP\//, "plain HTTP", null],
  [/^220[ -].*(ftp)/i, "FTP", "ftp"],
  [/^220[ -]/, "SMTP or FTP", "smtp"],
  [/^\+OK/, "POP3", "pop3"],
  [/^\* (OK|PREAUTH|BYE)/, "IMAP", "imap"],
  [/^20[01] /, "NNTP", "nntp"],
  [/^"IMPLEMENTATION"/i, "ManageSieve", "sieve"],
  [/^(:\S+ )?NOTICE /, "IRC", "irc"],
  [/^RFB \d/, "VNC", null],
  [/^<(\?xml|stream:)/, "XMPP or other XML", null],
  [/^<(!doctype|html)/i, "HTML", null],
  [/^.\0\0\0[\x0a\xff]/s, "MySQL", "mysql"],
  [/^\xff[\xfa-\xfe]/, "Telnet", "telnet"],
];

/** A record of TLS: its type, then its version. */
const RECORD = /^[\x14-\x17]\x03[\0-\x04]/;

/** Null where it is not known. */
export function findSpeaker(heard: Uint8Array): Speaker | null {
  const start = startOf(heard, 200);
  const [, name, protocol] = SPEAKERS.find(([pattern]) => pattern.test(start)) ?? [];
  return name === undefined ? null : { name, protocol: protocol ?? null };
}

export const isTls = (heard: Uint8Array): boolean => RECORD.test(startOf(heard, 3));

/** The first line of what was heard, without anything that a terminal would act on. */
export const quoteHeard = (heard: Uint8Array, most = 60): string =>
  (startOf(heard, most).split(/[\r\n]/)[0] ?? "").replace(/[^\x20-\x7e]/g, "?");

const startOf = (heard: Uint8Array, most: number): string =>
  Buffer.from(heard.subarray(0, most)).toString("latin1");
