import https from "node:https";
import { isNamed, lookupOutside, RefusedAddress, whyRefusedHost } from "#net/refused-address.ts";

/** The bytes at an address, or why there are none. `refusedHost`: a host that the user would have to name first. */
type Fetched = { kind: "fetched"; bytes: Uint8Array } | { kind: "failed"; why: string; refusedHost?: string };

/** Not imported: an import makes Node load a client of its own at each start, which nothing here uses. */
const openHttp = () => process.getBuiltinModule("node:http");

/** `named`: hosts that the user has named; they are allowed wherever they are. */
type HttpRequest = {
  address: string;
  named: readonly string[];
  posted?: { type: string; bytes: Uint8Array };
};

/** The limits of one fetch. */
type FetchLimits = { bytes: number; timeoutMs: number };

/**
 * Fetches what authorities sign. It follows no redirect, and connects to no address of this computer or its own link
 * unless the user has named it, because anybody can write a URL into a certificate. The answer is trusted for its
 * signature, not for its transport: so authorities serve it without TLS (RFC 5280, section 8; RFC 6960, appendix A).
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
      // The answer is signed, so that the server's own certificate does not matter.
      rejectUnauthorized: false,
      // A kept connection would be reused without a check of its address.
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

/** Answers have some kilobytes; no reader takes more than this. */
const ANSWER_LIMITS = { bytes: 1024 * 1024, timeoutMs: 15_000 };

/** Sends an OCSP request to a responder, by POST as in RFC 6960, appendix A.1. */
export const postToResponder = (
  address: string,
  request: Uint8Array,
  named: readonly string[] = [],
): Promise<Fetched> =>
  fetchByHttp(
    { address, named, posted: { type: "application/ocsp-request", bytes: request } },
    ANSWER_LIMITS,
  );
