import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { hosts } from "#shared/contract/hosts.ts";
import type { HostDetail } from "#shared/model/hosts/host.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date; announce: (announcement: Announcement) => void };
type Address = { host: string; port: number };

export function createHosts({ store, now, announce }: Deps) {
  const os = implement(hosts);
  return {
    list: os.list.handler(({ input }) => store.hosts.list(input)),
    ownNames: os.ownNames.handler(() => store.hosts.ownNames()),
    find: os.find.handler(({ input }) => find(input.id)),
    trustKey: os.trustKey.handler(({ input }) => trustKey(input, input.fingerprint)),
    forgetPin: os.forgetPin.handler(({ input }) => forgetPin(input)),
  };

  function find(id: number): HostDetail {
    const host = store.hosts.find(id);
    if (!host) throw new Refusal("not-found", `there is no host ${id}`);
    return host;
  }

  async function trustKey({ host, port }: Address, fingerprint: string): Promise<Record<string, never>> {
    await store.queueWrite(() => {
      const { keyType, blob } = findTrustable(store, { host, port }, fingerprint);
      const at = toInstant(now());
      store.pins.put({ host, port, keyType, fingerprint, blob, source: "accepted", pinnedAt: at });
      store.events.append({ at, kind: "host-key-trusted", detail: { host, port, keyType, fingerprint } });
    });
    announce({ kind: "pins-changed" });
    return {};
  }

  async function forgetPin({ host, port }: Address): Promise<{ hadPin: boolean }> {
    const hadPin = await store.queueWrite(() => {
      const pin = store.pins.find(host, port);
      const hadBundleKeys = store.bundles.forgetKeys({ host, port });
      if (!pin && !hadBundleKeys) return false;
      store.pins.remove(host, port);
      const { keyType = null, fingerprint = null } = pin ?? {};
      const at = toInstant(now());
      const detail = { host, port, keyType, fingerprint, hadBundleKeys };
      store.events.append({ at, kind: "pin-forgotten", detail });
      return true;
    });
    if (hadPin) announce({ kind: "pins-changed" });
    return { hadPin };
  }
}

/** The key that the host presented, if it was an unknown one and is the one that the user has compared. */
function findTrustable(store: Store, { host, port }: Address, fingerprint: string) {
  const name = `${host} port ${port}`;
  const presented = store.hosts.presentedKey(host, port);
  if (!presented) {
    throw new Refusal("not-found", `${name} has not presented a host key yet; scan it first`);
  }
  if (store.pins.find(host, port)) {
    throw new Refusal(
      "conflict",
      `${name} has a pin already; forget it first if the key was changed on purpose`,
    );
  }
  if (!presented.isUnknown) {
    throw new Refusal(
      "conflict",
      `the last scan of ${name} did not end at an unknown host key; scan it again, and if its key has changed, correct known_hosts first`,
    );
  }
  if (presented.fingerprint !== fingerprint) {
    throw new Refusal(
      "conflict",
      `${name} presented ${presented.fingerprint}, and not ${fingerprint}; compare it again`,
    );
  }
  return presented;
}
