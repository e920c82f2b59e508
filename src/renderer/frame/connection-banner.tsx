import { IconPlugConnectedX } from "@tabler/icons-react";
import { useConnectionState } from "#renderer/api/connection.ts";
import classes from "./frame.module.css";

export function ConnectionBanner() {
  if (useConnectionState() !== "waiting") return null;
  return (
    <div role="status" className={classes.banner}>
      <IconPlugConnectedX size={15} aria-hidden /> Connecting to Latchkey again; what is shown may be out of
      date
    </div>
  );
}
