import https from "node:https";
import { isNamed, lookupOutside, RefusedAddress, whyRefusedHost } from "#net/refused-address.ts";

/** The bytes at an address, or why there are none. `refusedHost`: the one that the user would have to name. */
type Fetched = { kind: "fetched"; bytes: Uint8Array } | { kind: "failed"; why: string; refusedHost?: string };

/** Only when it is needed: to import it makes Node load a client of its own that nothing here uses, at each start. */
const openHttp = () => process.getBuiltinModule("node:http");

/** `named`: hosts that the user has named, which are gone to wherever they are. */
type HttpRequest = {
  address: string;
  named: readonly string[];
  posted?: { type: string; bytes: Uint8Array };
};

/** What a fetch may cost. */
type FetchLimits = { bytes: number; timeoutMs: number };

/**
 * Fetches what authorities sign, without following anybody anywhere else; and, unless the user has named it, from nowhere on
 * this computer or its own link: a certificate is anybody's text. What comes is not believed by the way it came:
 * it is signed, which is why authorities serve it without TLS (RFC 5280, section 8; RFC 6960, appendix A).
 */
function fetchByHttp({ address, named, posted }: HttpRequest, limits: FetchLimits): Promise<Fetched> {
  const url = URL.parse(address);
  const openRequest =
    url?.protocol === "http:" ? openHttp().request : url?.protocol === "https:" ? https.request : null;
  if (!url || !openRequest) return Promise.resolve({ kind: "failed", why: "it is no address of HTTP" });
  const isUserNamed = isNamed(url, named);
  const refused = isUserNamed ? null : whyRefusedHost(url);
  if (refused !== null) return Promise.resolve(refuseHost(refused, url));
  return new Promise((resolve) => {
    const fail = (why: string) => resolve({ kind: "failed", why });
    const options = {
      method: posted ? "POST" : "GET",
      headers: posted ? { "content-type": posted.type, "content-length": posted.bytes.length } : {},
      // Of the server nothing is asked but what is signed, so that whose certificate it shows does not count either.
      rejectUnauthorized: false,
      // A connection that is kept for another address would be used without a look at it.
      agent: false,
      ...(isUserNamed ? {} : { lookup: lookupOutside }),
      signal: AbortSignal.timeout(limits.timeoutMs),
    };
    const request = openRequest(url, options, (response) => {
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
    });
    request.on("error", (error) =>
      error instanceof RefusedAddress ? resolve(refuseHost(error.message, url)) : fail(error.message),
    );
    request.end(posted?.bytes);
  });
}

const refuseHost = (why: string, { hostname }: URL): Fetched => ({
  kind: "failed",
  why: `${why}; the commands trust fetch and trust ask go there with --allow ${hostname}`,
  refusedHost: hostname,
});

/** The largest lists in use have some 10 MB. */
const LIST_LIMITS = { bytes: 32 * 1024 * 1024, timeoutMs: 15_000 };

/** Fetches a revocation list by HTTP. `named`: hosts that the user has named. */
export const fetchList = (
  address: string,
  named: readonly string[] = [],
  limits = LIST_LIMITS,
): Promise<Fetched> => fetchByHttp({ address, named }, limits);

/** Answers have some kilobytes; readers take no more than this. */
const ANSWER_LIMITS = { bytes: 1024 * 1024, timeoutMs: 15_000 };

/** Sends a request of OCSP to a responder, as RFC 6960, appendix A.1 has it for any of them. */
export const postToResponder = (
  address: string,
  request: Uint8Array,
  named: readonly string[] = [],
): Promise<Fetched> =>
  fetchByHttp(
    { address, named, posted: { type: "application/ocsp-request", bytes: request } },
    ANSWER_LIMITS,
  );
