import { IconFlask } from "@tabler/icons-react";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import classes from "./first-run.module.css";

const COMMAND = "npm run demo";

export function SampleData() {
  return (
    <aside className={classes.sample} aria-label="Sample data">
      <IconFlask size={18} stroke={1.6} aria-hidden />
      <span>
        <strong>Try with sample data</strong> in a workspace that is thrown away afterwards, from a checkout:
      </span>
      <span className={classes.command}>
        <code>{COMMAND}</code>
        <CopyMark value={COMMAND} what="command" />
      </span>
    </aside>
  );
}
