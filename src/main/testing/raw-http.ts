import { connect } from "node:net";

export type RawReply = { status: number; headers: Record<string, string>; body: string };

/**
 * Sends bytes as they are and returns the first reply. No client library would send what these tests must: two Hosts,
 * no Host, a header that is cut off. Status 0: the server hung up without a reply.
 */
export function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<RawReply> {
  const { promise, resolve } = Promise.withResolvers<RawReply>();
  const socket = connect({ host: "127.0.0.1", port }, () => {
    for (const part of parts) socket.write(part);
  });
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    received += text;
    if (isWhole(received)) socket.destroy();
  });
  // A server that hangs up on unread bytes resets the connection after its reply.
  socket.on("error", () => socket.destroy());
  socket.on("close", () => resolve(readReply(received)));
  return promise;
}

/** A request line, headers in their order, and a body as it is. */
export const printRequest = (line: string, headers: readonly (readonly [string, string])[], body = "") =>
  [line, ...headers.map(([name, value]) => `${name}: ${value}`), "", body].join("\r\n");

function isWhole(received: string): boolean {
  const { status, headers, body } = readReply(received);
  if (!received.includes("\r\n\r\n")) return false;
  return status === 101 || body.length >= Number(headers["content-length"] ?? Number.POSITIVE_INFINITY);
}

function readReply(received: string): RawReply {
  const [head = "", ...bodies] = received.split("\r\n\r\n");
  const [line = "", ...fields] = head.split("\r\n");
  const headers = fields.map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(" ")[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: bodies.join("\r\n\r\n"),
  };
}
