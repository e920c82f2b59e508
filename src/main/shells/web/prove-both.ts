import type { WebSocket } from "ws";
import { HANDSHAKE_MS, PageHello, PageProof, type ServerProof } from "#shared/contract/web-protocol.ts";
import { digestSecret, isSecret, makeSecret, prove } from "./secret.ts";
import type { Session, Sessions } from "./sessions.ts";

/** What a word must be. */
type Shape<T> = { safeParse(value: unknown): { data?: T | undefined } };

/** No word of a handshake is longer. */
const MOST_BYTES = 512;

/**
 * Proves to whoever opened a WebSocket that this is the server of their session, and has them prove that they hold it.
 * Answers with the session, which may be over; null when they did not, in time. The socket is for the caller to close.
 */
export async function proveBoth(
  wire: WebSocket,
  sessions: Sessions,
  authority: string,
): Promise<Session | null> {
  const hello = await nextWord(wire, PageHello);
  const session = hello && sessions.find(hello.session);
  if (!session) return null;
  const serverNonce = makeSecret();
  const handshake = { authority, session: session.id, pageNonce: hello.nonce, serverNonce };
  const answer: ServerProof = {
    nonce: serverNonce,
    proof: prove("server", session.secret, handshake),
  };
  wire.send(JSON.stringify(answer));
  const theirs = await nextWord(wire, PageProof);
  const expected = digestSecret(prove("page", session.secret, handshake));
  return theirs && isSecret(theirs.proof, expected) ? session : null;
}

/** The next message where it is such a word; null when it is not, or none comes in time. */
async function nextWord<T>(wire: WebSocket, shape: Shape<T>): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<T | null>();
  const timeout = setTimeout(() => resolve(null), HANDSHAKE_MS);
  const onMessage = (data: Buffer, isBinary: boolean) => resolve(isBinary ? null : read(data, shape));
  const onClose = () => resolve(null);
  wire.once("message", onMessage);
  wire.once("close", onClose);
  const word = await promise;
  clearTimeout(timeout);
  wire.off("message", onMessage);
  wire.off("close", onClose);
  return word;
}

function read<T>(data: Buffer, shape: Shape<T>): T | null {
  if (data.length > MOST_BYTES) return null;
  try {
    return shape.safeParse(JSON.parse(data.toString("utf8"))).data ?? null;
  } catch {
    return null;
  }
}
