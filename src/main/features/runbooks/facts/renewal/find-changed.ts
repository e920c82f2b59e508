import type { Instant } from "#shared/model/instant.ts";

/**
 * Which of these files were written since a host was last read, and what is known of its servers may be wrong. `clockOffset`:
 * by how many seconds the host's clock is ahead of ours; `written`: by the host's clock.
 */
export function findChanged(
  written: ReadonlyMap<string, number>,
  lastRead: Instant | null,
  clockOffset: number,
): string[] {
  if (lastRead === null) return [];
  const then = Math.ceil(Date.parse(lastRead) / 1_000) + clockOffset;
  return [...written].filter(([, at]) => at > then).map(([path]) => path);
}
