import { IconCalendarStats } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { EmptyState, ErrorState } from "#renderer/ui/states.tsx";
import { Facet } from "#renderer/ui/table/facet.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import type { Timeline } from "#shared/model/forecast.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import classes from "./forecast.module.css";
import { LoadView } from "./load-view.tsx";
import { timelineRoute, USUAL_WEEKS, useTimeline } from "./queries.ts";

const WEEKS = [
  { value: 13, label: "a quarter" },
  { value: 26, label: "half a year" },
  { value: 104, label: "two years" },
  { value: 260, label: "five years" },
];

type Search = ReturnType<typeof timelineRoute.useSearch>;

/** How many certificates expire each week. */
export function TimelinePage() {
  const search = timelineRoute.useSearch();
  const navigate = timelineRoute.useNavigate();
  const { data, error, refetch } = useTimeline(search);
  const change = (patch: Partial<Search>) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace: true });
  if (error) return <ErrorState doing="show the timeline" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  if (isEmpty(data) && search.issuer === undefined && search.owner === undefined)
    return (
      <EmptyState
        Icon={IconCalendarStats}
        title="Nothing expires yet"
        why="The timeline shows when the certificates that a scan has seen expire; those of authorities are left out."
        action={<ScanButton>Scan endpoints</ScanButton>}
      />
    );
  return (
    <div className={classes.page}>
      <LoadView
        name="timeline"
        title={`Expiry by week, ${formatCount(search.weeks ?? USUAL_WEEKS, "week")}`}
        what="to expire"
        load={data}
        search={search}
        onChange={change}
        filters={
          <Facet
            title="Shown"
            usual="a year"
            value={search.weeks}
            options={WEEKS}
            onChange={(weeks) => change({ weeks })}
          />
        }
      >
        <p className={classes.note}>
          <TextLink>
            <Link to="/certificates" search={{ within: 0 }}>
              {formatNumber(data.expired)} expired
            </Link>
          </TextLink>{" "}
          already, {formatNumber(data.later)} expire later
        </p>
      </LoadView>
    </div>
  );
}

const isEmpty = ({ totals, expired, later }: Timeline): boolean =>
  expired + later + totals.reduce((sum, count) => sum + count, 0) === 0;
