import { IconCalendarStats, IconTrendingUp } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { EmptyState, ErrorState, Panel } from "#renderer/ui/panel.tsx";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { TextLink } from "#renderer/ui/text.tsx";
import type { Forecast, Timeline } from "#shared/model/certificates/forecast.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import classes from "./forecast.module.css";
import { LoadView } from "./load-view.tsx";
import {
  forecastRoute,
  type LoadSearch,
  timelineRoute,
  USUAL_WEEKS,
  useForecast,
  useTimeline,
} from "./queries.ts";

/** How many certificates have to be renewed each week until the end of 2029. */
export function ForecastPage() {
  const search = forecastRoute.useSearch();
  const navigate = forecastRoute.useNavigate();
  const { data, error, refetch } = useForecast(search);
  const change = (patch: Partial<LoadSearch>) =>
    void navigate({ to: ".", search: (before: LoadSearch) => ({ ...before, ...patch }), replace: true });
  if (error) return <ErrorState doing="make the forecast" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  if (data.certificates === 0 && search.issuer === undefined && search.owner === undefined)
    return (
      <EmptyState
        Icon={IconTrendingUp}
        title="Nothing to forecast yet"
        why="A forecast is made of the certificates that a scan has seen and that have not expired."
        action={<ScanButton>Scan endpoints</ScanButton>}
      />
    );
  return (
    <div className={classes.page}>
      <LoadView
        name="forecast"
        title="Renewals by week, until the end of 2029"
        what="to renew"
        load={data}
        search={search}
        onChange={change}
      >
        <Grounds forecast={data} />
      </LoadView>
    </div>
  );
}

function Grounds({ forecast: { certificates, unknownCount, steps, totals } }: { forecast: Forecast }) {
  const renewals = totals.reduce((sum, count) => sum + count, 0);
  return (
    <Panel title="Assumptions">
      <p>
        {formatCount(certificates, "certificate")} now, {formatCount(renewals, "renewal")} until then. Each is
        renewed when it is due, for as long as it lives now or as its authority may let it by then.
      </p>
      {unknownCount > 0 && (
        <p>
          Of {formatNumber(unknownCount)} it is not known whether a public authority issued them: they are
          assumed to keep their lifetime.
        </p>
      )}
      {steps.length > 0 && (
        <ul className={classes.steps}>
          {steps.map(({ on, what }) => (
            <li key={`${on} ${what}`}>
              <time dateTime={on}>{on}</time> {what}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

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
