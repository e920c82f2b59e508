import {
  IconBan,
  IconCircleCheck,
  IconLoader,
  IconPlugConnectedX,
  type TablerIcon,
} from "@tabler/icons-react";
import { Tag, type Tone } from "#renderer/ui/tag.tsx";
import type { Scan, ScanState } from "#shared/model/scan.ts";
import classes from "./scans.module.css";

export const SCAN_STATES: Record<ScanState, { tone: Tone; Icon: TablerIcon; word: string }> = {
  running: { tone: "blue", Icon: IconLoader, word: "Running" },
  finished: { tone: "green", Icon: IconCircleCheck, word: "Finished" },
  cancelled: { tone: "gray", Icon: IconBan, word: "Cancelled" },
  interrupted: { tone: "amber", Icon: IconPlugConnectedX, word: "Interrupted" },
};

export function ScanStateTag({ state }: { state: ScanState }) {
  const { tone, Icon, word } = SCAN_STATES[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

export const doneOf = ({ ok, failed, partial }: Scan): number => ok + failed + partial;

/** How far a scan is: what was read, in part, not at all, and what is still to come. */
export function ScanBar({ scan }: { scan: Scan }) {
  const share = (count: number) => (scan.total === 0 ? 0 : (100 * count) / scan.total);
  const [ok, partial, failed] = [share(scan.ok), share(scan.partial), share(scan.failed)];
  return (
    <svg
      className={classes.bar}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${doneOf(scan)} of ${scan.total} visited`}
    >
      <rect width="100" height="6" className={classes.track} />
      <rect width={ok} height="6" className={classes.ok} />
      <rect x={ok} width={partial} height="6" className={classes.partial} />
      <rect x={ok + partial} width={failed} height="6" className={classes.failed} />
    </svg>
  );
}
