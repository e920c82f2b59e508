import { IconLoader } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import classes from "#renderer/ui/header-chip.module.css";
import { useScans } from "./queries.ts";
import { doneOf } from "./scan-state.tsx";

/** In the header while a scan runs: how far it is, and the way to it. */
export function RunningScan() {
  const running = useScans({ state: "running" }).list.rows.at(0);
  if (!running) return null;
  return (
    <Link to="/scans" search={{ open: running.id }} className={classes.chip}>
      <IconLoader size={14} aria-hidden />
      Scanning {doneOf(running).toLocaleString("en")} of {running.total.toLocaleString("en")}
    </Link>
  );
}
