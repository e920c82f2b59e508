import { loadSshConfig } from "#connect/load-ssh-config.ts";
import { type KnownHosts, readKnownHosts } from "#domain/ssh/known-hosts.ts";
import type { SshConfig } from "#domain/ssh-config/ssh-config.ts";
import {
  namedInKnownHosts,
  namedInSshConfig,
  parseTargets,
  refuseTooMany,
} from "#domain/targets/parse-targets.ts";
import { readServerName } from "#domain/targets/read-entry.ts";
import { type KnownHostsFiles, readKnownHostsFiles } from "#net/local/read-ssh-files.ts";
import type { BrokenEntry, TargetText } from "#shared/contract/scans.ts";
import type { Target } from "#shared/model/hosts/target.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";

export type ReadTargets = { targets: Target[]; broken: BrokenEntry[]; notes: string[]; sshConfig: SshConfig };

/** Reads what people write as targets, and adds what this workstation's ssh_config and known_hosts say of them. */
export type TargetReader = (text: TargetText) => Promise<ReadTargets>;

type Deps = { workstation: Workstation; readKnownHosts: KnownHostsReader };

/** The files are read at each call, for they may have changed. */
export function createTargetReader({ workstation, readKnownHosts }: Deps): TargetReader {
  return async ({ text, only, protocol, serverNames, sources, sshConfigFile, skipBroken }) => {
    if (only === "tls" && sources.length > 0) throw new Refusal("invalid-input", NOT_BY_TLS);
    const { config: sshConfig } = await loadSshConfig(workstation, sshConfigFile);
    const knownHosts = await readKnownHosts();
    const written = parseTargets(text, {
      only,
      protocol,
      sshConfig,
      skipBroken,
      serverNames: serverNames.map(readNamed),
    });
    const listed = sources.map((source) =>
      source === "ssh-config"
        ? { ...namedInSshConfig(sshConfig, "ssh_config"), notes: [] }
        : listKnownHosts(knownHosts),
    );

    const targets = withoutDoubles([...written.targets, ...listed.flatMap((named) => named.targets)]);
    refuseTooMany(BigInt(targets.length));
    const hosts = targets.filter((target) => target.kind === "ssh");
    const config =
      sshConfigFile !== null || sources.includes("ssh-config")
        ? { broken: sshConfig.broken, notes: sshConfig.notes }
        : { broken: [], notes: [...sshConfig.notes, ...formatBrokenLines(sshConfig)] };
    const isAboutSsh = hosts.length > 0 || targets.length === 0;
    return {
      targets,
      broken: [
        ...written.broken,
        ...(isAboutSsh ? config.broken : []),
        ...listed.flatMap(({ broken }) => broken),
      ],
      notes: [
        ...(isAboutSsh ? [...config.notes, ...formatUnreadable(knownHosts)] : []),
        ...(hosts.length > 0 ? formatNotRemembered(sshConfigFile) : []),
        ...listed.flatMap(({ notes }) => notes),
        ...formatSshAlone(written.sshAlone),
        ...sshConfig.notesOn(hosts, workstation.user),
      ],
      sshConfig,
    };
  };
}

/** A text that cannot be a server's name is refused by itself. */
function readNamed(name: string): string {
  try {
    return readServerName(name);
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(error.code, `the server name "${name}" ${error.message}`);
    throw error;
  }
}

/**
 * Hosts are remembered by their names, which mean something else, or nothing, without the ssh_config file that defines
 * them.
 */
const formatNotRemembered = (file: string | null): string[] =>
  file === null || file.toLowerCase() === "none"
    ? []
    : [`${file} is not remembered: name it again when you scan these hosts again`];

/** A name that ssh_config has in full needs no note; one that only a pattern matches does. */
const formatSshAlone = (count: number): string[] =>
  count === 0
    ? []
    : [
        `${formatCount(count, "name is", "names are")} scanned over SSH only, because a pattern of ssh_config gives ${count === 1 ? "it" : "them"} another address or a proxy; write name:443 to scan TLS too`,
      ];

/**
 * One note is enough for a configuration that the user did not name: what concerns a host is in the notes on that host.
 */
function formatBrokenLines({ broken }: SshConfig): string[] {
  const [first, ...more] = broken;
  if (!first) return [];
  const others = more.length > 0 ? `, and ${formatCount(more.length, "line")} more` : "";
  return [`${first.where} cannot be read: "${first.text}" ${first.why}${others}`];
}

const NOT_BY_TLS =
  "hosts of ssh_config and known_hosts are scanned over SSH, so not over TLS alone; name their endpoints";

type ReadKnownHosts = Awaited<ReturnType<KnownHostsReader>>;

function listKnownHosts({ files }: ReadKnownHosts) {
  const { hashed, besides, ...named } = namedInKnownHosts(files);
  const notes = [
    hashed > 0 &&
      `${formatCount(hashed, "name")} in known_hosts cannot be listed, for ${hashed === 1 ? "it is" : "they are"} hashed`,
    besides > 0 &&
      `${formatCount(besides, "address is", "addresses are")} left out that known_hosts has beside a name, because the name is scanned`,
  ];
  return { ...named, notes: notes.filter((note) => note !== false) };
}

function withoutDoubles(targets: readonly Target[]): Target[] {
  return [...new Map(targets.map((target) => [JSON.stringify(target), target])).values()];
}

/** A scan does not know the host keys in such a file: they look as if they had never been seen. */
const formatUnreadable = ({ unreadable }: ReadKnownHosts): string[] =>
  unreadable.map(
    ({ path, why }) => `${path} cannot be read: ${why}; host keys that only it has count as unknown`,
  );

/** Reads the known_hosts of this computer. A file whose content has not changed is the same object as before. */
export type KnownHostsReader = () => Promise<{
  files: readonly KnownHosts[];
  unreadable: KnownHostsFiles["unreadable"];
}>;

/**
 * One reader for frequent callers: a preview at every letter, a list at every page. It returns what the files contain
 * now: they are read again, and compared, for their times are not reliable enough.
 */
export function createKnownHostsReader({ home }: Workstation): KnownHostsReader {
  let parsed = new Map<string, { text: string; known: KnownHosts }>();
  return async () => {
    const { files, unreadable } = await readKnownHostsFiles(home);
    parsed = new Map(
      files.map(({ path, text }) => {
        const before = parsed.get(path);
        return [path, before?.text === text ? before : { text, known: readKnownHosts(text, path) }];
      }),
    );
    return { files: Array.from(parsed.values(), ({ known }) => known), unreadable };
  };
}
