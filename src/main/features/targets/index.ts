import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { BROKEN_SHOWN, LOGINS_SHOWN, TargetText, targets, UNSCANNED_SHOWN } from "#shared/contract/scans.ts";
import type { TransportRequest } from "#shared/model/hosts/probe.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import type { Workstation } from "#shared/model/hosts/workstation.ts";
import { toInstant } from "#shared/model/instant.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import type { Store } from "#store/store.ts";
import type { ReadTargets, TargetReader } from "./read-targets.ts";

type Deps = {
  store: Store;
  readTargets: TargetReader;
  workstation: Workstation;
  now: () => Date;
  announce: (announcement: Announcement) => void;
};

type HowToRead = { useSudo: boolean; transport: TransportRequest };

/** A preview shows so many targets. */
const FIRST = 20;

const OF_SSH_CONFIG = TargetText.parse({ text: "", sources: ["ssh-config"], skipBroken: true });

export function createTargets({ store, readTargets, workstation, now, announce }: Deps) {
  const os = implement(targets);
  return {
    preview: os.preview.handler(({ input }) => preview(input)),
    list: os.list.handler(() => store.targets.list()),
    unscanned: os.unscanned.handler(findUnscanned),
    add: os.add.handler(async ({ input }) => add(await readTargets(input), input)),
    remove: os.remove.handler(async ({ input }) => remove(await readTargets(input))),
  };

  async function preview(text: TargetText) {
    const { targets: named, broken, notes, sshConfig } = await readTargets(text);
    const hosts = named.filter((target) => target.kind === "ssh");
    return {
      total: named.length,
      ssh: hosts.length,
      tls: named.length - hosts.length,
      ...describeLogins(hosts, sshConfig, workstation.user),
      first: named.slice(0, FIRST),
      broken: { total: broken.length, first: broken.slice(0, BROKEN_SHOWN) },
      notes,
    };
  }

  async function findUnscanned() {
    const { targets: named, sshConfig } = await readTargets(OF_SSH_CONFIG);
    const addresses = new Map<string, { target: SshTarget; isKnown: boolean }>();
    for (const target of named) {
      if (target.kind !== "ssh") continue;
      const route = sshConfig.routeTo(target, workstation.user);
      const hop = route.kind === "hops" ? route.hops.at(-1) : undefined;
      if (hop?.user === "git") continue;
      // What is behind a jump host has that address there, where another machine may have it here.
      const address = route.kind === "hops" && route.hops.length === 1 && hop ? hop.address : null;
      const at = `${address ?? target.host} ${target.port}`;
      const before = addresses.get(at);
      const isKnown = before?.isKnown === true || store.targets.isHostKnown(target, address);
      addresses.set(at, { target: before?.target ?? target, isKnown });
    }
    const unscanned = [...addresses.values()].filter(({ isKnown }) => !isKnown).map(({ target }) => target);
    return { total: unscanned.length, first: unscanned.slice(0, UNSCANNED_SHOWN) };
  }

  async function add({ targets: named, broken, notes }: ReadTargets, { useSudo, transport }: HowToRead) {
    const added = await store.queueWrite(() => {
      const at = toInstant(now());
      const fresh = named.filter(
        (target) => store.targets.remember({ target, useSudo, transport, at }) === "added",
      );
      store.events.append({
        at,
        kind: "targets-added",
        detail: { targets: fresh.map(formatTarget), useSudo },
        hosts: fresh.map(({ host }) => host),
      });
      return fresh.length;
    });
    announce({ kind: "targets-changed" });
    return { added, known: named.length - added, broken, notes };
  }

  async function remove({ targets: unwanted, broken }: ReadTargets) {
    const removed = await store.queueWrite(() => {
      const gone = unwanted.filter((target) => store.targets.forget(target));
      store.events.append({
        at: toInstant(now()),
        kind: "targets-removed",
        detail: { targets: gone.map(formatTarget) },
        hosts: gone.map(({ host }) => host),
      });
      return gone.length;
    });
    announce({ kind: "targets-changed" });
    return { removed, broken };
  }
}

/** The user names and the keys of ssh_config that logins are tried with; those of a jump host belong to that host. */
function describeLogins(hosts: readonly SshTarget[], { routeTo }: ReadTargets["sshConfig"], user: string) {
  const logins = new Set<string>();
  const keyFiles = new Set<string>();
  for (const host of hosts) {
    const route = routeTo(host, user);
    const hop = route.kind === "hops" ? route.hops.at(-1) : undefined;
    if (!hop) continue;
    if (logins.size < LOGINS_SHOWN) logins.add(hop.user);
    for (const file of hop.identityFiles ?? []) keyFiles.add(file);
  }
  return { logins: [...logins], keyFiles: keyFiles.size };
}
