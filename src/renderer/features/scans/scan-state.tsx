import { Button } from "@mantine/core";
import {
  IconBan,
  IconCircleCheck,
  IconLoader,
  IconPlayerStop,
  IconPlugConnectedX,
  type TablerIcon,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useScanRequest } from "#renderer/api/scan-button.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import headerChipClasses from "#renderer/ui/header-chip.module.css";
import { HostName } from "#renderer/ui/host-name.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { formatPromptTitle, PromptForm } from "#renderer/ui/prompts/prompt-form.tsx";
import type { Rows } from "#renderer/ui/table/column.ts";
import { ProbeTag, Tag, type Tone } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TrustKey } from "#renderer/ui/trust-key.tsx";
import type { HostKeyView, Probe } from "#shared/model/hosts/probe.ts";
import type { Scan, ScanId, ScanState } from "#shared/model/hosts/scan.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatDuration } from "#shared/text/elapsed.ts";
import { formatHostAddress, formatKind, formatTarget, writeTarget } from "#shared/text/hosts/target.ts";
import { HostKeyList } from "./host-key-list.tsx";
import {
  useAnswer,
  useCancelScan,
  useOfferedKeys,
  useProbes,
  usePrompts,
  useScan,
  useScans,
  useTrustKey,
} from "./queries.ts";
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

/** The progress of a scan: what was read, in part, not at all, and what is still to come. */
export function ScanBar({ scan }: { scan: Scan }) {
  const share = (count: number) => (scan.total === 0 ? 0 : (100 * count) / scan.total);
  const [ok, partial, failed] = [share(scan.ok), share(scan.partial), share(scan.failed)];
  return (
    <svg
      className={classes.bar}
      viewBox="0 0 100 6"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${doneOf(scan)} of ${scan.total} scanned`}
    >
      <rect width="100" height="6" className={classes.track} />
      <rect width={ok} height="6" className={classes.ok} />
      <rect x={ok} width={partial} height="6" className={classes.partial} />
      <rect x={ok + partial} width={failed} height="6" className={classes.failed} />
    </svg>
  );
}

/** In the header while a scan runs: its progress, and a link to it. */
export function RunningScan() {
  const running = useScans({ state: "running" }).list.rows.at(0);
  const waiting = useOfferedKeys(running?.id ?? null)?.counts.waiting ?? 0;
  if (!running) return null;
  return (
    <Link to="/scans" search={{ open: running.id }} className={headerChipClasses.chip}>
      <IconLoader size={14} aria-hidden />
      Scanning {doneOf(running).toLocaleString("en")} of {running.total.toLocaleString("en")}
      {waiting > 0 && `, ${formatCount(waiting, "host key")} to accept`}
    </Link>
  );
}

type Props = { scanId: ScanId; onDone?: () => void; doneWord: string };

/** A scan as it runs: how far it is, and each probe as it ends. */
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
          {doneOf(scan)} of {scan.total} scanned
          {scan.failed > 0 && `, ${scan.failed} failed`}
          {scan.partial > 0 && `, ${scan.partial} in part`}
        </span>
      </div>
      <ScanBar scan={scan} />
      {isRunning && <HostKeyList scanId={scanId} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.liveRows} tabIndex={0} aria-label="Probes">
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

/**
 * Prompts of running scans, the oldest first, over whatever screen is open. Closing one continues without an answer.
 */
export function ScanPrompts() {
  const { waiting, count } = usePrompts();
  const answer = useAnswer();
  const cancel = useCancelScan();
  if (!waiting) return null;
  const { scan, request } = waiting;
  const reply = (typed: { answers: string[] | null; isForSameUser: boolean }) =>
    answer({ scanId: scan.id, promptId: request.id, ...typed });
  return (
    <Dialog
      title={count > 1 ? `${formatPromptTitle(request)} (1 of ${count})` : formatPromptTitle(request)}
      isOpen
      onClose={() => void reply({ answers: null, isForSameUser: false }).catch(() => undefined)}
      width={460}
    >
      <PromptForm
        key={request.id}
        request={request}
        work="scan"
        hasOthers={scan.total > 1}
        onReply={reply}
        onCancel={() => cancel.mutate({ scanId: scan.id })}
      />
    </Dialog>
  );
}

/** The probes of a scan as they end, those that failed first, each with what to do about it. */
export function ProbeLines({ list }: { list: Rows<Probe> }) {
  if (list.rows.length === 0)
    return <p className={classes.none}>{list.total === 0 ? "None has ended yet" : ""}</p>;
  return (
    <>
      <Lines>
        {list.rows.map((probe) => (
          <ProbeLine key={probe.id} probe={probe} />
        ))}
      </Lines>
      {list.total !== null && isMoreThan(list.total, list.rows.length) && (
        <Button variant="subtle" size="compact-sm" mt={8} loading={list.isFetching} onClick={list.fetchMore}>
          Show more
        </Button>
      )}
    </>
  );
}

function ProbeLine({ probe }: { probe: Probe }) {
  const { target, state, outcome, message, tookMs, hostKey, jumpHost, transport } = probe;
  return (
    <Line
      end={
        <>
          <span className={classes.took}>{formatDuration(tookMs)}</span>
          <ProbeTag state={state} outcome={outcome} />
        </>
      }
      below={
        (message || hostKey) && (
          <>
            <Untrusted text={message} />
            {NOT_TRUSTED.has(outcome) && hostKey && target.kind === "ssh" && (
              <Unknown target={target} address={jumpHost ?? target} hostKey={hostKey} />
            )}
          </>
        )
      }
    >
      <span className={classes.target}>
        <span className={classes.kind}>{formatKind(target)}</span>
        <span>
          <HostName
            host={target.host}
            port={target.kind === "ssh" ? target.port : null}
            text={
              jumpHost ? `${formatTarget(target)} (via ${formatHostAddress(jumpHost)})` : formatTarget(target)
            }
          />
        </span>
        {transport === "system" && <span className={classes.took}>by this computer's ssh</span>}
      </span>
    </Line>
  );
}

const NOT_TRUSTED: ReadonlySet<string> = new Set(["host-key-unknown", "host-key-not-accepted"]);

/** `address`: whose key it is, the target's or that of a jump host. */
type UnknownProps = { target: SshTarget; address: { host: string; port: number }; hostKey: HostKeyView };

/** The key is compared first, so trusting it takes one more step. */
function Unknown({ target, address: { host, port }, hostKey }: UnknownProps) {
  const [isComparing, setIsComparing] = useState(false);
  const { mutate, isPending, isSuccess, error } = useTrustKey();
  const requestScan = useScanRequest();
  if (isSuccess)
    return (
      <p className={classes.unknown}>
        The key is trusted.{" "}
        <Button size="compact-xs" onClick={() => requestScan(writeTarget(target))}>
          Scan it again
        </Button>
      </p>
    );
  if (!isComparing)
    return (
      <p className={classes.unknown}>
        <Button variant="default" size="compact-xs" onClick={() => setIsComparing(true)}>
          Compare and trust
        </Button>
      </p>
    );
  return (
    <div className={classes.unknown}>
      <TrustKey
        hostKey={hostKey}
        isTrusting={isPending}
        error={error}
        onTrust={() => mutate({ host, port, fingerprint: hostKey.fingerprint })}
      />
    </div>
  );
}
