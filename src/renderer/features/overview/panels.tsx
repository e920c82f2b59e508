import type { Overview } from "#shared/contract/overview.ts";
import { AccessPanel } from "./access-panel.tsx";
import { CoveragePanel } from "./coverage-panel.tsx";
import { ExpiryStrip } from "./expiry-strip.tsx";
import { IssueCards } from "./issue-cards.tsx";
import { NextToExpire } from "./next-to-expire.tsx";
import classes from "./overview.module.css";

/** What needs somebody today, then what comes, then how far all of it can be relied on. */
export function OverviewPanels({ overview }: { overview: Overview }) {
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
