const stops = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `stop` when the signal says so, until what this gives is called; not where it has said so before. A signal looks
 * through all its listeners whenever one comes or goes, and a scan has thousands: here it has one for all of them.
 */
export function onAbort(signal: AbortSignal, stop: () => void): () => void {
  const known = stops.get(signal) ?? listenTo(signal);
  known.add(stop);
  return () => known.delete(stop);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>();
  stops.set(signal, waiting);
  signal.addEventListener(
    "abort",
    () => {
      for (const stop of waiting) stop();
      waiting.clear();
    },
    { once: true },
  );
  return waiting;
}
