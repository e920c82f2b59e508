import { contentOf, octetsOf, openNode, partsOf, readSize, TAG, tagOf } from "#codec/der.ts";
import type { StartTls } from "#shared/model/starttls.ts";
import { MORE, type Negotiation, type Step } from "./dialogue.ts";
import { createLineNegotiation } from "./line-dialogue.ts";
import { LINE_TALKS } from "./line-talks.ts";
import { createMssqlNegotiation } from "./mssql.ts";
import { createMysqlNegotiation } from "./mysql.ts";
import { createPostgresNegotiation } from "./postgres.ts";
import { createRdpNegotiation } from "./rdp.ts";
import { createTelnetNegotiation } from "./telnet.ts";
import { createXmppNegotiation } from "./xmpp.ts";

/** The dialogue of a protocol for one connection; `name`: the name or address that the server is asked for by. */
export function createNegotiation(protocol: StartTls, name: string): Negotiation {
  switch (protocol) {
    case "ldap":
      return createLdapNegotiation();
    case "xmpp":
      return createXmppNegotiation(name, "client");
    case "xmpp-server":
      return createXmppNegotiation(name, "server");
    case "telnet":
      return createTelnetNegotiation();
    case "postgres":
      return createPostgresNegotiation();
    case "mysql":
      return createMysqlNegotiation();
    case "rdp":
      return createRdpNegotiation();
    case "mssql":
      return createMssqlNegotiation();
    default:
      return createLineNegotiation(LINE_TALKS[protocol]);
  }
}

/** An ExtendedRequest that names StartTLS and nothing else (RFC 4511 section 4.14.1), as message 1. */
const START_TLS = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from("1.3.6.1.4.1.1466.20037"),
]);

const [EXTENDED_RESPONSE, ENUMERATED] = [0x78, 0x0a];
const MOST_MESSAGE = 16 * 1024;

/** What servers answer by (RFC 4511 section 4.1.9) when they do not know StartTLS. */
const PROTOCOL_ERROR = 2;

const createLdapNegotiation = (): Negotiation => ({ opening: START_TLS, next });

function next(heard: Buffer): Step {
  if (heard[0] !== TAG.sequence) return { kind: "other", heard };
  const size = readSize(heard);
  if (size === "broken" || (size ?? 0) > MOST_MESSAGE) return { kind: "other", heard };
  if (size === null || heard.length < size) return MORE;
  const [id, response] = partsOf(openNode(heard));
  const number = contentOf(id, TAG.integer);
  if (!number || tagOf(response) !== EXTENDED_RESPONSE) return { kind: "other", heard };
  const [result, , diagnostic] = partsOf(response);
  const status = contentOf(result, ENUMERATED);
  const code = status?.length === 1 ? status[0] : undefined;
  if (code === undefined) return { kind: "other", heard };
  const said = `result ${code} ${octetsOf(diagnostic)?.toString("utf8") ?? ""}`.trim();
  // A message of no number tells that the server ends the connection (section 4.4.1).
  if (number.every((byte) => byte === 0)) return { kind: "turned-away", said };
  if (code === 0) return { kind: "ready", used: size };
  return { kind: code === PROTOCOL_ERROR ? "not-offered" : "refused", said };
}
