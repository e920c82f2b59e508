import { Button } from "@mantine/core";
import { IconPlayerStop, IconPlayerTrackNext, IconRadar2 } from "@tabler/icons-react";
import { useScanRequest } from "#renderer/api/scan-button.tsx";
import { Drawer, Fact, Facts, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { Scan, ScanId } from "#shared/model/hosts/scan.ts";
import { formatSignature, formatStandingKind } from "#shared/text/hosts/bundle.ts";
import { formatScanName, writeTarget } from "#shared/text/hosts/target.ts";
import { HostKeyList } from "./host-key-list.tsx";
import {
  route,
  useCancelScan,
  useFailedTargets,
  useLastStopped,
  useProbes,
  useScan,
  useStartScan,
} from "./queries.ts";
import { doneOf, ProbeLines, ScanBar, ScanStateTag } from "./scan-state.tsx";
import classes from "./scans.module.css";

export function ScanDrawer({ scanId, onClose }: { scanId: ScanId; onClose: () => void }) {
  const { data, error } = useScan(scanId);
  return (
    <Drawer
      label="scan"
      title={
        <>
          Scan #{scanId}
          {data && data.firstTarget !== null && (
            <>
              : <Untrusted text={formatScanName(data)} limit={120} isCut />
            </>
          )}
        </>
      }
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
  // Only the rest of the last scan that was stopped or killed is kept.
  const mayGoOn = useLastStopped() === scan.id && doneOf(scan) < scan.total;
  return (
    <>
      <Section title="Progress" action={<Actions scan={scan} mayGoOn={mayGoOn} />}>
        {scan.bundle ? (
          <p className={classes.counts}>
            No connection was made: this is an imported bundle, which the collector wrote on the host.
          </p>
        ) : (
          <>
            <ScanBar scan={scan} />
            <p className={classes.counts}>
              {doneOf(scan)} of {scan.total} scanned: {scan.ok} read, {scan.partial} in part, {scan.failed}{" "}
              failed
            </p>
          </>
        )}
        {mayGoOn && <p className={classes.leaves}>{NOT_REUSED}</p>}
        <Facts>
          {scan.bundle && (
            <>
              <Fact name="By bundle">
                imported <Exactly instant={scan.bundle.importedAt} />
              </Fact>
              <Fact name="Known by">{formatStandingKind(scan.bundle.standing)}</Fact>
              <Fact name="Signature">
                <Untrusted text={formatSignature(scan.bundle.signature)} limit={300} />
              </Fact>
            </>
          )}
          <Fact name={scan.bundle ? "Collected" : "Started"}>
            <Exactly instant={scan.startedAt} />
          </Fact>
          {!scan.bundle && (
            <Fact name="Ended">
              {scan.finishedAt === null ? "still running" : <Exactly instant={scan.finishedAt} />}
            </Fact>
          )}
        </Facts>
      </Section>
      {scan.state === "running" && <HostKeyList scanId={scan.id} />}
      <Section title="Probes" {...(probes.total === null ? {} : { count: probes.total })}>
        <ProbeLines list={probes} />
      </Section>
    </>
  );
}

const NOT_REUSED =
  "Continuing uses none of the options for SSH but sudo: it prompts for no password, uses no key file that was named, and asks for the keys of new hosts. latchkey scan --resume accepts them again";

function Actions({ scan, mayGoOn }: { scan: Scan; mayGoOn: boolean }) {
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
      {mayGoOn && <GoOn />}
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

function GoOn() {
  const navigate = route.useNavigate();
  const start = useStartScan();
  const goOn = () =>
    start.mutate(
      { text: "", again: "unfinished", mayPrompt: true, promptsForHostKeys: true },
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
