import { type Fetched, fetchByHttp } from "./fetch-by-http.ts";

/** Answers have some kilobytes; readers take no more than this. */
const LIMITS = { bytes: 1024 * 1024, timeoutMs: 15_000 };

/** Sends a request of OCSP to a responder, as RFC 6960, appendix A.1 has it for any of them. */
export const askResponder = (
  address: string,
  request: Uint8Array,
  named: readonly string[] = [],
): Promise<Fetched> =>
  fetchByHttp({ address, named, posted: { type: "application/ocsp-request", bytes: request } }, LIMITS);
