import type { KnownHost, KnownHosts } from "#domain/ssh/known-hosts.ts";
import { isOneHost } from "#domain/ssh-config/host-words.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { BrokenEntry } from "#shared/contract/targets.ts";
import { isAddress, type SshTarget } from "#shared/model/target.ts";

/** Hosts that a file of this workstation names, all of them for SSH alone. */
type Named = { targets: SshTarget[]; broken: BrokenEntry[] };

/** Every host that ssh_config names in full. `where`: as what its names are told that no host can have. */
export function namedInSshConfig({ names, portOf }: SshConfig, where: string): Named {
  return collect(names, (host) => ({
    host,
    port: portOf(host, null) ?? 22,
    where,
    text: `Host ${host}`,
  }));
}

/**
 * Every name in known_hosts that is not hashed. An address that only stands beside a name is left out: ssh wrote both
 * for one host, which would be visited twice. `hashed` and `besides`: how many are left out for either reason.
 */
export function namedInKnownHosts(files: readonly KnownHosts[]): Named & { hashed: number; besides: number } {
  const own = files.flatMap(({ names }) => Array.from(names, ([name, known]) => readKnownName(name, known)));
  const places = own.filter(({ lines }) => lines.length > 0);
  const linesOfNames = new Set(places.filter(({ host }) => !isAddress(host)).flatMap(({ lines }) => lines));
  const kept = places.filter(
    ({ host, lines }) => !isAddress(host) || lines.some((line) => !linesOfNames.has(line)),
  );
  const { targets, broken } = collect(kept, (place) => place);
  return {
    targets,
    broken: [...files.flatMap(listProblems), ...broken],
    hashed: files.reduce((sum, { hashed }) => sum + hashed, 0),
    besides: places.length - kept.length,
  };
}

/** A name with the lines that know a key of it; those that revoke one, or name an authority, are not of a host. */
function readKnownName(name: string, known: readonly KnownHost[]) {
  const [, host = name, port = "22"] = /^\[(.*)\]:(\d{1,5})$/.exec(name) ?? [];
  const lines = known.filter(({ marker }) => marker === "none").map(({ where }) => where);
  return { host, port: Number(port), where: lines[0] ?? "", text: name, lines };
}

const listProblems = ({ source, problems }: KnownHosts): BrokenEntry[] =>
  problems.map(({ line, why }) => ({ where: `${source} line ${line}`, text: "", why }));

type Place = { host: string; port: number; where: string; text: string };

function collect<Item>(items: Iterable<Item>, placeOf: (item: Item) => Place): Named {
  const named: Named = { targets: [], broken: [] };
  for (const item of items) {
    const { host, port, where, text } = placeOf(item);
    const why = whyNoHost(host, port);
    if (why !== null) named.broken.push({ where, text, why });
    else named.targets.push({ kind: "ssh", host, port, user: null });
  }
  return named;
}

function whyNoHost(host: string, port: number): string | null {
  if (port < 1 || port > 65_535) return "has no port from 1 to 65535";
  return isOneHost(host) ? null : "is not the name of a host";
}
