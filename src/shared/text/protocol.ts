import type { Protocol } from "../model/starttls.ts";

const NAMES: Record<Protocol, string> = {
  tls: "TLS",
  smtp: "SMTP",
  lmtp: "LMTP",
  imap: "IMAP",
  pop3: "POP3",
  ftp: "FTP",
  ldap: "LDAP",
  xmpp: "XMPP",
  "xmpp-server": "XMPP (server)",
  nntp: "NNTP",
  sieve: "ManageSieve",
  irc: "IRC",
  telnet: "Telnet",
  postgres: "PostgreSQL",
  mysql: "MySQL",
  rdp: "RDP",
  mssql: "MS-TDS",
};

/** A protocol as people write its name. */
export const formatProtocol = (protocol: Protocol): string => NAMES[protocol];
