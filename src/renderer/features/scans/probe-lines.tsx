import { Button } from "@mantine/core";
import { useState } from "react";
import { useScanRequest } from "#renderer/api/scan-request.ts";
import { Line, Lines } from "#renderer/ui/drawer/drawer.tsx";
import { ProbeTag } from "#renderer/ui/probe-state.tsx";
import type { Rows } from "#renderer/ui/table/column.ts";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TrustKey } from "#renderer/ui/trust-key.tsx";
import type { HostKeyView, Probe } from "#shared/model/probe.ts";
import type { SshTarget } from "#shared/model/target.ts";
import { isMoreThan } from "#shared/model/total.ts";
import { formatDuration } from "#shared/text/elapsed.ts";
import { formatKind, formatPlace, formatTarget, writeTarget } from "#shared/text/target.ts";
import { useTrustKey } from "./queries.ts";
import classes from "./scans.module.css";

/** The visits of a scan as they end, those that failed first, each with what to do about it. */
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
            {outcome === "host-key-unknown" && hostKey && target.kind === "ssh" && (
              <Unknown target={target} place={jumpHost ?? target} hostKey={hostKey} />
            )}
          </>
        )
      }
    >
      <span className={classes.target}>
        <span className={classes.kind}>{formatKind(target)}</span>
        <Untrusted
          text={jumpHost ? `${formatTarget(target)} (via ${formatPlace(jumpHost)})` : formatTarget(target)}
        />
        {transport === "system" && <span className={classes.took}>by this computer's ssh</span>}
      </span>
    </Line>
  );
}

/** `place`: whose key it is, the target's or that of a jump host. */
type UnknownProps = { target: SshTarget; place: { host: string; port: number }; hostKey: HostKeyView };

/** The key is compared first, so the way to trust it is opened on purpose. */
function Unknown({ target, place: { host, port }, hostKey }: UnknownProps) {
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
