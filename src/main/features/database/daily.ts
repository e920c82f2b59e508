/** The first look comes after the first page, and then there is one an hour. */
const LOOKS = { firstMs: 60_000, everyMs: 3_600_000 };

const DAY_MS = 24 * 3_600_000;

/** Whether a day has gone by since the last backup. `last`: none of those that a wrong clock dated later than now. */
export const isDue = (last: string | null, now: Date): boolean =>
  last === null || now.getTime() - Date.parse(last) >= DAY_MS;

/** Looks from time to time until the signal says stop. */
export async function lookHourly(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let waitMs = LOOKS.firstMs; await passes(waitMs, signal); waitMs = LOOKS.everyMs) await look();
}

/** True once the time has passed, false when the signal came first. */
function passes(waitMs: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve(true);
    }, waitMs);
    signal.addEventListener("abort", stop, { once: true });
  });
}
