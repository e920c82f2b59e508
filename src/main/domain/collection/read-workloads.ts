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
