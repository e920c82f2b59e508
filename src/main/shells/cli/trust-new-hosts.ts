import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { Probe } from "#shared/model/probe.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { printable } from "#shared/text/printable.ts";
import { sayPlace } from "#shared/text/target.ts";
import type { World } from "./world.ts";

/** Asks about each key that no scan has met before, and pins those that are said to be right. Answers with their visits. */
export async function askToTrust(
  unknown: readonly Probe[],
  client: LatchkeyClient,
  { ask, err }: World,
): Promise<Probe[]> {
  const trusted: Probe[] = [];
  for (const probe of unknown) {
    if (!ask || !probe.hostKey) continue;
    const { host, port } = probe.target;
    const { keyType, fingerprint } = probe.hostKey;
    err(`\n${printable(`${sayPlace(probe.target)} presents a host key that is not known here:`)}`);
    err(printable(`  ${keyType} ${fingerprint}`));
    const reply = await ask("Does the host's administrator confirm this fingerprint? [y/N] ");
    if (!/^y(es)?$/i.test(reply.trim())) continue;
    await client.hosts.trustKey({ host, port, fingerprint });
    trusted.push(probe);
  }
  return trusted;
}

const MOST_SHOWN = 20;

/** What to do where nobody could be asked. */
export function sayUnasked(unknown: readonly Probe[]): string[] {
  const keys = unknown.slice(0, MOST_SHOWN).flatMap(({ target, hostKey }) => {
    return hostKey ? [`  ${sayPlace(target)} ${hostKey.keyType} ${hostKey.fingerprint}`] : [];
  });
  const more = unknown.length - MOST_SHOWN;
  return [
    `latchkey: ${sayCount(unknown.length, "host presents", "hosts present")} a key that is not known here:`,
    ...keys,
    ...(more > 0 ? [`  and ${sayNumber(more)} more`] : []),
    "compare the fingerprints, then scan again with --accept-new, or at a terminal, which asks",
  ].map(printable);
}
