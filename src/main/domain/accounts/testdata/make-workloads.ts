import type { HostWorkloads, UnitFile } from "#domain/collection/read-workloads.ts";

/** What a host runs, of which nothing was found but this. */
export const makeWorkloads = (more: Partial<HostWorkloads> = {}): HostWorkloads => ({
  uids: { min: 1_000, max: 60_000, systemMax: 999 },
  unitFiles: [],
  unitWants: [],
  cronJobs: [],
  atJobs: [],
  processes: [],
  setuidPrograms: [],
  keytabs: [],
  ...more,
});

/** A unit file that says this: "User:bob". */
export const unitFile = (path: string, ...settings: string[]): UnitFile => ({
  path,
  kind: "settings",
  settings: settings.map((setting): [string, string] => {
    const at = setting.indexOf(":");
    return [setting.slice(0, at), setting.slice(at + 1)];
  }),
});
