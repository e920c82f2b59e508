import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import { StartTls } from "#shared/model/starttls.ts";
import type { TlsTarget } from "#shared/model/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { recordProtocol } from "#testing/protocols/protocol-table.ts";
import { listen, startSilentServer, startTlsServer, type TestServer } from "#testing/servers.ts";
import { byteByByte, startRelay } from "#testing/tls/stalling-servers.ts";
import { SCRIPTS, type Script, startScriptedServer } from "#testing/tls/starttls-scripts.ts";
import { openTdsStream } from "./tds-stream.ts";

const certificate = await makeCertificate({ names: ["mail.example"] });
const signal = AbortSignal.timeout(60_000);
const { probeEndpoint } = createTlsProber();
/** For servers that never come to an end: how long they are waited for does not matter. */
const hasty = createTlsProber({ dialogueMs: 1_000, handshakeMs: 1_000 });

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

/** What is told of MS-TDS, and of Telnet's own option, no server in Debian could show. */
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

/** A server that says more than it should with its last words before TLS. */
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
  const heard: string[] = [];
  const stripped = (greeting: string, ...answers: string[]) =>
    serve((socket) => {
      socket.write(greeting);
      socket.on("data", (piece) => {
        heard.push(String(piece));
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
  expect(heard).toEqual(["EHLO latchkey.invalid\r\n", "EHLO latchkey.invalid\r\n", "STARTTLS\r\n"]);
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
