import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createApp } from "#app";
import type { Desk } from "#testing/lab/desk.ts";
import type { LabHost } from "#testing/lab/start-host.ts";

/**
 * What happens the first time that the journal is written while the file is another one than the step before met. `shiftMs`: how
 * far Latchkey's own clock is off.
 */
export type Meddling = {
  host: LabHost;
  path: string;
  steps: readonly (() => void)[];
  shiftMs?: () => number;
};

/**
 * The desk's Latchkey, with something else that happens in between: whenever it is about to write what it has done, one more
 * of the steps is taken if the file has changed since the last. So nothing depends on how fast anything is.
 */
export function openMeddled(
  { databasePath, home }: Desk,
  { host, path, steps, shiftMs = () => 0 }: Meddling,
) {
  // What is not there yet is as what is empty.
  const read = () => (existsSync(`${host.root}${path}`) ? readFileSync(`${host.root}${path}`, "latin1") : "");
  let before = read();
  let taken = 0;
  const now = (): Date => {
    const text = read();
    if (text !== before) {
      before = text;
      steps[taken++]?.();
    }
    return new Date(Date.now() + shiftMs());
  };
  const workstation = { user: "root", home, agentSocket: null };
  return createApp({ databasePath, workstation, now, log: () => undefined });
}

/** As `run` of a host, while everything else of this process stands still. */
export function runAtOnce({ pid }: LabHost, script: string): void {
  execFileSync("nsenter", ["-t", String(pid), "-m", "-n", "-p", "-u", "-r", "-w", "sh", "-euc", script]);
}
