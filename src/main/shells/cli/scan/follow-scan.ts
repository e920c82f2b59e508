import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { BrokenEntry } from "#shared/contract/scans.ts";
import type { Endpoint } from "#shared/model/hosts/endpoint.ts";
import type { Probe } from "#shared/model/hosts/probe.ts";
import type { Scan, ScanId } from "#shared/model/hosts/scan.ts";
import { isMoreThan, withoutSome } from "#shared/model/total.ts";
import { formatAmount, formatCount, formatNumber } from "#shared/text/count.ts";
import { fitEnd } from "#shared/text/fit.ts";
import { formatOutcome } from "#shared/text/hosts/endpoint.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import { printable } from "#shared/text/untrusted-text.ts";
import { createAnswerer, promptsOfScan } from "#shells/cli/answer-prompts.ts";
import { listRows } from "#shells/cli/print-table.ts";
import type { World } from "#shells/cli/session.ts";
import { formatBroken, formatNotes } from "./targets.ts";

const BAR_WIDTH = 24;
const FAILURES_SHOWN = 3;

/**
 * Starts a scan and shows its progress, or its prompts, until it ends; Ctrl-C cancels it, and what it has read is
 * kept.
 */
export async function followScan(
  client: LatchkeyClient,
  input: Parameters<LatchkeyClient["scans"]["start"]>[0],
  world: World,
): Promise<{ scanId: ScanId; broken: BrokenEntry[] }> {
  const announcements = await client.events.watch();
  const { scanId, broken, notes } = await client.scans.start({ ...input, mayPrompt: world.prompt !== null });
  for (const line of [...formatBroken(broken), ...formatNotes(notes)]) world.err(line);
  // Whatever keeps it from arriving ends the iteration below as well.
  using _stop = world.onStop(() => void client.scans.cancel({ scanId }).catch(() => undefined));
  using answerer = createAnswerer(promptsOfScan(scanId, client), world);
  await showProgress(scanId, client, world);
  await answerer.refresh();
  for await (const announcement of announcements) {
    if (!("scanId" in announcement) || announcement.scanId !== scanId) continue;
    if (announcement.kind === "scan-finished") break;
    if (announcement.kind === "scan-prompts") await answerer.refresh();
    if (!answerer.isAsking()) await showProgress(scanId, client, world);
  }
  world.showStatus?.([]);
  return { scanId, broken };
}

async function showProgress(
  scanId: ScanId,
  client: LatchkeyClient,
  { showStatus, columns }: World,
): Promise<void> {
  if (!showStatus) return;
  const scan = await client.scans.find({ scanId });
  const { rows, total } = await client.scans.probes({ scanId, state: "failed", limit: FAILURES_SHOWN });
  const failures = rows.map(({ target, outcome }) => `  ${formatTarget(target)}: ${formatOutcome(outcome)}`);
  const more = isMoreThan(total, rows.length)
    ? [`  and ${formatAmount(withoutSome(total, rows.length))} more`]
    : [];
  const most = (columns ?? 80) - 1;
  showStatus([formatProgress(scan), ...failures, ...more].map((line) => fitEnd(printable(line), most)));
}

function formatProgress({ total, ok, failed, partial }: Scan): string {
  const done = ok + failed + partial;
  const filled = total === 0 ? BAR_WIDTH : Math.floor((BAR_WIDTH * done) / total);
  const bar = `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
  const counts = [
    `${formatNumber(ok)} read`,
    ...(partial > 0 ? [`${formatNumber(partial)} in part`] : []),
    ...(failed > 0 ? [`${formatNumber(failed)} failed`] : []),
  ];
  return `${bar} ${formatNumber(done)} of ${formatCount(total, "target")}: ${counts.join(", ")}`;
}

export type ProbedScan = { scan: Scan; failures: Probe[] };

/** The further facts of the endpoints that showed a chain in a scan. */
export const readEndpoints = async (client: LatchkeyClient, scanId: ScanId): Promise<Endpoint[]> =>
  (await listRows(undefined, (page) => client.endpoints.ofScan({ scanId, ...page }))).rows;

/** A scan at its end, with the probes that failed. */
export async function readScan(client: LatchkeyClient, scanId: ScanId): Promise<ProbedScan> {
  const scan = await client.scans.find({ scanId });
  const probesThatAre = async (state: "failed" | "partial") =>
    (await listRows(undefined, (page) => client.scans.probes({ scanId, state, ...page }))).rows;
  const cutShort = (await probesThatAre("partial")).filter(({ outcome }) => outcome !== "collected");
  return { scan, failures: [...(await probesThatAre("failed")), ...cutShort] };
}
