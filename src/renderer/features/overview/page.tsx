import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { ErrorState } from "#renderer/ui/panel.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { ExpiryStrip, NextToExpire } from "./expiry.tsx";
import { FirstRun } from "./first-run.tsx";
import classes from "./overview.module.css";
import { AccessPanel, CoveragePanel, IssueCards } from "./panels.tsx";

/** The first steps stay until they are left, although the first scan fills the page behind them. */
export function OverviewPage({ renderScanPanel }: { renderScanPanel: (onDone: () => void) => ReactNode }) {
  const { data, error, refetch } = useOverview();
  const [firstSteps, setFirstSteps] = useState<"undecided" | "shown" | "left">("undecided");
  if (data?.isEmpty && firstSteps === "undecided") setFirstSteps("shown");

  if (error) return <ErrorState doing="read the overview" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  if (firstSteps === "shown" || data.isEmpty)
    return <FirstRun overview={data} scanPanel={renderScanPanel(() => setFirstSteps("left"))} />;
  return <OverviewPanels overview={data} />;
}

/** What needs somebody today, then what comes, then how far all of it can be relied on. */
function OverviewPanels({ overview }: { overview: Overview }) {
  return (
    <div className={classes.page}>
      <IssueCards findings={overview.findings} />
      <div className={classes.columns}>
        <ExpiryStrip overview={overview} />
        <NextToExpire certificates={overview.nextToExpire} />
        <AccessPanel grants={overview.grants} />
        <CoveragePanel overview={overview} />
      </div>
    </div>
  );
}

const useOverview = () => useQuery(useApi().overview.read.queryOptions());
