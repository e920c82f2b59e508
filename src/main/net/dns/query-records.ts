import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { getServers } from "node:dns";
import { connect, isIP } from "node:net";
import { type Answer, type DecodedPacket, decode, encode, RECURSION_DESIRED } from "dns-packet";

type Records =
  | { kind: "answered"; answers: Answer[]; authorities: Answer[] }
  | { kind: "no-such-name"; authorities: Answer[] }
  | { kind: "failed"; why: string };

type RecordQuery = {
  name: string;
  type: "TXT" | "NS" | "CNAME" | "A" | "AAAA";
  /** True for a resolver, which asks others; false for a zone's own server. */
  recurses: boolean;
  timeoutMs?: number;
  signal: AbortSignal;
};

const TIMEOUT_MS = 3_000;
const TRIES = 2;

/** Queries one server for one type of record. */
export async function queryRecords(
  server: Resolver,
  { name, type, recurses, timeoutMs = TIMEOUT_MS, signal }: RecordQuery,
): Promise<Records> {
  const id = randomInt(0x1_0000);
  const request = {
    message: encode({
      type: "query",
      id,
      flags: recurses ? RECURSION_DESIRED : 0,
      questions: [{ type, name }],
    }),
    isAnswer: (bytes: Buffer) => isAnswerTo(read(bytes), id, name),
    timeoutMs,
    signal,
  };
  let exchanged: ExchangeResult = { why: "it did not answer in time" };
  for (let tries = 0; tries < TRIES && "why" in exchanged && !signal.aborted; tries++)
    exchanged = await exchangeByUdp(server, request);
  if ("bytes" in exchanged && read(exchanged.bytes)?.flag_tc)
    exchanged = await exchangeByTcp(server, request);
  if ("why" in exchanged) return { kind: "failed", why: exchanged.why };
  const packet = read(exchanged.bytes);
  if (!packet) return { kind: "failed", why: "its answer cannot be read" };
  const { answers = [], authorities = [] } = packet;
  const { rcode } = packet as DecodedPacket & { rcode: string };
  if (rcode === "NXDOMAIN") return { kind: "no-such-name", authorities };
  if (rcode !== "NOERROR") return { kind: "failed", why: `it answered ${rcode}` };
  return { kind: "answered", answers, authorities };
}

/** Null for bytes that are no DNS message. */
function read(bytes: Buffer): DecodedPacket | null {
  try {
    return decode(bytes);
  } catch {
    return null;
  }
}

const isAnswerTo = (packet: DecodedPacket | null, id: number, name: string): boolean =>
  packet?.type === "response" && packet.id === id && isSameName(packet.questions?.[0]?.name ?? "", name);

/** Ignores case, and a dot at the end. */
export const isSameName = (one: string, other: string): boolean => plainName(one) === plainName(other);

export const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** An answer's bytes, or why there is none. */
export type ExchangeResult = { bytes: Buffer } | { why: string };

type ExchangeRequest = {
  message: Buffer;
  /** Whether these bytes answer the query; other messages are ignored. */
  isAnswer: (bytes: Buffer) => boolean;
  timeoutMs: number;
  signal: AbortSignal;
};

const LENGTH_BYTES = 2;

/** Queries by UDP. Only datagrams from the resolver itself are accepted. */
export function exchangeByUdp(
  { address, port }: Resolver,
  request: ExchangeRequest,
): Promise<ExchangeResult> {
  const socket = createSocket(isIP(address) === 6 ? "udp6" : "udp4");
  const { promise, resolve } = Promise.withResolvers<ExchangeResult>();
  socket.on("error", (error) => resolve({ why: formatError(error) }));
  socket.on("message", (bytes) => {
    if (request.isAnswer(bytes)) resolve({ bytes });
  });
  socket.connect(port, address, () => socket.send(request.message));
  return bounded(promise, request, () => socket.close());
}

/** Queries by TCP, for an answer that does not fit into a datagram. */
export function exchangeByTcp(
  { address, port }: Resolver,
  request: ExchangeRequest,
): Promise<ExchangeResult> {
  const socket = connect(port, address);
  const { promise, resolve } = Promise.withResolvers<ExchangeResult>();
  let held = Buffer.alloc(0);
  socket.on("connect", () => {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(request.message.length);
    socket.write(Buffer.concat([length, request.message]));
  });
  socket.on("data", (piece) => {
    held = Buffer.concat([held, piece]);
    if (held.length < LENGTH_BYTES) return;
    const end = LENGTH_BYTES + held.readUInt16BE(0);
    if (held.length < end) return;
    const bytes = held.subarray(LENGTH_BYTES, end);
    resolve(request.isAnswer(bytes) ? { bytes } : { why: "it answered another question" });
  });
  socket.on("error", (error) => resolve({ why: formatError(error) }));
  socket.on("close", () => resolve({ why: "it hung up before it had answered" }));
  return bounded(promise, request, () => socket.destroy());
}

/** Ends with the answer, at the timeout, or when the signal aborts; `close` is called once in every case. */
async function bounded(
  answer: Promise<ExchangeResult>,
  { timeoutMs, signal }: ExchangeRequest,
  close: () => void,
): Promise<ExchangeResult> {
  const { promise: end, resolve } = Promise.withResolvers<ExchangeResult>();
  const timer = setTimeout(() => resolve({ why: "it did not answer in time" }), timeoutMs);
  const stop = () => resolve({ why: "it was no longer waited for" });
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  try {
    return await Promise.race([answer, end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    close();
  }
}

function formatError(error: Error): string {
  const { code = "" } = error as NodeJS.ErrnoException;
  return code === "ECONNREFUSED" ? "nobody answers there" : `it cannot be asked (${code || "unknown"})`;
}

export type Resolver = { address: string; port: number };

/** The system's resolver library uses no more, and so neither does ssh. */
const MOST_RESOLVERS = 3;

/** The resolvers of this system, in the order in which it uses them. */
export const findResolvers = (): Resolver[] =>
  getServers()
    .flatMap((text) => readResolver(text) ?? [])
    .slice(0, MOST_RESOLVERS);

/** Reads `IP`, `IP:PORT` or `[IP]:PORT`; null for anything else: a resolver's name is not looked up. */
export function readResolver(text: string): Resolver | null {
  const [, bracketed, plain, portText = "53"] =
    /^(?:\[([^\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = isIP(text) === 6 ? text : (bracketed ?? plain ?? "");
  const port = Number(portText);
  return isIP(address) !== 0 && port >= 1 && port <= 65_535 ? { address, port } : null;
}

/** Whether its DNSSEC status comes from this computer, so that nobody on the way can have forged it. */
export const isLocal = ({ address }: Resolver): boolean => address.startsWith("127.") || address === "::1";

export const formatResolver = ({ address, port }: Resolver): string =>
  isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
