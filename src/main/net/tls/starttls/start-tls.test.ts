import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { StartTls } from "#shared/model/hosts/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { recordProtocol } from "#testing/protocols/protocol-table.ts";
import { listen, startSilentServer, startTlsServer, type TestServer } from "#testing/servers.ts";
import { byteByByte, startRelay } from "#testing/tls/stalling-servers.ts";
import { SCRIPTS, type Script, startScriptedServer, wordsOf } from "#testing/tls/starttls-scripts.ts";
import { openTdsStream } from "./binary-protocols.ts";
import { Conversation, type Ending, MOST_BYTES } from "./negotiation.ts";
import { createNegotiation } from "./start-tls.ts";

const certificate = await makeCertificate({ names: ["mail.example"] });
const signal = AbortSignal.timeout(60_000);
const { probeEndpoint } = createTlsProber();
/** For servers that never finish: how long it waits does not matter. */
const hasty = createTlsProber({ negotiationMs: 1_000, handshakeMs: 1_000 });

const at = ({ endpoint }: Pick<TestServer, "endpoint">, protocol: StartTls): TlsTarget => ({
  kind: "tls",
  ...endpoint,
  serverName: "mail.example",
  protocol,
});

const startServer = (protocol: StartTls, script = SCRIPTS[protocol]) =>
  startScriptedServer({
    protocol,
    certificate,
    script,
    ...(protocol === "mssql" && { wrap: openTdsStream }),
  });

const SEEN = { outcome: "presented", message: "", chain: [Buffer.from(certificate.der)] };

/** Protocols for which Debian has no server to test this with: MS-TDS, and Telnet's own option. */
const SCRIPTED: Partial<Record<StartTls, string>> = { mssql: "PRELOGIN", telnet: "START_TLS (option 46)" };

test.for(StartTls.options)(
  "%s: an endpoint that turns to TLS shows its chain",
  async (protocol, { task }) => {
    await using server = await startServer(protocol);
    expect(await probeEndpoint(at(server, protocol), signal)).toMatchObject(SEEN);
    await using dripping = await startRelay(server, byteByByte);
    expect(await probeEndpoint(at(dripping, protocol), signal)).toMatchObject(SEEN);
    const name = SCRIPTED[protocol];
    if (name)
      recordProtocol(task, { protocol, server: name, isScripted: true, seen: "presented its certificate" });
  },
);

/** A server that appends more than it may to its last message before TLS. */
function saysMore({ greeting, turns }: Script, more: string): Script {
  const last = turns.at(-1);
  if (!last || last.answer === "") return { greeting: `${greeting}${more}`, turns };
  return { greeting, turns: [...turns.slice(0, -1), { ...last, answer: `${last.answer}${more}` }] };
}

test.for(StartTls.options)(
  "T10: plain text behind the go-ahead of %s is named, and nothing of it is used",
  async (protocol) => {
    await using server = await startServer(protocol, saysMore(SCRIPTS[protocol], "250 injected.example\r\n"));
    expect(await probeEndpoint(at(server, protocol), signal)).toMatchObject({
      outcome: "injected",
      chain: [],
      message: expect.stringContaining('"250 injected.example"'),
    });
  },
);

test("T10: plain text that comes in a segment of its own behind the go-ahead is the same fault", async () => {
  await using server = await serve((socket) => {
    const answers = ["250 STARTTLS\r\n", "220 go ahead\r\n", "250 injected.example\r\n"];
    socket.write("220 ready\r\n");
    socket.on("data", () => socket.write(answers.shift() ?? ""));
  });
  expect(await probeEndpoint(at(server, "smtp"), signal)).toMatchObject({
    outcome: "injected",
    message: expect.stringContaining('"250 injected.example"'),
  });
});

test("T10: a server that does not offer it, or says no, is never gone on with in plain text", async () => {
  const received: string[] = [];
  const stripped = (greeting: string, ...answers: string[]) =>
    serve((socket) => {
      socket.write(greeting);
      socket.on("data", (piece) => {
        received.push(String(piece));
        socket.write(answers.shift() ?? "");
      });
    });
  await using without = await stripped("220 ready\r\n", "250-XXXXXXXA\r\n250 SIZE\r\n");
  await using refusing = await stripped("220 ready\r\n", "250 STARTTLS\r\n", "454 no\u001b[2J TLS\r\n");
  await using away = await stripped("554 we know you\r\n");
  const messages = [];
  for (const server of [without, refusing, away]) {
    const { outcome, message, chain } = await probeEndpoint(at(server, "smtp"), signal);
    expect(chain).toEqual([]);
    messages.push(`${outcome}: ${message}`);
  }
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "no-starttls: the server offers no TLS within SMTP (STARTTLS); switch it on there, or name the port where it speaks TLS at once
    starttls-refused: the server refused STARTTLS: it said "454 no?[2J TLS"; its own log says why, often a certificate that it could not load
    refused: the server turned us away before STARTTLS: it said "554 we know you"; does it take connections from this computer?"
  `);
  expect(received).toEqual(["EHLO latchkey.invalid\r\n", "EHLO latchkey.invalid\r\n", "STARTTLS\r\n"]);
});

test("silence, a drip, a flood, garbage and a cut are told apart, with what to do", async () => {
  await using silent = await startSilentServer();
  await using atOnce = await startTlsServer();
  await using dripping = await serve((socket) => {
    const timer = setInterval(() => socket.write("2"), 20);
    socket.once("close", () => clearInterval(timer));
  });
  await using greetsForEver = await serve((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write("220-still not ready\r\n"));
    };
    socket.on("drain", more);
    more();
  });
  await using oneLine = await serve((socket) => socket.write("x".repeat(5_000)));
  await using garbage = await serve((socket) => socket.write(Buffer.alloc(64, 7)));
  await using cut = await serve((socket) => socket.end("220-one moment"));
  await using gone = await serve((socket) => socket.end());
  const endless = { silent, atOnce, dripping };
  const servers = { ...endless, greetsForEver, oneLine, garbage, cut, gone };
  const said: string[] = [];
  for (const [what, server] of Object.entries(servers)) {
    const prober = what in endless ? hasty : { probeEndpoint };
    const { outcome, message } = await prober.probeEndpoint(at(server, "smtp"), signal);
    said.push(`${what}: ${outcome}: ${message.replaceAll(/:\d+\b/g, ":PORT")}`);
  }
  expect(said.join("\n")).toMatchInlineSnapshot(`
    "silent: timed-out: the server took the connection and said nothing of SMTP within 1 seconds; if TLS is spoken there at once, write 127.0.0.1:PORT/mail.example
    atOnce: timed-out: the server took the connection and said nothing of SMTP within 1 seconds; if TLS is spoken there at once, write 127.0.0.1:PORT/mail.example
    dripping: timed-out: the server began to speak SMTP and did not come to TLS within 1 seconds
    greetsForEver: flooded: the server sent more than 100 lines of SMTP before TLS; the rest was not read
    oneLine: flooded: the server sent a line of more than 1024 bytes of SMTP before TLS; the rest was not read
    garbage: other-protocol: what listens there does not speak SMTP: it said "????????????????????????????????????????????????????????????"; if it turns to TLS, write its own protocol, such as imap://host:port
    cut: truncated: the server closed the connection in the middle of SMTP, before TLS
    gone: reset: the server closed the connection without a word of SMTP; if TLS is spoken there at once, write 127.0.0.1:PORT/mail.example"
  `);
});

test("a server of TLS that hangs up at LDAP is met with how to write it", async () => {
  await using atOnce = await startTlsServer();
  const { outcome, message } = await probeEndpoint(at(atOnce, "ldap"), signal);
  expect({ outcome, message: message.replace(/:\d+/, ":PORT") }).toEqual({
    outcome: "reset",
    message:
      "the server closed the connection without a word of LDAP; if TLS is spoken there at once, write 127.0.0.1:PORT/mail.example",
  });
});

test("only its signal makes it reject, in the middle of the talk as well", async () => {
  const aborting = new AbortController();
  await using server = await serve((socket) => {
    socket.write("220 ready\r\n");
    socket.on("data", () => aborting.abort(new Error("stopped")));
  });
  await expect(probeEndpoint(at(server, "smtp"), aborting.signal)).rejects.toThrow("stopped");
});

const serve = (talk: (socket: Socket) => void) => listen(createServer(talk));

const NAME = "mail.example";

/** What a client sends in answer to these pieces, and how it ends. */
function talk(protocol: StartTls, pieces: readonly Uint8Array[]): { said: string[]; ending: Ending | null } {
  const conversation = new Conversation(createNegotiation(protocol, NAME));
  const said = [conversation.opening];
  for (const piece of pieces) {
    const { send, ending } = conversation.take(piece);
    said.push(send);
    if (ending) return { said: said.map(text), ending };
  }
  return { said: said.map(text), ending: null };
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

const converse = (protocol: StartTls, ...texts: string[]) =>
  talk(
    protocol,
    texts.map((text) => Buffer.from(text, "latin1")),
  ).ending;

test.for(StartTls.options)("%s comes to TLS, whatever the pieces it is received in", (protocol) => {
  const words = wordsOf(SCRIPTS[protocol]);
  const whole = talk(protocol, words);
  expect(whole.ending).toEqual({ kind: "ready" });
  const bytes = Buffer.concat(words);
  const drip = talk(
    protocol,
    Array.from(bytes, (byte) => Buffer.of(byte)),
  );
  expect(drip.ending).toEqual({ kind: "ready" });
  expect(drip.said.join("")).toBe(whole.said.join(""));
  for (let cut = 1; cut < bytes.length; cut++)
    expect(talk(protocol, [bytes.subarray(0, cut)]).ending).toBeNull();
});

test.for(StartTls.options)(
  "in %s, what comes behind the last word before TLS is a fault, and not TLS",
  (protocol) => {
    const words = wordsOf(SCRIPTS[protocol]);
    const behind = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(behind, (extra) => {
        const pieces = [...words.slice(0, -1), Buffer.concat([words.at(-1) ?? Buffer.alloc(0), extra])];
        const { ending } = talk(protocol, pieces);
        expect(ending).not.toEqual({ kind: "ready" });
        expect(ending).toMatchObject({ kind: "injected", received: Buffer.from(extra) });
      }),
    );
  },
);

test.for(StartTls.options)(
  "nothing that is received makes the negotiation of %s throw, or go on for ever",
  (protocol) => {
    const words = Buffer.concat(wordsOf(SCRIPTS[protocol]));
    const noise = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 12 });
    const mutant = fc
      .tuple(fc.nat({ max: words.length }), fc.uint8Array({ maxLength: 4 }), fc.nat({ max: 4 }))
      .map(([at, put, gone]) => [words.subarray(0, at), put, words.subarray(at + gone)]);
    fc.assert(
      fc.property(fc.oneof(noise, mutant), (pieces) => {
        const { said, ending } = talk(protocol, [...pieces]);
        expect(said.join("").length).toBeLessThan(4_096 + pieces.length * 100);
        if (ending && "received" in ending) expect(ending.received.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  },
);

test.for(StartTls.options)("a server that never comes to an end in %s is cut off", (protocol) => {
  const begun = wordsOf(SCRIPTS[protocol]).slice(0, -1);
  const more = Array.from({ length: MOST_BYTES / 700 + 1 }, () => Buffer.alloc(700, "250-x\r\n"));
  expect(talk(protocol, [...begun, ...more]).ending).not.toBeNull();
});

test("each protocol says what its standard wants, and who we are only where it must be said", () => {
  const said = StartTls.options.map((protocol) => {
    const words = talk(protocol, wordsOf(SCRIPTS[protocol])).said.join("");
    return `${protocol}: ${JSON.stringify(words).replace(/[^ -~]/g, (each) => `\\x${each.charCodeAt(0).toString(16)}`)}`;
  });
  expect(said.join("\n")).toMatchInlineSnapshot(`
    "smtp: "EHLO latchkey.invalid\\r\\nSTARTTLS\\r\\n"
    lmtp: "LHLO latchkey.invalid\\r\\nSTARTTLS\\r\\n"
    imap: "a1 CAPABILITY\\r\\na2 STARTTLS\\r\\n"
    pop3: "CAPA\\r\\nSTLS\\r\\n"
    ftp: "AUTH TLS\\r\\n"
    ldap: "0\\u001d\\u0002\\u0001\\u0001w\\u0018\\x80\\u00161.3.6.1.4.1.1466.20037"
    xmpp: "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='mail.example' version='1.0'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    xmpp-server: "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='mail.example' version='1.0'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    nntp: "CAPABILITIES\\r\\nSTARTTLS\\r\\n"
    sieve: "STARTTLS\\r\\n"
    irc: "CAP LS\\r\\nSTARTTLS\\r\\n"
    telnet: "\\xff\\xfb.\\xff\\xfe\\u0001\\xff\\xfc\\u0018\\xff\\xfa.\\u0001\\xff\\xf0"
    postgres: "\\u0000\\u0000\\u0000\\b\\u0004\\xd2\\u0016/"
    mysql: " \\u0000\\u0000\\u0001\\u0000\\x8a\\b\\u0000\\u0000\\u0000\\u0000\\u0001-\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000"
    rdp: "\\u0003\\u0000\\u0000\\u0013\\u000e\\xe0\\u0000\\u0000\\u0000\\u0000\\u0000\\u0001\\u0000\\b\\u0000\\u0003\\u0000\\u0000\\u0000"
    mssql: "\\u0012\\u0001\\u0000\\u001a\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u000b\\u0000\\u0006\\u0001\\u0000\\u0011\\u0000\\u0001\\xff\\u000f\\u0000\\u0000\\u0000\\u0000\\u0000\\u0001""
  `);
});

test("a server that does not offer TLS is told from one that refuses it and one that turns us away", () => {
  const kinds = {
    "smtp without": converse("smtp", "220 x\r\n", "250-x\r\n250 SIZE\r\n"),
    "smtp that knows no EHLO": converse("smtp", "220 x\r\n", "500 what\r\n"),
    "smtp that says no": converse("smtp", "220 x\r\n", "250 STARTTLS\r\n", "454 4.7.0 TLS not available\r\n"),
    "smtp that is closed": converse("smtp", "554 go away\r\n"),
    "imap that is logged in": converse("imap", "* PREAUTH welcome\r\n"),
    "imap that ends": converse("imap", "* BYE overloaded\r\n"),
    "imap without": converse("imap", "* OK\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"),
    "imap that says no": converse(
      "imap",
      "* OK\r\n",
      "* CAPABILITY STARTTLS\r\na1 OK\r\n",
      "a2 NO not now\r\n",
    ),
    "pop3 without CAPA": converse("pop3", "+OK\r\n", "-ERR what\r\n"),
    "ftp without": converse("ftp", "220 x\r\n", "500 AUTH not understood\r\n"),
    "ftp that says no": converse("ftp", "220 x\r\n", "530 Please login\r\n"),
    "nntp without": converse("nntp", "201 x\r\n", "101 x\r\nREADER\r\n.\r\n"),
    "sieve without": converse("sieve", '"SIEVE" "x"\r\nOK\r\n'),
    "irc without": converse("irc", ":x NOTICE * :hi\r\n:x 421 * STARTTLS :Unknown command\r\n"),
    "irc that lists": converse("irc", ":x CAP * LS :multi-prefix sasl\r\n"),
    "irc that ends": converse("irc", "ERROR :Closing link\r\n"),
    "telnet without": converse("telnet", "\xff\xfe\x2e\xff\xfe\x25"),
    "postgres without": converse("postgres", "N"),
    "postgres that ends": converse("postgres", "E\0\0\0\x11SFATAL\0Mfull\0\0"),
    "mysql that blocks": converse("mysql", "\x09\0\0\0\xff\x6a\x04Host x"),
    "rdp without": converse("rdp", "\x03\0\0\x0b\x06\xd0\0\0\0\0\0"),
    "rdp that says no": converse("rdp", "\x03\0\0\x13\x0e\xd0\0\0\0\0\0\x03\0\x08\0\x03\0\0\0"),
    "ldap that knows it not": converse("ldap", "\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x02\x04\0\x04\x03bad"),
    "ldap that says no": converse("ldap", "\x30\x0f\x02\x01\x01\x78\x0a\x0a\x01\x34\x04\0\x04\x03bad"),
    "xmpp without": converse("xmpp", "<stream:stream><stream:features/>"),
    "xmpp of another name": converse(
      "xmpp",
      "<stream:stream><stream:error><host-unknown xmlns='x'/><text>no such host</text></stream:error>",
    ),
    "xmpp that offers nothing": converse(
      "xmpp",
      "<stream:stream><stream:error><undefined-condition/><text>No stream features to offer</text></stream:error>",
    ),
    "mssql without": converse("mssql", "\x04\x01\0\x0f\0\0\x01\0\x01\0\x06\0\x01\xff\x02"),
  };
  const format = (ending: Ending | null) =>
    ending === null ? "-" : `${ending.kind}${"said" in ending && ending.said ? `: ${ending.said}` : ""}`;
  const lines = Object.entries(kinds).map(([what, ending]) => `${what}: ${format(ending)}`);
  expect(lines.join("\n")).toMatchInlineSnapshot(`
    "smtp without: not-offered
    smtp that knows no EHLO: not-offered: 500 what
    smtp that says no: refused: 454 4.7.0 TLS not available
    smtp that is closed: turned-away: 554 go away
    imap that is logged in: refused: * PREAUTH welcome
    imap that ends: turned-away: * BYE overloaded
    imap without: not-offered
    imap that says no: refused: a2 NO not now
    pop3 without CAPA: not-offered: -ERR what
    ftp without: not-offered: 500 AUTH not understood
    ftp that says no: refused: 530 Please login
    nntp without: not-offered
    sieve without: not-offered
    irc without: not-offered: :x 421 * STARTTLS :Unknown command
    irc that lists: not-offered: :x CAP * LS :multi-prefix sasl
    irc that ends: turned-away: ERROR :Closing link
    telnet without: not-offered
    postgres without: not-offered
    postgres that ends: turned-away: full
    mysql that blocks: turned-away: Host x
    rdp without: not-offered
    rdp that says no: refused: it has no certificate
    ldap that knows it not: not-offered: result 2 bad
    ldap that says no: refused: result 52 bad
    xmpp without: not-offered
    xmpp of another name: turned-away: host-unknown: no such host
    xmpp that offers nothing: not-offered: undefined-condition: No stream features to offer
    mssql without: not-offered"
  `);
});

test("telnetd-ssl's own way, by the option of authentication, is taken where START_TLS is not known", () => {
  const { said, ending } = talk("telnet", [
    Buffer.from([255, 254, 46]),
    Buffer.from([255, 253, 37]),
    Buffer.from([255, 250, 37, 1, 2, 0, 7, 0, 255, 240]),
    Buffer.from([255, 250, 37, 2, 7, 0, 2, 255, 240]),
  ]);
  expect(ending).toEqual({ kind: "ready" });
  expect(said.map((text) => Buffer.from(text, "latin1").toString("hex"))).toEqual([
    "fffb2e",
    "fffb25",
    "",
    "fffa2500070001fff0",
    "",
  ]);
});

test.for(StartTls.options)(
  "what speaks another protocol than %s is told from one that does not offer TLS",
  (protocol) => {
    const greetings = [
      "SSH-2.0-OpenSSH_10.0\r\n",
      "HTTP/1.1 400 Bad Request\r\n",
      "\x15\x03\x01\0\x02\x02\x0a",
    ];
    for (const greeting of greetings) expect(converse(protocol, greeting)).toMatchObject({ kind: "other" });
  },
);
