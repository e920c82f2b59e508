import { Button } from "@mantine/core";
import { IconPlayerStop, IconPlayerTrackNext, IconRadar2 } from "@tabler/icons-react";
import { useScanRequest } from "#renderer/api/scan-request.ts";
import { Drawer, Fact, Facts, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { Scan, ScanId } from "#shared/model/scan.ts";
import { writeTarget } from "#shared/text/target.ts";
import { ProbeLines } from "./probe-lines.tsx";
import {
  route,
  useCancelScan,
  useFailedTargets,
  useLastStopped,
  useProbes,
  useScan,
  useStartScan,
} from "./queries.ts";
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
  return (
    <>
      {scan.failed > 0 && <ScanFailed scanId={scan.id} />}
      {doneOf(scan) < scan.total && <GoOn scanId={scan.id} />}
    </>
  );
}

function ScanFailed({ scanId }: { scanId: ScanId }) {
  const fetchFailed = useFailedTargets(scanId);
  const requestScan = useScanRequest();
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

/** Of the last scan that was stopped or killed; another one has no rest that is kept. */
function GoOn({ scanId }: { scanId: ScanId }) {
  const lastStopped = useLastStopped();
  const navigate = route.useNavigate();
  const start = useStartScan();
  if (lastStopped !== scanId) return null;
  const goOn = () =>
    start.mutate(
      { text: "", again: "unfinished", mayAsk: true },
      { onSuccess: (begun) => void navigate({ to: ".", search: { open: begun.scanId } }) },
    );
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconPlayerTrackNext size={14} />}
        loading={start.isPending}
        onClick={goOn}
      >
        Go on with the rest
      </Button>
      {start.error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={start.error.message} />
        </p>
      )}
    </>
  );
}
