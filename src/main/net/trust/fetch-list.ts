import http from "node:http";
import https from "node:https";

/** What a fetch may cost; the largest lists in use have some 10 MB. */
const LIMITS = { bytes: 32 * 1024 * 1024, timeoutMs: 15_000 };

/** The bytes at an address, or why there are none. */
export type Fetched = { kind: "fetched"; bytes: Uint8Array } | { kind: "failed"; why: string };

/**
 * Fetches a revocation list by HTTP, without following anybody anywhere else. What comes is not believed by the way it came:
 * a list is signed, which is why authorities serve it without TLS (RFC 5280, section 8).
 */
export function fetchList(address: string, limits = LIMITS): Promise<Fetched> {
  const url = URL.parse(address);
  const get = url?.protocol === "http:" ? http.get : url?.protocol === "https:" ? https.get : null;
  if (!url || !get) return Promise.resolve({ kind: "failed", why: "it is no address of HTTP" });
  return new Promise((resolve) => {
    const fail = (why: string) => resolve({ kind: "failed", why });
    // Of the server nothing is asked but the list, so that whose certificate it shows does not count either.
    const request = get(
      url,
      { rejectUnauthorized: false, signal: AbortSignal.timeout(limits.timeoutMs) },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        if (response.statusCode !== 200) {
          fail(`the server answers ${response.statusCode}`);
          request.destroy();
        }
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size <= limits.bytes) return;
          fail(`it is larger than ${limits.bytes} bytes`);
          request.destroy();
        });
        response.on("end", () => resolve({ kind: "fetched", bytes: Buffer.concat(chunks) }));
        response.on("error", ({ message }) => fail(message));
      },
    );
    request.on("error", ({ message }) => fail(message));
  });
}
