import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";

type Endpoint = { host: string; port: number };

/** What somebody saw who connects five times a second: certificates by their SHA-256, and why there was none. */
type Watched = { leaves: Set<string>; errors: string[]; connections: number };

/** Connects over and over, as clients do, until it is disposed. */
export function watchServed(endpoint: Endpoint): AsyncDisposable & { seen: Watched } {
  const stop = new AbortController();
  const seen: Watched = { leaves: new Set(), errors: [], connections: 0 };
  const over = (async () => {
    while (!stop.signal.aborted) {
      const shown = await showLeaf(endpoint);
      seen.connections++;
      if ("leaf" in shown) seen.leaves.add(shown.leaf);
      else seen.errors.push(shown.error);
      await pause(200, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    seen,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await over;
    },
  };
}

/** The SHA-256 of the leaf that is shown now, in lower case, or why none is. */
export function showLeaf(endpoint: Endpoint): Promise<{ leaf: string } | { error: string }> {
  const { promise, resolve } = Promise.withResolvers<{ leaf: string } | { error: string }>();
  const socket = connect({ ...endpoint, rejectUnauthorized: false }, () => {
    const { fingerprint256 } = socket.getPeerCertificate();
    resolve({ leaf: fingerprint256.replaceAll(":", "").toLowerCase() });
    socket.destroy();
  });
  socket.once("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
  return promise;
}
