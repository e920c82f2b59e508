import { implement } from "@orpc/server";
import { parseTargets } from "#domain/targets/parse-targets.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { targets } from "#shared/contract/targets.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Target } from "#shared/model/target.ts";
import { sayTarget } from "#shared/text/target.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date; announce: (announcement: Announcement) => void };

/** A preview shows so many targets. */
const FIRST = 20;

export function createTargets({ store, now, announce }: Deps) {
  const os = implement(targets);
  return {
    preview: os.preview.handler(({ input }) => preview(parseTargets(input.text, input.only))),
    list: os.list.handler(() => store.targets.list()),
    add: os.add.handler(({ input }) => add(parseTargets(input.text, input.only), input.useSudo)),
    remove: os.remove.handler(({ input }) => remove(parseTargets(input.text, input.only))),
  };

  function preview(wanted: Target[]) {
    const ssh = wanted.filter(({ kind }) => kind === "ssh").length;
    return { total: wanted.length, ssh, tls: wanted.length - ssh, first: wanted.slice(0, FIRST) };
  }

  function add(wanted: Target[], useSudo: boolean): { added: number; known: number } {
    const added = store.atomically(() => {
      const at = toInstant(now());
      const fresh = wanted.filter((target) => store.targets.remember({ target, useSudo, at }) === "added");
      store.events.append({ at, kind: "targets-added", detail: { targets: fresh.map(sayTarget), useSudo } });
      return fresh.length;
    });
    announce({ kind: "targets-changed" });
    return { added, known: wanted.length - added };
  }

  function remove(unwanted: Target[]): { removed: number } {
    const removed = store.atomically(() => {
      const gone = unwanted.filter((target) => store.targets.forget(target));
      store.events.append({
        at: toInstant(now()),
        kind: "targets-removed",
        detail: { targets: gone.map(sayTarget) },
      });
      return gone.length;
    });
    announce({ kind: "targets-changed" });
    return { removed };
  }
}
