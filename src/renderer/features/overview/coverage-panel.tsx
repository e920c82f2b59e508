import { IconCircleCheck, IconCircleX, IconProgressAlert } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import classes from "./overview.module.css";
import { Shares } from "./shares.tsx";

/** How much of what was visited could be read: what all the rest on this page rests on. */
export function CoveragePanel({ overview: { hosts, endpoints, lastScan } }: { overview: Overview }) {
  const last = lastScan && (
    <TextLink>
      <Link to="/scans" search={{ open: lastScan.id }}>
        last scan <When instant={lastScan.finishedAt ?? lastScan.startedAt} />
      </Link>
    </TextLink>
  );
  return (
    <Panel title="What was read" action={last}>
      {hosts.total > 0 && (
        <Shares
          shares={[
            {
              word: "hosts read",
              count: hosts.read,
              tone: "green",
              Icon: IconCircleCheck,
              renderLink: (look) => <Link to="/hosts" search={{ state: "ok" }} {...look} />,
            },
            {
              word: "in part",
              count: hosts.partial,
              tone: "amber",
              Icon: IconProgressAlert,
              renderLink: (look) => <Link to="/hosts" search={{ state: "partial" }} {...look} />,
            },
            {
              word: "failed",
              count: hosts.failed,
              tone: "red",
              Icon: IconCircleX,
              renderLink: (look) => <Link to="/hosts" search={{ state: "failed" }} {...look} />,
            },
          ]}
        />
      )}
      {endpoints.total > 0 && (
        <p className={classes.endpoints}>
          {formatCount(endpoints.total, "endpoint")}: {formatNumber(endpoints.presented)} showed a
          certificate, {formatNumber(endpoints.failed)} did not
        </p>
      )}
    </Panel>
  );
}
