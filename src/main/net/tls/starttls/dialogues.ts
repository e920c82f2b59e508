import type { StartTls } from "#shared/model/starttls.ts";
import type { Dialogue } from "./dialogue.ts";
import { createLdapDialogue } from "./ldap.ts";
import { createLineDialogue } from "./line-dialogue.ts";
import { LINE_TALKS } from "./line-talks.ts";
import { createMssqlDialogue } from "./mssql.ts";
import { createMysqlDialogue } from "./mysql.ts";
import { createPostgresDialogue } from "./postgres.ts";
import { createRdpDialogue } from "./rdp.ts";
import { createTelnetDialogue } from "./telnet.ts";
import { createXmppDialogue } from "./xmpp.ts";

/** The dialogue of a protocol for one connection; `name`: the name or address that the server is asked for by. */
export function createDialogue(protocol: StartTls, name: string): Dialogue {
  switch (protocol) {
    case "ldap":
      return createLdapDialogue();
    case "xmpp":
      return createXmppDialogue(name, "client");
    case "xmpp-server":
      return createXmppDialogue(name, "server");
    case "telnet":
      return createTelnetDialogue();
    case "postgres":
      return createPostgresDialogue();
    case "mysql":
      return createMysqlDialogue();
    case "rdp":
      return createRdpDialogue();
    case "mssql":
      return createMssqlDialogue();
    default:
      return createLineDialogue(LINE_TALKS[protocol]);
  }
}
