import { usePrefetchQuery, useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { ErrorState } from "#renderer/ui/panel.tsx";
import type { Figures } from "#shared/contract/today.ts";
import { ExpiryStrip, NextToExpire } from "./expiry.tsx";
import { FirstRun } from "./first-run.tsx";
import { TodayLines } from "./lines.tsx";
import { AccessPanel, CoveragePanel } from "./panels.tsx";
import classes from "./today.module.css";

/** The first steps stay until they are left, although the first scan fills the page behind them. */
export function TodayPage({ renderScanPanel }: { renderScanPanel: (onDone: () => void) => ReactNode }) {
  const { data, error, refetch } = useFigures();
  // Both are asked for at once, although the lines are shown only beside the figures.
  usePrefetchQuery(useLinesOptions());
  const [firstSteps, setFirstSteps] = useState<"undecided" | "shown" | "left">("undecided");
  if (data?.isEmpty && firstSteps === "undecided") setFirstSteps("shown");

  if (error) return <ErrorState doing="read the figures" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  if (firstSteps === "shown" || data.isEmpty)
    return <FirstRun figures={data} scanPanel={renderScanPanel(() => setFirstSteps("left"))} />;
  return <TodayPanels figures={data} />;
}

/** What needs somebody today, then what comes, then how far all of it can be relied on. */
function TodayPanels({ figures }: { figures: Figures }) {
  return (
    <div className={classes.page}>
      <Lines />
      <div className={classes.columns}>
        <ExpiryStrip figures={figures} />
        <NextToExpire certificates={figures.nextToExpire} />
        <AccessPanel grants={figures.grants} />
        <CoveragePanel figures={figures} />
      </div>
    </div>
  );
}

function Lines() {
  const { data, error, refetch } = useQuery(useLinesOptions());
  if (error)
    return <ErrorState doing="read what needs attention" error={error} onRetry={() => void refetch()} />;
  return data ? <TodayLines today={data} /> : null;
}

const useLinesOptions = () => useApi().today.read.queryOptions({ input: {} });
const useFigures = () => useQuery(useApi().today.figures.queryOptions());
