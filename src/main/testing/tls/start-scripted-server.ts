import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";
import type { StartTls } from "#shared/model/starttls.ts";
import { listen, type TestServer } from "#testing/servers.ts";
import { SCRIPTS, type Script } from "./starttls-scripts.ts";

type Served = {
  protocol: StartTls;
  certificate: { pem: string; keyPem: string };
  /** Instead of the script of a server that does what it should. */
  script?: Script;
  /** What TLS travels in, where that is not the connection itself. */
  wrap?: (socket: Socket) => Duplex;
};

/** A server that goes by a script until it turns to TLS, with a certificate to show then. */
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
