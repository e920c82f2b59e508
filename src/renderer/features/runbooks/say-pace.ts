import type { Plan } from "#shared/model/plan.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayHost } from "#shared/text/plan.ts";

/** On which hosts, and how many at a time. */
export function sayPace({ hosts, options }: Plan): string {
  const [first] = hosts;
  if (hosts.length === 1 || !first) return `on ${first ? sayHost(first) : "no host"}`;
  const pace = `${sayCount(options.batchSize, "host")} at a time`;
  return options.canary ? `${sayHost(first)} alone first, then ${pace}` : pace;
}
