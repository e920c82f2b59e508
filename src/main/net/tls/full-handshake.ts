import { Duplex } from "node:stream";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { onAbort } from "#net/tasks.ts";
import type { ServerKeyKind } from "#shared/model/certificates/served.ts";
import type { Answer } from "./server-flight-reader.ts";
import { NOTHING_BESIDE, ServerFlightReader } from "./server-flight-reader.ts";

/** `protocols`: offered by ALPN. `kind`: the one kind of server key that is accepted; missing: any. */
type HandshakeRequest = { serverName: string | null; protocols: readonly string[]; kind?: ServerKeyKind };

type Limits = { deadlineMs: number; mostBytes: number; signal: AbortSignal };

/** Before TLS 1.3 the cipher suite fixes the kind of key as well. */
type Kept = { ciphers: string; sigalgs?: string };

const PSS = ["rsae", "pss"].flatMap((kind) =>
  ["256", "384", "512"].map((size) => `rsa_pss_${kind}_sha${size}`),
);
const every = (algorithm: string): string[] =>
  [512, 384, 256, 224, 1].map((size) => `${algorithm}+SHA${size}`);

/** By their names in OpenSSL and BoringSSL. */
const KEPT: Record<ServerKeyKind | "any", Kept> = {
  any: { ciphers: "ALL:@SECLEVEL=0" },
  EC: { ciphers: "aECDSA:@SECLEVEL=0", sigalgs: every("ECDSA").join(":") },
  RSA: { ciphers: "aRSA:@SECLEVEL=0", sigalgs: [...PSS, ...every("RSA")].join(":") },
  Ed25519: { ciphers: "aECDSA:@SECLEVEL=0", sigalgs: "ed25519" },
  Ed448: { ciphers: "aECDSA:@SECLEVEL=0", sigalgs: "ed448" },
};

/** One for all connections of a kind: creating one costs more than a handshake. */
const contexts = new Map<ServerKeyKind | "any", SecureContext | null>();

/** All that this runtime supports, however old: nothing is sent over it. Null: it cannot be limited to `kind`. */
function openContext(kind: ServerKeyKind | "any"): SecureContext | null {
  const known = contexts.get(kind);
  if (known !== undefined) return known;
  const context = createContext(KEPT[kind]);
  contexts.set(kind, context);
  return context;
}

function createContext({ ciphers, sigalgs }: Kept): SecureContext | null {
  const common = { minVersion: "TLSv1", ...(sigalgs !== undefined && { sigalgs }) } as const;
  // Electron's BoringSSL has no security levels, nor all signatures.
  for (const options of [{ ...common, ciphers }, common]) {
    try {
      return createSecureContext(options);
    } catch {}
  }
  return null;
}

/**
 * Makes a whole handshake over `stream` by node:tls, and reads the chain from the recorded bytes with the keys that
 * node:tls logs. The chain that the library itself reports is reordered and completed, not what was sent. Rejects only
 * when `signal` aborts.
 */
export async function handshakeInFull(
  stream: Duplex,
  { serverName, protocols, kind }: HandshakeRequest,
  limits: Limits,
): Promise<Answer> {
  const recording: Buffer[] = [];
  const secureContext = openContext(kind ?? "any");
  if (!secureContext) {
    stream.destroy();
    return { kind: "odd", why: `asks for what this program cannot offer with keys of ${kind} alone` };
  }
  const tls = connect({
    socket: tapInto(stream, recording),
    secureContext,
    rejectUnauthorized: false,
    requestOCSP: true,
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
    ...(serverName === null ? {} : { servername: serverName }),
  });
  let secret: Buffer | null = null;
  tls.on("keylog", (line) => {
    secret ??= readServerSecret(line.toString("latin1"));
  });
  try {
    const ending = await waitFor(tls, stream, limits);
    const reader = new ServerFlightReader({
      mostBytes: limits.mostBytes,
      secretOf: () => secret,
      followsRetry: true,
      requestsTimestamps: false,
    });
    const seen = replay(reader, recording);
    if (seen && (seen.kind !== "odd" || ending !== "done")) return withPeer(seen, "node:tls");
    if (ending === "done") return takeLeaf(tls);
    return { kind: ending, hasReceived: reader.hasReceived };
  } finally {
    tls.destroy();
    stream.destroy();
  }
}

/** A stream over the connection that records what the server sends. */
function tapInto(stream: Duplex, recording: Buffer[]): Duplex {
  const tap = new Duplex({
    read: () => undefined,
    write: (piece, _encoding, done) => {
      if (stream.destroyed) done();
      else stream.write(piece, () => done());
    },
  });
  stream.on("data", (piece) => {
    recording.push(piece);
    tap.push(piece);
  });
  stream.on("end", () => tap.push(null));
  // A proxy hands it over paused.
  stream.resume();
  return tap;
}

type Ending = "done" | "closed" | "reset" | "timed-out";

function waitFor(tls: TLSSocket, stream: Duplex, limits: Limits): Promise<Ending> {
  const { promise, resolve, reject } = Promise.withResolvers<Ending>();
  const stop = () => reject(limits.signal.reason);
  const timer = setTimeout(() => resolve("timed-out"), limits.deadlineMs);
  let receivedBytes = 0;
  const ignore = onAbort(limits.signal, stop);
  if (limits.signal.aborted) stop();
  tls.on("secureConnect", () => resolve("done"));
  tls.on("error", () => resolve("closed"));
  stream.on("error", () => resolve("reset"));
  stream.on("close", () => resolve("closed"));
  stream.on("data", (piece: Buffer) => {
    receivedBytes += piece.length;
    if (receivedBytes > limits.mostBytes) resolve("closed");
  });
  if (stream.destroyed) resolve("reset");
  return promise.finally(() => {
    clearTimeout(timer);
    ignore();
  });
}

function replay(reader: ServerFlightReader, recording: readonly Buffer[]): Answer | null {
  for (const piece of recording) {
    const flight = reader.take(piece);
    if (flight) return flight;
  }
  return reader.end();
}

/** NSS key log format: label, client random, secret. */
function readServerSecret(line: string): Buffer | null {
  const [label, , secret = ""] = line.trim().split(" ");
  return label === "SERVER_HANDSHAKE_TRAFFIC_SECRET" ? Buffer.from(secret, "hex") : null;
}

/** The handshake is complete, but its bytes cannot be read here: only the leaf is exact in what the library reports. */
function takeLeaf(tls: TLSSocket): Answer {
  const leaf = tls.getPeerX509Certificate();
  if (!leaf) return { kind: "odd", why: "presented no certificate" };
  const facts = {
    version: tls.getProtocol() ?? "unknown",
    cipher: tls.getCipher().standardName,
    alpn: tls.alpnProtocol || "none",
  };
  return withPeer(
    { kind: "presented", chain: [leaf.raw], facts, wire: NOTHING_BESIDE, isLeafAlone: true },
    "node:tls, the leaf alone",
  );
}

export const withPeer = (answer: Answer, who: string): Answer =>
  answer.kind === "presented" ? { ...answer, facts: { ...answer.facts, "seen by": who } } : answer;
