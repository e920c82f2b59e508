import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { BrokenEntry } from "#shared/contract/targets.ts";
import type { Scan, ScanId } from "#shared/model/scan.ts";
import { isMoreThan, withoutSome } from "#shared/model/total.ts";
import { sayCount, sayNumber } from "#shared/text/count.ts";
import { fitEnd } from "#shared/text/fit.ts";
import { sayOutcome } from "#shared/text/outcome.ts";
import { printable } from "#shared/text/printable.ts";
import { sayTarget } from "#shared/text/target.ts";
import { sayAmount } from "#shared/text/total.ts";
import { createAnswerer, questionsOfScan } from "./answer-questions.ts";
import { sayBroken, sayNotes } from "./target-text.ts";
import type { World } from "./world.ts";

const BAR_WIDTH = 24;
const FAILURES_SHOWN = 3;

/**
 * Starts a scan and shows how far it is until it ends, or what it asks; Ctrl-C cancels it, and what it has read is
 * kept.
 */
export async function followScan(
  client: LatchkeyClient,
  input: Parameters<LatchkeyClient["scans"]["start"]>[0],
  world: World,
): Promise<{ scanId: ScanId; broken: BrokenEntry[] }> {
  const announcements = await client.events.watch();
  const { scanId, broken, notes } = await client.scans.start({ ...input, mayAsk: world.prompt !== null });
  for (const line of [...sayBroken(broken), ...sayNotes(notes)]) world.err(line);
  using _stop = world.onStop(() => void client.scans.cancel({ scanId }));
  using answerer = createAnswerer(questionsOfScan(scanId, client), world);
  await showProgress(scanId, client, world);
  await answerer.refresh();
  for await (const announcement of announcements) {
    if (!("scanId" in announcement) || announcement.scanId !== scanId) continue;
    if (announcement.kind === "scan-finished") break;
    if (announcement.kind === "scan-asks") await answerer.refresh();
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
  const failures = rows.map(({ target, outcome }) => `  ${sayTarget(target)}: ${sayOutcome(outcome)}`);
  const more = isMoreThan(total, rows.length)
    ? [`  and ${sayAmount(withoutSome(total, rows.length))} more`]
    : [];
  const most = (columns ?? 80) - 1;
  showStatus([sayProgress(scan), ...failures, ...more].map((line) => fitEnd(printable(line), most)));
}

function sayProgress({ total, ok, failed, partial }: Scan): string {
  const done = ok + failed + partial;
  const filled = total === 0 ? BAR_WIDTH : Math.floor((BAR_WIDTH * done) / total);
  const bar = `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
  const counts = [
    `${sayNumber(ok)} read`,
    ...(partial > 0 ? [`${sayNumber(partial)} in part`] : []),
    ...(failed > 0 ? [`${sayNumber(failed)} failed`] : []),
  ];
  return `${bar} ${sayNumber(done)} of ${sayCount(total, "target")}: ${counts.join(", ")}`;
}
