import { Button } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { ErrorState } from "#renderer/ui/states.tsx";
import type { ScanId } from "#shared/model/scan.ts";
import { ProbeLines } from "./probe-lines.tsx";
import { useCancelScan, useProbes, useScan } from "./queries.ts";
import { doneOf, ScanBar, ScanStateTag } from "./scan-state.tsx";
import classes from "./scans.module.css";

type Props = { scanId: ScanId; onDone?: () => void; doneWord: string };

/** A scan as it runs: how far it is, and each visit as it ends. */
export function ScanProgress({ scanId, onDone, doneWord }: Props) {
  const { data: scan, error } = useScan(scanId);
  const probes = useProbes(scanId);
  const cancel = useCancelScan();
  if (error) return <ErrorState doing="show the scan" error={error} />;
  if (!scan) return null;
  const isRunning = scan.state === "running";
  return (
    <div className={classes.live}>
      <div className={classes.liveHead}>
        <ScanStateTag state={scan.state} />
        <span role="status" className={classes.liveCount}>
          {doneOf(scan)} of {scan.total} visited
          {scan.failed > 0 && `, ${scan.failed} failed`}
          {scan.partial > 0 && `, ${scan.partial} in part`}
        </span>
      </div>
      <ScanBar scan={scan} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.liveRows} tabIndex={0} aria-label="Visits">
        <ProbeLines list={probes} />
      </section>
      <div className={classes.liveActions}>
        {isRunning && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPlayerStop size={14} />}
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ scanId })}
          >
            Cancel the scan
          </Button>
        )}
        {onDone && (
          <Button size="xs" onClick={onDone}>
            {isRunning ? "Go on in the background" : doneWord}
          </Button>
        )}
      </div>
    </div>
  );
}
