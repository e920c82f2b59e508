import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { HostKeyView, Probe } from "#shared/model/probe.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { formatPlace } from "#shared/text/target.ts";
import type { World } from "./world.ts";

/** A machine whose key is not known, and the visits that ended there: one, or as many as lie behind a jump host. */
type UnknownHost = {
  place: { host: string; port: number };
  isJumpHost: boolean;
  hostKey: HostKeyView;
  probes: Probe[];
};

/** Asks about each key that no scan has met before, and pins those that are said to be right. Answers with their visits. */
export async function askToTrust(
  unknown: readonly Probe[],
  client: LatchkeyClient,
  { ask, err }: World,
): Promise<Probe[]> {
  const trusted: Probe[] = [];
  for (const { place, isJumpHost, hostKey, probes } of groupByHost(unknown)) {
    if (!ask) continue;
    const { keyType, fingerprint } = hostKey;
    const who = isJumpHost ? `the jump host ${formatPlace(place)}` : formatPlace(place);
    err(`\n${printable(`${who} presents an unknown host key:`)}`);
    err(printable(`  ${keyType} ${fingerprint}`));
    const reply = await ask("Does the host's administrator confirm this fingerprint? [y/N] ");
    if (!/^y(es)?$/i.test(reply.trim())) continue;
    await client.hosts.trustKey({ ...place, fingerprint });
    trusted.push(...probes);
  }
  return trusted;
}

const MOST_SHOWN = 20;

/** What to do where nobody could be asked. */
export function formatUnasked(unknown: readonly Probe[]): string[] {
  const hosts = groupByHost(unknown);
  const keys = hosts.slice(0, MOST_SHOWN).map(({ place, isJumpHost, hostKey: { keyType, fingerprint } }) => {
    return `  ${formatPlace(place)} ${keyType} ${fingerprint}${isJumpHost ? " (a jump host)" : ""}`;
  });
  const more = hosts.length - MOST_SHOWN;
  return [
    `latchkey: ${formatCount(hosts.length, "host presents", "hosts present")} an unknown host key:`,
    ...keys,
    ...(more > 0 ? [`  and ${formatNumber(more)} more`] : []),
    "check the fingerprints, then scan again with --accept-new, or at a terminal to be asked",
  ].map(printable);
}

function groupByHost(unknown: readonly Probe[]): UnknownHost[] {
  const groups = Map.groupBy(unknown, ({ target, jumpHost, hostKey }) => {
    return `${formatPlace(jumpHost ?? target)} ${hostKey?.fingerprint}`;
  });
  return [...groups.values()].flatMap((probes) => {
    const [first] = probes;
    if (!first?.hostKey) return [];
    const { host, port } = first.jumpHost ?? first.target;
    return [{ place: { host, port }, isJumpHost: first.jumpHost !== null, hostKey: first.hostKey, probes }];
  });
}
