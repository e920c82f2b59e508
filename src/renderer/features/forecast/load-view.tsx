import { Button } from "@mantine/core";
import { IconDownload, IconTrendingUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Panel } from "#renderer/ui/panel.tsx";
import { download, printCsv } from "#renderer/ui/table/csv.ts";
import { Facet, FixedFacet } from "#renderer/ui/table/facet.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { useKeys } from "#renderer/ui/use-keys.ts";
import type { WeeklyLoad } from "#shared/model/forecast.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatMost } from "#shared/text/load.ts";
import classes from "./forecast.module.css";
import { Legend, LoadChart } from "./load-chart.tsx";
import { LoadTable, toCsvColumns, toRows } from "./load-table.tsx";
import type { LoadSearch } from "./queries.ts";

const BY = [
  { value: "owner" as const, label: "owner" },
  { value: "both" as const, label: "issuer and owner" },
];

type Props<Search extends LoadSearch> = {
  /** Of the file: latchkey-forecast.csv. */
  name: string;
  title: string;
  /** What is done with certificates in a week: to renew. */
  what: string;
  load: WeeklyLoad;
  search: Search;
  onChange: (patch: Partial<LoadSearch>) => void;
  filters?: ReactNode;
  /** What has to be said of it beside the numbers. */
  children: ReactNode;
};

/** A load week by week: as a picture, as a table, as a file. */
export function LoadView<Search extends LoadSearch>(props: Props<Search>) {
  const { name, title, what, load, search, onChange, filters, children } = props;
  const exportCsv = () =>
    download(
      `latchkey-${name}.csv`,
      "text/csv;charset=utf-8",
      printCsv(toCsvColumns(load.series), toRows(load)),
    );
  useKeys([["e", exportCsv]]);
  const total = load.totals.reduce((sum, count) => sum + count, 0);
  const label = `${formatNumber(total)} certificates ${what} in ${load.weeks.length} weeks, by week; the table below has the numbers`;
  return (
    <>
      <div className={classes.toolbar}>
        <Facet title="By" usual="issuer" value={search.by} options={BY} onChange={(by) => onChange({ by })} />
        {filters}
        {search.issuer !== undefined && (
          <FixedFacet
            title="Issuer"
            value={search.issuer || "self-issued"}
            onDrop={() => onChange({ issuer: undefined })}
          />
        )}
        {search.owner !== undefined && (
          <FixedFacet
            title="Owner"
            value={search.owner || "nobody"}
            onDrop={() => onChange({ owner: undefined })}
          />
        )}
        <Button
          variant="default"
          size="xs"
          h={30}
          className={classes.export}
          leftSection={<IconDownload size={15} />}
          title="Export every week as CSV (e)"
          onClick={exportCsv}
        >
          Export CSV
        </Button>
      </div>
      <Panel title={title}>
        <LoadChart load={load} label={label} />
        <Legend load={load} />
      </Panel>
      <Peaks load={load} what={what} />
      {children}
      <LoadTable load={load} caption={`Certificates ${what}, week by week`} />
    </>
  );
}

function Peaks({ load: { peaks, series }, what }: { load: WeeklyLoad; what: string }) {
  if (peaks.length === 0) return null;
  return (
    <Panel title="Load peaks">
      <ul className={classes.peaks}>
        {peaks.map((peak) => (
          <li key={peak.from}>
            <IconTrendingUp size={15} aria-hidden /> the week from {peak.from}: {formatNumber(peak.count)}{" "}
            {what}
            <Untrusted text={formatMost(peak, series)} limit={200} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
