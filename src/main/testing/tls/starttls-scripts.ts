import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { StartTls } from "#shared/model/hosts/target.ts";
import { listen, type TestServer } from "#testing/servers.ts";

/**
 * What a STARTTLS server sends, by protocol: its greeting, and then its answer to each command. `takes`: how many bytes
 * of what was received belong to the command; by default all of them, unless the client continues without waiting for
 * an answer.
 */
export type Script = { greeting: string; turns: readonly { takes?: number; answer: string }[] };

/** Bytes as characters with the same code. */
const bytes = (...list: readonly number[]): string => String.fromCharCode(...list);

const [IAC, DO, WILL, SB, SE] = [255, 253, 251, 250, 240];

const XMPP_HEAD =
  "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
const XMPP: Script = {
  greeting: "",
  turns: [
    {
      answer: `${XMPP_HEAD}<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>`,
    },
    { answer: "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>" },
  ],
};

const MAIL: Script = {
  greeting: "220-mail.example waits\r\n220 mail.example ready\r\n",
  turns: [
    { answer: "250-mail.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n" },
    { answer: "220 go ahead\r\n" },
  ],
};

/** Protocol 10, version 8.0, connection 7, eight bytes for the login, a filler, CLIENT_SSL and more, and the rest. */
const MYSQL_GREETING = `\x0a8.0\0${bytes(7, 0, 0, 0)}abcdefgh\0${bytes(0xff, 0xff, 45, 2, 0, 0xff, 0xcf, 21)}${"\0".repeat(10)}abcdefghijkl\0caching\0`;

const TDS_ANSWER = bytes(0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 1);

export const SCRIPTS: Record<StartTls, Script> = {
  smtp: MAIL,
  lmtp: MAIL,
  imap: {
    greeting: "* OK [CAPABILITY IMAP4rev1] ready\r\n",
    turns: [
      { answer: "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n" },
      { answer: "a2 OK begin\r\n" },
    ],
  },
  pop3: {
    greeting: "+OK ready\r\n",
    turns: [{ answer: "+OK\r\nTOP\r\nSTLS\r\nUIDL\r\n.\r\n" }, { answer: "+OK begin\r\n" }],
  },
  ftp: {
    greeting: "220-Welcome\r\n to the archive\r\n220 ready\r\n",
    turns: [{ answer: "234 AUTH TLS successful\r\n" }],
  },
  ldap: {
    greeting: "",
    turns: [{ answer: bytes(0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0) }],
  },
  xmpp: XMPP,
  "xmpp-server": XMPP,
  nntp: {
    greeting: "200 news.example ready\r\n",
    turns: [{ answer: "101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n" }, { answer: "382 begin\r\n" }],
  },
  sieve: {
    greeting: '"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK "ready"\r\n',
    turns: [{ answer: 'OK "begin"\r\n' }],
  },
  irc: {
    greeting: "",
    turns: [
      {
        answer:
          ":irc.example NOTICE * :looking up\r\n:irc.example CAP * LS :sasl tls\r\n:irc.example 670 * :begin\r\n",
      },
    ],
  },
  telnet: {
    greeting: "",
    turns: [
      { answer: `${bytes(IAC, WILL, 1, IAC, DO, 24, IAC, DO, 46)}hello\r\n` },
      { answer: bytes(IAC, SB, 46, 1, IAC, SE) },
    ],
  },
  postgres: { greeting: "", turns: [{ answer: "S" }] },
  mysql: {
    greeting: `${bytes(MYSQL_GREETING.length, 0, 0, 0)}${MYSQL_GREETING}`,
    turns: [{ takes: 36, answer: "" }],
  },
  rdp: {
    greeting: "",
    turns: [{ answer: bytes(3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0) }],
  },
  mssql: {
    greeting: "",
    turns: [{ answer: `${bytes(4, 1, 0, 8 + TDS_ANSWER.length, 0, 0, 1, 0)}${TDS_ANSWER}` }],
  },
};

/** Everything that a server sends before TLS, in order. */
export const wordsOf = ({ greeting, turns }: Script): Buffer[] =>
  [greeting, ...turns.map(({ answer }) => answer)]
    .filter((text) => text !== "")
    .map((text) => Buffer.from(text, "latin1"));

type Served = {
  protocol: StartTls;
  certificate: { pem: string; keyPem: string };
  /** Replaces the script of a server that behaves correctly. */
  script?: Script;
  /** The stream around TLS, if it is not the connection itself. */
  wrap?: (socket: Socket) => Duplex;
};

/** A server that follows a script until TLS begins, and then presents a certificate. */
export function startScriptedServer({ protocol, certificate, script, wrap }: Served): Promise<TestServer> {
  const secureContext = createSecureContext({ cert: certificate.pem, key: certificate.keyPem });
  return listen(
    createServer((socket) =>
      follow(socket, script ?? SCRIPTS[protocol], () => {
        const stream = wrap ? wrap(socket) : socket;
        const tls = new TLSSocket(stream as Socket, { isServer: true, secureContext });
        tls.on("error", () => socket.destroy()).resume();
      }),
    ),
  );
}

function follow(socket: Socket, { greeting, turns }: Script, turnToTls: () => void): void {
  let at = 0;
  const say = (text: string) => text !== "" && socket.write(Buffer.from(text, "latin1"));
  const answer = (asked: Buffer) => {
    const turn = turns[at];
    if (!turn) return;
    say(turn.answer);
    if (++at < turns.length) return;
    socket.off("data", answer).pause();
    const rest = asked.subarray(turn.takes ?? asked.length);
    if (rest.length > 0) socket.unshift(rest);
    turnToTls();
  };
  say(greeting);
  socket.on("data", answer);
}
