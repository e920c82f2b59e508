import { Button } from "@mantine/core";
import { IconArrowLeft, IconChecklist } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { EmptyState, ErrorState } from "#renderer/ui/states.tsx";
import type { PlanDetail } from "#shared/contract/runbooks.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { PlanId } from "#shared/model/plan.ts";
import classes from "./plan.module.css";
import { FailedPlan, PlanBeingMade } from "./plan-making.tsx";
import { planRoute, useFoundPlan } from "./queries.ts";
import { ReadyPlan } from "./ready-plan.tsx";

/** A plan, whole: what would be changed where, before anything is. */
export function PlanPage() {
  const { id } = planRoute.useSearch();
  if (id === undefined)
    return (
      <EmptyState
        Icon={IconChecklist}
        title="No plan is named"
        why="Rotate a key, renew a certificate or remove a grant: that makes a plan to look at first."
        action={<ToRuns />}
      />
    );
  return <PlanById key={id} id={PlanId.parse(id)} />;
}

function PlanById({ id }: { id: PlanId }) {
  const { data, error, refetch } = useFoundPlan(id);
  if (error) return <ErrorState doing="show this plan" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  return (
    <div className={classes.page}>
      <nav className={classes.back} aria-label="Where this plan belongs">
        <Link to="/runbooks">
          <IconArrowLeft size={14} aria-hidden /> All runs
        </Link>
      </nav>
      <ByState found={data} />
    </div>
  );
}

function ByState({ found }: { found: PlanDetail }) {
  switch (found.state) {
    case "making":
      return <PlanBeingMade found={found} />;
    case "failed":
      return <FailedPlan found={found} />;
    case "ready":
      return found.plan && found.hash ? (
        <ReadyPlan found={found} plan={found.plan} hash={found.hash} />
      ) : null;
    default:
      return assertNever(found.state);
  }
}

const ToRuns = () => (
  <Button size="xs" variant="default" renderRoot={(props) => <Link to="/runbooks" {...props} />}>
    All runs
  </Button>
);
