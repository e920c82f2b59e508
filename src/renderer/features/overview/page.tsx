import {
  IconArrowRight,
  IconCertificate,
  IconKey,
  IconListSearch,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { ErrorState } from "#renderer/ui/panel.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { formatCount } from "#shared/text/count.ts";
import { ExpiryStrip, NextToExpire } from "./expiry.tsx";
import firstRunClasses from "./first-run.module.css";
import { FirstRun } from "./first-run.tsx";
import classes from "./overview.module.css";
import { AccessPanel, CoveragePanel, IssueCards } from "./panels.tsx";

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

/** Three ways on from a first scan, each to a list. */
export function NextSteps({ overview: { certificates, grants, findings } }: { overview: Overview }) {
  const found = findings.reduce((sum, { count }) => sum + count, 0);
  return (
    <ul className={firstRunClasses.next}>
      <NextStep
        Icon={IconListSearch}
        title={found > 0 ? `Look at ${formatCount(found, "finding")}` : "See which rules ran"}
        why="the most severe first, each with its remedy"
        renderLink={(look) => <Link to="/findings" {...look} />}
      />
      <NextStep
        Icon={IconCertificate}
        title="See what expires within 90 days"
        why={`among ${formatCount(certificates.total, "certificate")}, and where each is served`}
        renderLink={(look) => <Link to="/certificates" search={{ within: 90 }} {...look} />}
      />
      <NextStep
        Icon={IconKey}
        title="See who can log in"
        why={
          grants.total === 0
            ? "once a host was read over SSH"
            : `${formatCount(grants.total, "grant")}, each with its verdict`
        }
        renderLink={(look) => <Link to="/access" {...look} />}
      />
    </ul>
  );
}

type StepProps = {
  Icon: TablerIcon;
  title: string;
  why: string;
  renderLink: (look: { className: string | undefined; children: ReactNode }) => ReactNode;
};

function NextStep({ Icon, title, why, renderLink }: StepProps) {
  return (
    <li>
      {renderLink({
        className: firstRunClasses.nextStep,
        children: (
          <>
            <Icon size={20} stroke={1.6} aria-hidden />
            <span className={firstRunClasses.nextWords}>
              <strong>{title}</strong>
              <span className={firstRunClasses.nextWhy}>{why}</span>
            </span>
            <IconArrowRight size={16} aria-hidden />
          </>
        ),
      })}
    </li>
  );
}

const useOverview = () => useQuery(useApi().overview.read.queryOptions());
export const useThisComputer = () => useQuery(useApi().thisComputer.look.queryOptions());
