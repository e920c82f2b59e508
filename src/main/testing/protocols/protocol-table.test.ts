import { expect, test } from "vitest";
import { formatProtocolTable, type ProtocolRow, recordProtocol } from "./protocol-table.ts";

test("what servers made of each protocol comes out as one table, real ones first, with what failed and what was not run", () => {
  const task = { meta: {} };
  const seen = "presented";
  recordProtocol(task, { protocol: "telnet", server: "START_TLS", isScripted: true, seen });
  recordProtocol(task, { protocol: "telnet", server: "telnetd-ssl", isScripted: false, seen });
  recordProtocol(task, { protocol: "smtp", server: "postfix", isScripted: false, seen });
  const { protocols } = task.meta as { protocols: ProtocolRow[] };
  const lines = formatProtocolTable(protocols, ["imap: shows what openssl sees"]).split("\n");
  expect(lines.map((line) => line.replace(/ {2,}/g, " | "))).toEqual([
    "PROTOCOL | SERVER | SEEN",
    "smtp | postfix | presented",
    "lmtp | not run",
    "imap | FAILED",
    ...["pop3", "ftp", "ldap", "xmpp", "xmpp-server", "nntp", "sieve", "irc"].map(
      (name) => `${name} | not run`,
    ),
    "telnet | telnetd-ssl | presented",
    " | scripted: START_TLS | presented",
    ...["postgres", "mysql", "rdp", "mssql"].map((name) => `${name} | not run`),
  ]);
});
