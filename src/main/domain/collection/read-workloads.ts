import { type PathEntry, readPathEntry } from "./paths.ts";
import type { Record } from "./stream.ts";

/**
 * What the files of a host say of what runs there, and as whom. Of commands it has the programs, and of variables and
 * credentials the names: neither arguments nor values.
 */
export type HostWorkloads = {
  /** Which numbers are given to people's accounts, and up to which to the system's; null: not said on the host. */
  uids: { min: number | null; max: number | null; systemMax: number | null };
  /** In the order in which they were read. */
  unitFiles: UnitFile[];
  /** Folders such as "multi-user.target.wants". */
  unitWants: UnitWants[];
  cronJobs: CronJob[];
  /** Jobs that wait to be run once, with the number of the account that they run as. */
  atJobs: { path: string; uid: number }[];
  /** Processes that run as one number and give themselves one name. */
  processes: { uid: number; name: string; count: number; isContained: boolean }[];
  /** Programs that run as their owner or their group, whoever starts them. */
  setuidPrograms: PathEntry[];
  /** Whom the host is for Kerberos, by the file with its keys. */
  keytabs: { path: string; principals: string[] }[];
};

export type CronJob = {
  path: string;
  /** 0: it is a program of a folder such as /etc/cron.daily. */
  line: number;
  schedule: string;
  account: string;
  /** Null: not known, for what stands there may be a value. */
  program: string | null;
};

/** A unit file or a drop-in of systemd, by its path. */
export type UnitFile = { path: string } & (
  | {
      kind: "settings";
      /** In their order; an empty value resets the setting, and "-" is one that is not known. */
      settings: [name: string, value: string][];
    }
  /** It is empty, or leads to /dev/null: there is no unit of this name. */
  | { kind: "masked" }
  /** A link to another unit, whose other name it is. */
  | { kind: "alias"; target: string }
  | { kind: "unreadable" }
);

export type UnitWants = { folder: string; units: string[]; masked: string[] };

/** Null: the collector did not read them, as those before it did not. */
export function readWorkloads(records: readonly Record[]): HostWorkloads | null {
  const first = records.find(({ kind }) => kind === "workloads");
  if (!first) return null;
  const all = (which: string) => records.filter(({ kind }) => kind === which);
  return {
    uids: {
      min: readUid(first.value("uid-min")),
      max: readUid(first.value("uid-max")),
      systemMax: readUid(first.value("system-uid-max")),
    },
    unitFiles: all("unit").flatMap((record) => readUnitFile(record) ?? []),
    unitWants: all("unit-wants").map((record) => ({
      folder: record.value("folder") ?? "",
      units: record.values("unit"),
      masked: record.values("masked"),
    })),
    cronJobs: all("cron-job").flatMap((record) => readCronJob(record) ?? []),
    atJobs: all("at-job").flatMap((record) => {
      const [path, uid] = [record.value("path"), readUid(record.value("uid"))];
      return path === null || uid === null ? [] : [{ path, uid }];
    }),
    processes: all("processes").flatMap((record) => readProcesses(record) ?? []),
    setuidPrograms: all("setuid").flatMap((record) => {
      const path = record.value("path") ?? "";
      return path === "" ? [] : (readPathEntry(path, record.value("e") ?? "") ?? []);
    }),
    keytabs: all("keytab").map((record) => ({
      path: record.value("path") ?? "",
      principals: record.values("principal"),
    })),
  };
}

/** A number of an account, as the kernel counts them: 32 bits, of which the last stands for none. */
function readUid(text: string | null | undefined): number | null {
  const uid = /^\d{1,10}$/.test(text ?? "") ? Number(text) : Number.NaN;
  return uid < 2 ** 32 - 1 ? uid : null;
}

function readUnitFile(record: Record): UnitFile | null {
  const [[name, path] = [], ...settings] = record.attributes;
  if (name !== "path" || path === undefined) return null;
  if (record.value("why") !== null) return { path, kind: "unreadable" };
  if (record.value("masked") !== null) return { path, kind: "masked" };
  const target = record.value("to");
  return target === null ? { path, kind: "settings", settings } : { path, kind: "alias", target };
}

function readCronJob(record: Record): CronJob | null {
  const value = (name: string) => record.value(name) ?? "";
  const [path, account, schedule, program] = ["path", "account", "schedule", "program"].map(value);
  const line = /^\d{1,9}$/.test(value("line")) ? Number(value("line")) : null;
  if (!path || !account || !schedule || !program || line === null) return null;
  return { path, line, schedule, account, program: program === "-" ? null : program };
}

function readProcesses(record: Record): HostWorkloads["processes"][number] | null {
  const [uid, count] = [readUid(record.value("uid")), record.value("count") ?? ""];
  if (uid === null || !/^[1-9]\d{0,8}$/.test(count)) return null;
  return {
    uid,
    name: record.value("name") ?? "",
    count: Number(count),
    isContained: record.value("contained") !== null,
  };
}
