import { Button, NativeSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import { type ChangeCount, ChangeKind } from "#shared/model/access/change.ts";
import { type Scan, ScanId } from "#shared/model/hosts/scan.ts";
import { KIND_WORD } from "#shared/text/access/change.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import classes from "./changes.module.css";
import { route, useBaseline, useClearBaseline, useScans, useSetBaseline, useSummary } from "./queries.ts";

/** What is compared: two scans, or so many days. */
type Patch = { from?: number | undefined; to?: number | undefined; days?: number | undefined };

const SPANS = [
  { title: "Last scan", days: undefined },
  { title: "7 days", days: 7 },
  { title: "30 days", days: 30 },
] as const;

/** Which two scans are compared, and how many changes there are. */
export function ComparePanel({ onChange }: { onChange: (patch: Patch) => void }) {
  const search = route.useSearch();
  const { data } = useSummary(search);
  const { data: baseline } = useBaseline();
  const scans = useScans();
  const from = data?.from?.scan ?? 0;
  const to = data?.to?.scan ?? 0;
  const isShown = (days: number | undefined): boolean =>
    search.from === undefined && search.to === undefined && search.days === days;
  const isSinceBaseline = search.from === baseline?.scan && search.to === undefined;
  return (
    <Panel title="Compare" note="What a scan could not read does not count as gone">
      <div className={classes.spans}>
        {SPANS.map(({ title, days }) => (
          <Button
            key={title}
            size="compact-xs"
            variant={isShown(days) ? "light" : "default"}
            aria-pressed={isShown(days)}
            onClick={() => onChange({ from: undefined, to: undefined, days })}
          >
            {title}
          </Button>
        ))}
        {baseline && (
          <Button
            size="compact-xs"
            variant={isSinceBaseline ? "light" : "default"}
            aria-pressed={isSinceBaseline}
            onClick={() => onChange({ from: baseline.scan, to: undefined, days: undefined })}
          >
            Since the baseline
          </Button>
        )}
      </div>
      <div className={classes.pickers}>
        <ScanPicker
          label="From"
          scan={from}
          scans={scans}
          onPick={(picked) => onChange({ from: picked, to, days: undefined })}
        />
        <ScanPicker
          label="To"
          scan={to}
          scans={scans}
          onPick={(picked) => onChange({ from, to: picked, days: undefined })}
        />
      </div>
      {data && <Counts counts={data.counts} />}
    </Panel>
  );
}

type PickerProps = { label: string; scan: number; scans: readonly Scan[]; onPick: (scan: number) => void };

function ScanPicker({ label, scan, scans, onPick }: PickerProps) {
  const known = scans.map(({ id, startedAt }) => ({
    value: String(id),
    label: `scan ${id}, ${startedAt.slice(0, 10)} ${startedAt.slice(11, 16)} UTC`,
  }));
  const isListed = scan === 0 || known.some(({ value }) => value === String(scan));
  const other = isListed ? [] : [{ value: String(scan), label: `scan ${scan}` }];
  return (
    <NativeSelect
      size="xs"
      label={label}
      value={String(scan)}
      data={[...other, ...known, { value: "0", label: "before all scans" }]}
      onChange={(event) => onPick(Number(event.currentTarget.value))}
    />
  );
}

function Counts({ counts }: { counts: readonly ChangeCount[] }) {
  if (counts.length === 0) return <p className={classes.none}>No change was seen.</p>;
  const of = (kind: ChangeKind) => counts.find((count) => count.kind === kind);
  return (
    <ul className={classes.counts} aria-label="Changes by kind">
      {ChangeKind.options.map((kind) => {
        const count = of(kind);
        return (
          count && (
            <li key={kind}>
              <span className={classes.dim}>{KIND_WORD[kind]}s</span> {formatNumber(count.appeared)} new,{" "}
              {formatNumber(count.changed)} changed, {formatNumber(count.gone)} gone
            </li>
          )
        );
      })}
    </ul>
  );
}

/** The baseline scan, and what is new since it. */
export function BaselinePanel() {
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
              <Link to="/access" search={{ unapproved: true }}>
                {formatCount(baseline.unapproved, "grant")} new since and not approved
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
