import { type Fetched, fetchByHttp } from "./fetch-by-http.ts";

/** The largest lists in use have some 10 MB. */
const LIMITS = { bytes: 32 * 1024 * 1024, timeoutMs: 15_000 };

/** Fetches a revocation list by HTTP. `named`: hosts that the user has named. */
export const fetchList = (
  address: string,
  named: readonly string[] = [],
  limits = LIMITS,
): Promise<Fetched> => fetchByHttp({ address, named }, limits);
