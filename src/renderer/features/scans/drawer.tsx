import { Button } from "@mantine/core";
import { IconPlayerStop, IconRadar2 } from "@tabler/icons-react";
import { useScanRequest } from "#renderer/api/scan-request.ts";
import { Drawer, Fact, Facts, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { Scan, ScanId } from "#shared/model/scan.ts";
import { writeTarget } from "#shared/text/target.ts";
import { ProbeLines } from "./probe-lines.tsx";
import { useCancelScan, useFailedTargets, useProbes, useScan } from "./queries.ts";
import { doneOf, ScanBar, ScanStateTag } from "./scan-state.tsx";
import classes from "./scans.module.css";

export function ScanDrawer({ scanId, onClose }: { scanId: ScanId; onClose: () => void }) {
  const { data, error } = useScan(scanId);
  return (
    <Drawer
      label="scan"
      title={`Scan #${scanId}`}
      subtitle={data && <ScanStateTag state={data.state} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this scan" error={error} />}
      {data && <Details scan={data} />}
    </Drawer>
  );
}

function Details({ scan }: { scan: Scan }) {
  const probes = useProbes(scan.id);
  return (
    <>
      <Section title="Progress" action={<Actions scan={scan} />}>
        <ScanBar scan={scan} />
        <p className={classes.counts}>
          {doneOf(scan)} of {scan.total} visited: {scan.ok} read, {scan.partial} in part, {scan.failed} failed
        </p>
        <Facts>
          <Fact name="Started">
            <Exactly instant={scan.startedAt} />
          </Fact>
          <Fact name="Ended">
            {scan.finishedAt === null ? "still running" : <Exactly instant={scan.finishedAt} />}
          </Fact>
        </Facts>
      </Section>
      <Section title="Visits" {...(probes.total === null ? {} : { count: probes.total })}>
        <ProbeLines list={probes} />
      </Section>
    </>
  );
}

function Actions({ scan }: { scan: Scan }) {
  const cancel = useCancelScan();
  const fetchFailed = useFailedTargets(scan.id);
  const requestScan = useScanRequest();
  if (scan.state === "running")
    return (
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconPlayerStop size={14} />}
        loading={cancel.isPending}
        onClick={() => cancel.mutate({ scanId: scan.id })}
      >
        Cancel
      </Button>
    );
  if (scan.failed === 0) return null;
  const scanAgain = async () => requestScan((await fetchFailed()).map(writeTarget).join("\n"));
  return (
    <Button
      variant="default"
      size="compact-sm"
      leftSection={<IconRadar2 size={14} />}
      onClick={() => void scanAgain()}
    >
      Scan the failed again
    </Button>
  );
}
