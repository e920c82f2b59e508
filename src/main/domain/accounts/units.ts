import type { HostWorkloads, UnitFile } from "#domain/collection/read-workloads.ts";
import { spend } from "#domain/work-budget.ts";
import { expandSpecifiers, parseUnitName, shortenPrefix, templateOf, type UnitName } from "./unit-name.ts";

/**
 * As whom a unit runs. `dynamic`: an account that is there only while it runs, if no other has the name. `unknown`: a file
 * that says it could not be read, or its name depends on what is not known here.
 */
export type UnitUser = { kind: "account" | "dynamic"; user: string } | { kind: "unknown" };

/** A service as systemd puts it together from its file and its drop-ins. */
export type Service = {
  name: string;
  user: UnitUser;
  /** The file that names the account. */
  path: string;
  program: string | null;
  isEnabled: boolean;
  /** Timers, sockets and paths that start it. */
  startedBy: string[];
};

type Unit = {
  unit: UnitName;
  files: readonly UnitFile[];
  /** All values of each setting, of which an empty one takes back those before it. */
  settings: ReadonlyMap<string, readonly string[]>;
};

/** The services of a host: of templates those instances that something starts, and the template itself. */
export function evaluateServices(workloads: HostWorkloads): Service[] {
  const folders = arrangeUnitFiles(workloads);
  const units = findUnits(folders);
  const started = findStarted(folders, units);
  return [...units.values()]
    .filter(({ unit }) => unit.type === "service")
    .map((one) => evaluateService(one, started));
}

/** Every unit that has a file, and every instance that another unit or a link names, with what it is made of. */
function findUnits(folders: UnitFolders): Map<string, Unit> {
  const units = new Map<string, Unit>();
  const waiting = [...folders.files.keys(), ...[...folders.wants.values()].flat().map(({ name }) => name)];
  const seen = new Set<string>();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const unit = findUnitName(folders, name);
    if (!unit || units.has(unit.name)) continue;
    const files = findUnitFiles(folders, unit);
    const made: Unit = { unit, files, settings: readSettings(files) };
    units.set(unit.name, made);
    for (const other of findPulled(made)) waiting.push(other);
    const triggered = findTriggered(made);
    if (triggered !== null) waiting.push(triggered);
  }
  return units;
}

function readSettings(files: readonly UnitFile[]): Unit["settings"] {
  const all = new Map<string, string[]>();
  for (const file of files) {
    if (file.kind !== "settings") continue;
    spend(file.settings.length);
    for (const [name, value] of file.settings) {
      const values = all.get(name);
      if (value === "" || !values) all.set(name, value === "" ? [] : [value]);
      else values.push(value);
    }
  }
  return all;
}

/** Settings that start other units with this one. */
const PULLING = ["Wants", "Requires", "BindsTo", "Upholds"];

const findPulled = ({ unit, settings }: Unit): string[] =>
  PULLING.flatMap((setting) => settings.get(setting) ?? []).flatMap(
    (name) => expandSpecifiers(name, unit) ?? [],
  );

/** The service that a timer, a socket or a path starts; null for any other unit, and where it is not known. */
function findTriggered({ unit, settings }: Unit): string | null {
  const { prefix, instance, type } = unit;
  const last = (setting: string) => {
    const named = settings.get(setting)?.at(-1);
    if (named !== undefined) return expandSpecifiers(named, unit);
    return `${prefix}${instance === null ? "" : `@${instance}`}.service`;
  };
  switch (type) {
    case "timer":
    case "path":
      return last("Unit");
    case "socket":
      // An instance for each connection.
      return isYes(settings.get("Accept")?.at(-1)) ? `${prefix}@.service` : last("Service");
    default:
      return null;
  }
}

const isYes = (value: string | undefined): boolean => /^(1|yes|y|true|t|on)$/i.test(value ?? "");

/** Units that are started by themselves: with the system, or by one that is. Of each, what triggers it. */
type Started = ReadonlyMap<string, Set<string>>;

/** What a system begins with, and what every unit needs that does not say otherwise. */
const FIRST = ["default.target", "sysinit.target", "basic.target"];
/** For a host on which no default is set. */
const USUAL = ["graphical.target", "multi-user.target"];

function findStarted(folders: UnitFolders, units: ReadonlyMap<string, Unit>): Started {
  const started = new Map<string, Set<string>>();
  const waiting: string[] = [];
  const start = (name: string, by: string | null) => {
    spend();
    const unit = findUnitName(folders, name);
    if (!unit || !units.has(unit.name)) return;
    const triggers = started.get(unit.name);
    if (!triggers) waiting.push(unit.name);
    const all = triggers ?? new Set<string>();
    started.set(unit.name, by === null ? all : all.add(by));
  };
  const first = findUnitName(folders, "default.target") ? FIRST : [...FIRST, ...USUAL];
  for (const name of first) start(name, null);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const made = units.get(name);
    if (!made) continue;
    for (const other of [...findLinked(folders, made.unit), ...findPulled(made)]) start(other, null);
    const triggered = findTriggered(made);
    if (triggered !== null) start(triggered, name);
  }
  return started;
}

function evaluateService({ unit, files, settings }: Unit, started: Started): Service {
  const { user, path } = evaluateUser(unit, files);
  const program = settings.get("ExecStart")?.[0];
  return {
    name: unit.name,
    user,
    path,
    program: program === undefined || program === "-" ? null : program,
    isEnabled: started.has(unit.name),
    startedBy: [...(started.get(unit.name) ?? [])].toSorted(),
  };
}

/** systemd runs as root what names nobody. */
const ROOT = "root";

function evaluateUser(unit: UnitName, files: readonly UnitFile[]): { user: UnitUser; path: string } {
  let named: { text: string; path: string } | null = null;
  let isDynamic = false;
  for (const file of files) {
    if (file.kind === "unreadable") return { user: { kind: "unknown" }, path: file.path };
    if (file.kind !== "settings") continue;
    for (const [name, value] of file.settings) {
      spend();
      if (name === "User") named = value === "" ? null : { text: value, path: file.path };
      if (name === "DynamicUser") isDynamic = isYes(value);
    }
  }
  const path = named?.path ?? files[0]?.path ?? "";
  if (!named)
    return {
      user: isDynamic ? { kind: "dynamic", user: unit.prefix } : { kind: "account", user: ROOT },
      path,
    };
  const user = expandSpecifiers(named.text, unit);
  if (user === null || user === "-" || user === "") return { user: { kind: "unknown" }, path };
  return { user: { kind: isDynamic ? "dynamic" : "account", user }, path };
}

/** Where units lie, in systemd's order: of two files of one name the first counts. */
const FOLDERS: ReadonlyMap<string, number> = new Map(
  [
    ["/etc/systemd/system.control"],
    ["/run/systemd/system.control"],
    ["/run/systemd/transient"],
    ["/run/systemd/generator.early"],
    ["/etc/systemd/system"],
    ["/etc/systemd/system.attached"],
    ["/run/systemd/system"],
    ["/run/systemd/system.attached"],
    ["/run/systemd/generator"],
    ["/usr/local/lib/systemd/system"],
    // Where they are two.
    ["/usr/lib/systemd/system", "/lib/systemd/system"],
    ["/run/systemd/generator.late"],
  ].flatMap((folders, order) => folders.map((folder) => [folder, order] as const)),
);

type Located<T> = T & { order: number };

/** The unit files of a host, as systemd finds them. */
type UnitFolders = {
  /** By the name of the unit: its own file, or what stands in its place. */
  files: ReadonlyMap<string, UnitFile>;
  /** The other names of a unit, by its own. */
  aliases: ReadonlyMap<string, readonly string[]>;
  /** By the name of the folder, without what it lies in: "a.service.d". */
  dropIns: ReadonlyMap<string, readonly Located<UnitFile>[]>;
  /** By the same: "a.target.wants". */
  wants: ReadonlyMap<string, readonly { name: string; isMasked: boolean; order: number }[]>;
};

export function arrangeUnitFiles({ unitFiles, unitWants }: HostWorkloads): UnitFolders {
  const files = new Map<string, Located<UnitFile>>();
  const dropIns = new Map<string, Located<UnitFile>[]>();
  const wants = new Map<string, { name: string; isMasked: boolean; order: number }[]>();
  for (const file of unitFiles) {
    spend();
    const [above, name] = splitPath(file.path);
    const order = FOLDERS.get(above);
    if (order !== undefined) {
      // To systemd a link to its own name is no other name: the file there is the unit.
      if (file.kind === "alias" && splitPath(file.target)[1] === name) continue;
      const known = files.get(name);
      if (!known || order < known.order) files.set(name, { ...file, order });
      continue;
    }
    const [folders, unit] = splitPath(above);
    const unitOrder = FOLDERS.get(folders);
    if (unitOrder !== undefined) addTo(dropIns, unit, { ...file, order: unitOrder });
  }
  for (const { folder, units, masked } of unitWants) {
    const [above, name] = splitPath(folder);
    const order = FOLDERS.get(above);
    if (order === undefined) continue;
    spend(1 + units.length + masked.length);
    for (const unit of units) addTo(wants, name, { name: unit, isMasked: false, order });
    for (const unit of masked) addTo(wants, name, { name: unit, isMasked: true, order });
  }
  const aliases = new Map<string, string[]>();
  for (const [name, { kind }] of files) {
    if (kind !== "alias") continue;
    const unit = findUnitName({ files }, name);
    if (unit && unit.name !== name) addTo(aliases, unit.name, name);
  }
  return { files, aliases, dropIns, wants };
}

function splitPath(path: string): [above: string, name: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

function addTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

/** Links lead on to other links no further than this. */
const MOST_ALIASES = 16;

/**
 * The name of the unit that another name leads to; null where there is none: it is masked, its links lead in a circle,
 * or neither it nor its template has a file. A template counts as there.
 */
export function findUnitName({ files }: Pick<UnitFolders, "files">, name: string): UnitName | null {
  let found = parseUnitName(name);
  for (let hops = 0; found && hops < MOST_ALIASES; hops++) {
    spend();
    const file = files.get(found.name) ?? files.get(templateOf(found) ?? "");
    if (!file || file.kind === "masked") return null;
    if (file.kind !== "alias") return found;
    const next = followAlias(found, file.target);
    if (next?.name === found.name) return files.has(templateOf(found) ?? "") ? found : null;
    found = next;
  }
  return null;
}

/** A link to a template is one of its instances, and to be followed no further where it is that already. */
function followAlias(from: UnitName, target: string): UnitName | null {
  const to = parseUnitName(splitPath(target)[1]);
  if (!to || to.type !== from.type) return null;
  return to.instance === "" && from.instance ? parseUnitName(`${to.prefix}@${from.instance}.${to.type}`) : to;
}

/** All names of a unit, its own first. */
const namesOf = ({ aliases }: UnitFolders, unit: UnitName): UnitName[] => [
  unit,
  ...(aliases.get(unit.name) ?? []).flatMap((name) => parseUnitName(name) ?? []),
];

/** The file of a unit, or its template's, and its drop-ins in the order in which they are read. */
export function findUnitFiles(folders: UnitFolders, unit: UnitName): readonly UnitFile[] {
  const own = folders.files.get(unit.name);
  const file = own && own.kind !== "alias" ? own : folders.files.get(templateOf(unit) ?? "");
  return file ? [file, ...findDropIns(folders, unit)] : [];
}

/** What is in these folders of a unit, of each name the nearest. */
function collectFrom<T extends { order: number }>(
  all: ReadonlyMap<string, readonly T[]>,
  names: readonly string[],
  nameOf: (one: T) => string,
): T[] {
  const nearest = new Map<string, T>();
  for (const name of names) {
    spend();
    for (const one of all.get(name) ?? []) {
      spend();
      const known = nearest.get(nameOf(one));
      if (!known || one.order < known.order) nearest.set(nameOf(one), one);
    }
  }
  return [...nearest.values()];
}

/** Of one name, a drop-in for all units of a type comes last. */
function findDropIns(folders: UnitFolders, unit: UnitName): readonly UnitFile[] {
  const { dropIns } = folders;
  const own = namesOf(folders, unit).flatMap((name) => namesOfFolders(name).map((one) => `${one}.d`));
  const ofType = `${unit.type}.d`;
  if (![...own, ofType].some((name) => dropIns.has(name))) return [];
  const named = collectFrom(dropIns, own, fileNameOf);
  const known = new Set(named.map(fileNameOf));
  const rest = collectFrom(dropIns, [ofType], fileNameOf).filter((one) => !known.has(fileNameOf(one)));
  return [...named, ...rest].toSorted((a, b) => (fileNameOf(a) < fileNameOf(b) ? -1 : 1));
}

const fileNameOf = ({ path }: UnitFile): string => splitPath(path)[1];

/** The units that a unit has by links in folders with its name, such as "a.target.wants". */
function findLinked(folders: UnitFolders, unit: UnitName): string[] {
  const all = namesOf(folders, unit).flatMap((name) => namesOfFolders(name));
  return ["wants", "requires", "upholds"].flatMap((ending) =>
    collectFrom(
      folders.wants,
      all.map((name) => `${name}.${ending}`),
      ({ name }) => name,
    ).flatMap(({ name, isMasked }) => (isMasked ? [] : [name])),
  );
}

/** The names that folders of a unit may have, its own first: those of its template, and up to each dash. */
function namesOfFolders({ prefix, instance, type }: UnitName): string[] {
  const names: string[] = [];
  for (let begin = prefix; begin !== ""; begin = shortenPrefix(begin)) {
    spend();
    names.push(`${begin}${instance === null ? "" : `@${instance}`}.${type}`);
    if (instance) names.push(`${begin}@.${type}`);
  }
  return names;
}
