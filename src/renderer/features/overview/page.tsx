import { type ReactNode, useState } from "react";
import { ErrorState } from "#renderer/ui/states.tsx";
import { FirstRun } from "./first-run.tsx";
import { OverviewPanels } from "./panels.tsx";
import { useOverview } from "./queries.ts";

/** The first steps stay until they are left, although the first scan fills the page behind them. */
export function OverviewPage({ renderScanPanel }: { renderScanPanel: (onDone: () => void) => ReactNode }) {
  const { data, error, refetch } = useOverview();
  const [firstSteps, setFirstSteps] = useState<"not-asked" | "shown" | "left">("not-asked");
  if (data?.isEmpty && firstSteps === "not-asked") setFirstSteps("shown");

  if (error) return <ErrorState doing="read the overview" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  if (firstSteps === "shown" || data.isEmpty)
    return <FirstRun overview={data} scanPanel={renderScanPanel(() => setFirstSteps("left"))} />;
  return <OverviewPanels overview={data} />;
}
