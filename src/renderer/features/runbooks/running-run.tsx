import { IconAlertOctagon, IconLoader } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import classes from "#renderer/ui/header-chip.module.css";
import { useRuns } from "./queries.ts";
import { formatProgress } from "./run-state.tsx";

/** In the header: the run that needs somebody, or else the one that is going on, and the way to it. */
export function RunningRun() {
  const waiting = useRuns({ state: "needs-attention" }).list.rows.at(0);
  const running = useRuns({ state: "running" }).list.rows.at(0);
  const run = waiting ?? running;
  if (!run) return null;
  const Icon = waiting ? IconAlertOctagon : IconLoader;
  return (
    <Link
      to="/runbooks"
      search={{ open: run.id }}
      className={waiting ? `${classes.chip} ${classes.attention}` : classes.chip}
    >
      <Icon size={14} aria-hidden />
      {waiting ? `Run #${run.id} needs attention` : `Run #${run.id}: ${formatProgress(run)}`}
    </Link>
  );
}
