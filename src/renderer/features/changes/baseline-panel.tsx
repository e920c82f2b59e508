import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import { ScanId } from "#shared/model/scan.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./changes.module.css";
import { route, useBaseline, useClearBaseline, useSetBaseline, useSummary } from "./queries.ts";

/** The scan that stands for what is meant to be there, and what is new since it. */
export function BaselinePanel({ onCompare }: { onCompare: (patch: { from: number; to?: number }) => void }) {
  const { data: baseline } = useBaseline();
  const set = useSetBaseline();
  const clear = useClearBaseline();
  const { data: summary } = useSummary(route.useSearch());
  const to = summary?.to?.scan ?? null;
  const error = set.error ?? clear.error;
  const mark = () =>
    set.mutate(
      { scan: to === null ? null : ScanId.parse(to) },
      { onSuccess: ({ scan }) => toast(`Scan ${scan} is the baseline`) },
    );
  return (
    <Panel title="Baseline" note="A scan of what is meant to be there">
      {baseline === null && (
        <p className={classes.dim}>
          None is set. With one, what is new since and may let somebody in is listed until it is approved.
        </p>
      )}
      {baseline && (
        <>
          <p>
            Scan {baseline.scan}, <Exactly instant={baseline.scannedAt} />
          </p>
          <p>
            <TextLink>
              <Link to="/access" search={{ rogue: true }}>
                {formatCount(baseline.rogue, "grant")} new since and not approved
              </Link>
            </TextLink>
          </p>
        </>
      )}
      <div className={classes.actions}>
        <Button
          size="xs"
          variant="default"
          loading={set.isPending}
          disabled={to === null || baseline?.scan === to}
          onClick={mark}
        >
          {to === null ? "Set a baseline" : `Set to scan ${to}`}
        </Button>
        {baseline && (
          <>
            <Button size="xs" variant="subtle" onClick={() => onCompare({ from: baseline.scan })}>
              Compare with it
            </Button>
            <Button
              size="xs"
              variant="subtle"
              color="gray"
              loading={clear.isPending}
              onClick={() =>
                clear.mutate(undefined, { onSuccess: () => toast("There is no baseline any more") })
              }
            >
              Clear
            </Button>
          </>
        )}
      </div>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
    </Panel>
  );
}
