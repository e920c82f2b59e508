import { openJws, type PublicJwk } from "#domain/acme/account-key.ts";
import { type AcmeDirectory, readDirectory, readNonce, readRetryAfter } from "#domain/acme/directory.ts";
import { type AcmeFault, isFault, readProblem } from "#domain/acme/fault.ts";
import { broken } from "#domain/acme/json.ts";
import type { AcmeRequest, SendAcmeRequest } from "#net/acme/send-acme-request.ts";

/** The key of an account. Signs by ES256: r and s, 32 bytes each. */
export type Signer = { jwk: PublicJwk; sign: (data: Uint8Array) => Promise<Uint8Array> };

export type AcmeDeps = {
  /** The directory's URL. */
  url: string;
  send: SendAcmeRequest;
  now: () => Date;
  wait: (ms: number, signal: AbortSignal) => Promise<void>;
};

export type Reply = {
  kind: "replied";
  bytes: Uint8Array;
  /** By names in lower case. */
  headers: ReadonlyMap<string, string>;
  /** Seconds; null where the reply has none. */
  retryAfter: number | null;
};

/** `payload` is null for a POST-as-GET. `kid`: the account's URL; null where the JWS has the key itself. */
type Post = { url: string; payload: object | null; kid: string | null; accept?: string };

export type AcmeSession = {
  directory: AcmeDirectory;
  signal: AbortSignal;
  wait: (ms: number) => Promise<void>;
  get(url: string): Promise<Reply | AcmeFault>;
  post(signer: Signer, post: Post): Promise<Reply | AcmeFault>;
};

/** Debian's pebble rejects half of the nonces where it is configured so; an authority hardly ever does. */
const MOST_NONCES = 20;
const PAUSE_MS = 250;

/** Fetches the directory, which has the URLs of all later requests. */
export async function openSession(deps: AcmeDeps, signal: AbortSignal): Promise<AcmeSession | AcmeFault> {
  const send = async (request: AcmeRequest) => toReply(await deps.send(request, signal), deps.now());
  const first = await send({ method: "GET", url: deps.url });
  if (isFault(first)) return first;
  const directory = readDirectory(deps.url, first.bytes);
  if (isFault(directory)) return directory;
  const nonces: string[] = [];

  const takeNonce = async (): Promise<string | AcmeFault> => {
    const kept = nonces.pop();
    if (kept) return kept;
    const reply = await send({ method: "HEAD", url: directory.newNonce });
    if (isFault(reply)) return reply;
    return readNonce(reply.headers.get("replay-nonce")) ?? broken("it has no nonce to sign with");
  };

  const postOnce = async (signer: Signer, { url, payload, kid, accept }: Post) => {
    const nonce = await takeNonce();
    if (typeof nonce !== "string") return nonce;
    const head = { alg: "ES256", url, nonce, ...(kid === null ? { jwk: signer.jwk } : { kid }) } as const;
    const { data, seal } = openJws(head, payload);
    const body = JSON.stringify(seal(await signer.sign(data)));
    return send({ method: "POST", url, body, ...(accept && { accept }) });
  };

  return {
    directory,
    signal,
    wait: (ms) => deps.wait(ms, signal),
    get: (url) => send({ method: "GET", url }),
    async post(signer, post) {
      for (let tries = 1; ; tries++) {
        const reply = await postOnce(signer, post);
        const next = readNonce("headers" in reply ? reply.headers.get("replay-nonce") : undefined);
        if (next) nonces.push(next);
        if (!isBadNonce(reply) || tries === MOST_NONCES) return reply;
        // Once or twice is chance; an authority that rejects every nonce must not be queried as fast as it answers.
        if (tries > 2) await deps.wait(PAUSE_MS, signal);
      }
    },
  };
}

const isBadNonce = (reply: Reply | AcmeFault): boolean =>
  reply.kind === "refused" && reply.problem.type === "badNonce";

/** The meaning of an answer. A refusal may bring a nonce, too. */
function toReply(
  reply: Awaited<ReturnType<SendAcmeRequest>>,
  now: Date,
): Reply | (AcmeFault & { headers?: Reply["headers"] }) {
  if (reply.kind === "unanswered") return reply;
  const { status, headers, bytes } = reply;
  const retryAfter = readRetryAfter(headers.get("retry-after"), now);
  if (status >= 200 && status < 300) return { kind: "replied", bytes, headers, retryAfter };
  if (status >= 300 && status < 400)
    return broken(
      `it redirects to ${headers.get("location")?.slice(0, 200) ?? "nowhere"}; nobody is followed`,
    );
  return { kind: "refused", status, problem: readProblem(status, bytes), retryAfter, headers };
}
