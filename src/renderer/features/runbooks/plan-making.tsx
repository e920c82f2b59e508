import { IconAlertTriangle } from "@tabler/icons-react";
import { Notice } from "#renderer/ui/notice.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { PlanDetail } from "#shared/contract/runbooks.ts";
import { formatCount } from "#shared/text/count.ts";
import { MakeAnew } from "./make-anew.tsx";
import classes from "./plan.module.css";

/** Hosts are being read: how far, and that nothing is written meanwhile. */
export function PlanBeingMade({ found: { read, total } }: { found: PlanDetail }) {
  const share = total === 0 ? 0 : (100 * read) / total;
  return (
    <Panel title="Making the plan">
      <p role="status">
        {total === 0
          ? "Looking up what it is about"
          : `${read.toLocaleString("en")} of ${formatCount(total, "host")} read`}
      </p>
      <svg
        className={classes.bar}
        viewBox="0 0 100 6"
        preserveAspectRatio="none"
        role="img"
        aria-label={`${read} of ${total} read`}
      >
        <rect width="100" height="6" className={classes.track} />
        <rect width={share} height="6" className={classes.read} />
      </svg>
      <p className={classes.dim}>
        Each host is asked what its files hold now. Nothing is written, and nothing will be before the plan is
        approved.
      </p>
    </Panel>
  );
}

/** Why there is none, and the same wish again. */
export function FailedPlan({ found }: { found: PlanDetail }) {
  return (
    <>
      <Notice tone="red" Icon={IconAlertTriangle} title="No plan could be made">
        <p>
          <Untrusted text={found.message} limit={2_000} />
        </p>
        <p>Nothing was written on any host.</p>
      </Notice>
      {found.wish && <MakeAnew wish={found.wish} options={null} />}
    </>
  );
}
