import { setTimeout as pause } from "node:timers/promises";
import { servedBy } from "./served-by.ts";

type ServedPlace = Parameters<typeof servedBy>[0] & { name: string };

const IS_LEAF = /^[0-9a-f]{64}$/;

/** Probes these endpoints over and over, as clients do, until it is disposed. `name`: of the server. */
export function probeAddresses(places: readonly ServedPlace[]) {
  const stop = new AbortController();
  const failures: string[] = [];
  const counts = places.map(() => 0);
  const last = places.map(() => "");
  const over = Promise.all(
    places.map(async ({ name, ...place }, nth) => {
      while (!stop.signal.aborted) {
        const shown = await servedBy(place);
        if (IS_LEAF.test(shown)) last[nth] = shown;
        else
          failures.push(
            `${new Date().toISOString()} ${name} ${place.port} ${place.serverName ?? ""}: ${shown}`,
          );
        counts[nth] = (counts[nth] ?? 0) + 1;
        await pause(100, undefined, { signal: stop.signal }).catch(() => undefined);
      }
    }),
  );
  return {
    failures,
    asked: (): number => counts.reduce((sum, count) => sum + count, 0),
    /** By the server's name: the certificates that its endpoints presented last. */
    shown: (): Map<string, Set<string>> =>
      new Map(
        [...Map.groupBy(places.keys(), (nth) => places[nth]?.name ?? "")].map(([name, own]) => [
          name,
          new Set(own.map((nth) => last[nth] ?? "")),
        ]),
      ),
    /** Resolves once each endpoint was probed again. */
    async untilAsked(): Promise<void> {
      const before = [...counts];
      while (counts.some((count, nth) => count < (before[nth] ?? 0) + 2)) await pause(50);
    },
    [Symbol.asyncDispose]: async (): Promise<void> => {
      stop.abort();
      await over;
    },
  };
}
