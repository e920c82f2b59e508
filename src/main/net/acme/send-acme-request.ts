import { X509Certificate } from "node:crypto";
import https from "node:https";
import { createSecureContext } from "node:tls";
import { readConnectError } from "#net/tcp-connect.ts";
import { readMozillaRoots, readSystemRoots } from "#net/trust/read-roots.ts";

export type AcmeRequest = {
  method: "GET" | "HEAD" | "POST";
  url: string;
  /** A signed request. */
  body?: string;
  accept?: string;
};

/** Header names are in lower case; several of one name are joined by commas. */
type AcmeReply =
  | { kind: "answered"; status: number; headers: ReadonlyMap<string, string>; bytes: Uint8Array }
  /** The end of a sentence. */
  | { kind: "unanswered"; message: string };

export type SendAcmeRequest = (request: AcmeRequest, signal: AbortSignal) => Promise<AcmeReply>;

type Options = {
  /** PEM; null: the roots that this system trusts. */
  roots: string | null;
  limits?: AcmeLimits;
};

/** `timeoutMs`: from the first packet to the last byte, however slowly they come. */
type AcmeLimits = { bytes: number; timeoutMs: number };

/** Let's Encrypt answers within some seconds when it is busy; the longest chains have some 20 kB. */
const LIMITS: AcmeLimits = { bytes: 256 * 1024, timeoutMs: 30_000 };

/**
 * Sends requests to an authority over TLS, which is verified as browsers do. Redirects are not followed: they are
 * returned like any other answer. Rejects only when `signal` aborts.
 */
export async function createAcmeSender({ roots, limits = LIMITS }: Options): Promise<SendAcmeRequest> {
  if (roots !== null && !isPem(roots))
    return async () => ({ kind: "unanswered", message: "the file of its roots has no certificate in PEM" });
  const ca = roots ?? Buffer.from(((await readSystemRoots()) ?? readMozillaRoots()).pem).toString();
  const agent = new https.Agent({ secureContext: createSecureContext({ ca }), keepAlive: false });
  return (request, signal) => exchange(agent, request, limits, signal);
}

/** For text without any certificate, Node would trust its own roots instead. */
function isPem(roots: string): boolean {
  try {
    return new X509Certificate(roots).raw.length > 0;
  } catch {
    return false;
  }
}

function exchange(
  agent: https.Agent,
  { method, url, body, accept }: AcmeRequest,
  limits: AcmeLimits,
  signal: AbortSignal,
): Promise<AcmeReply> {
  signal.throwIfAborted();
  const target = URL.parse(url);
  if (target?.protocol !== "https:")
    return Promise.resolve({ kind: "unanswered", message: "its address does not begin with https://" });
  const { promise, resolve, reject } = Promise.withResolvers<AcmeReply>();
  const fail = (message: string) => resolve({ kind: "unanswered", message });
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const request = https.request(target, {
    agent,
    method,
    signal: AbortSignal.any([signal, timeout]),
    headers: {
      "user-agent": "latchkey",
      "accept-language": "en",
      ...(accept && { accept }),
      ...(body !== undefined && {
        "content-type": "application/jose+json",
        "content-length": Buffer.byteLength(body),
      }),
    },
  });
  const onError = (error: NodeJS.ErrnoException) => {
    if (signal.aborted) reject(signal.reason);
    else if (timeout.aborted) fail(`it has not answered wholly after ${limits.timeoutMs / 1_000} seconds`);
    else fail(formatError(error, target));
  };
  request.on("error", onError).on("response", (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on("error", onError);
    response.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= limits.bytes) return;
      fail(`its answer is larger than ${limits.bytes} bytes`);
      request.destroy();
    });
    response.on("end", () => {
      const headers = new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
      const status = response.statusCode ?? 0;
      resolve({ kind: "answered", status, headers, bytes: Buffer.concat(chunks) });
    });
  });
  request.end(body);
  return promise;
}

/** OpenSSL's and BoringSSL's codes for a certificate that does not verify. */
const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
]);

function formatError({ code = "unknown", ...error }: NodeJS.ErrnoException, { port, hostname }: URL): string {
  if (UNTRUSTED.has(code))
    return "no root that is trusted here stands behind its certificate; give the file of its roots";
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "its own certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "its own certificate is not valid yet; is the clock of this computer right?";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for other names than ${hostname}`;
    case "ENOTFOUND":
    case "ENODATA":
      return "the name has no address; is it spelled right?";
    case "EAI_AGAIN":
      return "its name could not be resolved; does this computer reach its name server?";
    case "EPROTO":
      return "it does not speak TLS, or none that is spoken here";
  }
  if (code.startsWith("HPE_")) return "it does not speak HTTP";
  return readConnectError({ code, address: (error as { address?: string }).address }, Number(port || 443))
    .message;
}
