import type { Socket } from "node:net";
import type { Protocol } from "#shared/model/starttls.ts";

/** What a server says last before we say the next, and what we say then; bytes as Latin-1. */
type Turn = { isOver: (heard: string) => boolean; say: string };

const line = (until: RegExp, say = ""): Turn => ({ isOver: (heard) => until.test(heard), say });

/** RFC 4511, section 4.14.1: an extended request of StartTLS, by its number. */
const LDAP = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/** A request for TLS, which a MariaDB that has it takes for the first of a log-in. */
const MYSQL = "\x20\0\0\x01\x05\xae\x03\0\0\0\0\x01\x21".padEnd(36, "\0");
const POSTGRES = "\0\0\0\x08\x04\xd2\x16\x2f";

const TALKS: { [protocol in Protocol]?: { opening: string; turns: Turn[] } } = {
  smtp: {
    opening: "",
    turns: [
      line(/^220 .*\r\n$/s, "EHLO oracle.test\r\n"),
      line(/^250 .*\r\n$/m, "STARTTLS\r\n"),
      line(/^220 .*\r\n$/s),
    ],
  },
  imap: { opening: "", turns: [line(/^\* OK .*\r\n$/s, "a STARTTLS\r\n"), line(/^a OK .*\r\n$/m)] },
  pop3: { opening: "", turns: [line(/^\+OK.*\r\n$/s, "STLS\r\n"), line(/^\+OK.*\r\n$/s)] },
  ldap: { opening: LDAP, turns: [{ isOver: (heard) => heard.includes("\x0a\x01\0"), say: "" }] },
  postgres: { opening: POSTGRES, turns: [line(/^S$/)] },
  mysql: { opening: "", turns: [{ isOver: (heard) => heard.length > 60, say: MYSQL }] },
};

/** Asks for TLS as the protocol has it; false where it is not offered. What the server says is not judged any further. */
export async function talk(socket: Socket, protocol: Protocol): Promise<boolean> {
  const found = TALKS[protocol];
  if (!found) return false;
  if (found.opening !== "") socket.write(found.opening, "latin1");
  for (const { isOver, say } of found.turns) {
    if (!(await hear(socket, isOver))) return false;
    if (say !== "") socket.write(say, "latin1");
  }
  return true;
}

/** Until it has come, or the server has said a whole line, or ended, without it. */
async function hear(socket: Socket, isOver: Turn["isOver"]): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let heard = "";
  const take = (piece: Buffer) => {
    heard += piece.toString("latin1");
    if (isOver(heard)) resolve(true);
    else if (/^(?:[45]\d\d |a (?:NO|BAD)|-ERR|N$)/m.test(heard)) resolve(false);
  };
  const end = () => resolve(false);
  socket.on("data", take).on("close", end).on("end", end).on("error", end);
  // It is paused from one turn to the next.
  socket.resume();
  const found = await promise;
  socket.pause();
  socket.off("data", take).off("close", end).off("end", end);
  return found;
}
