import { IconFlask, IconLockSquareRounded } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { CopyMark } from "#renderer/ui/fingerprint.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import classes from "./first-run.module.css";
import { FoundHere } from "./found-here.tsx";
import { NextSteps } from "./next-steps.tsx";
import { useThisComputer } from "./queries.ts";

/** Nothing was scanned yet: what this computer has to scan with, what to scan, and what comes of it. */
export function FirstRun({ overview, scanPanel }: { overview: Overview; scanPanel: ReactNode }) {
  const { data: computer, error } = useThisComputer();
  const { lastScan } = overview;
  return (
    <div className={classes.page}>
      <header className={classes.welcome}>
        <h1 className={classes.title}>See what expires, and who can log in where</h1>
        <p className={classes.lead}>
          <IconLockSquareRounded size={16} aria-hidden /> Everything stays on this computer. Scans only read:
          nothing is installed or changed on a host.
        </p>
      </header>
      <Step number={1} title="Found on this computer">
        {error && <ErrorState doing="look at this computer" error={error} />}
        {computer && <FoundHere computer={computer} />}
      </Step>
      <Step number={2} title="What to scan">
        <div className={classes.scan}>{scanPanel}</div>
      </Step>
      {lastScan && lastScan.state !== "running" ? (
        <Step number={3} title="What to do next">
          <NextSteps overview={overview} />
        </Step>
      ) : (
        <SampleData />
      )}
    </div>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <section className={classes.step}>
      <h2 className={classes.stepTitle}>
        <span className={classes.stepNumber}>{number}</span>
        {title}
      </h2>
      {children}
    </section>
  );
}

const COMMAND = "npm run demo";

function SampleData() {
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
