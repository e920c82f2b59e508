import type { Plan } from "#shared/model/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/plan.ts";

/** On which hosts, and how many at a time. */
export function formatPace({ hosts, options }: Plan): string {
  const [first] = hosts;
  if (hosts.length === 1 || !first) return `on ${first ? formatHost(first) : "no host"}`;
  const pace = `${formatCount(options.batchSize, "host")} at a time`;
  return options.canary ? `${formatHost(first)} alone first, then ${pace}` : pace;
}
