import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { labels } from "#shared/contract/labels.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Labelled } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

type LabelRequest = {
  things: readonly Labelled[];
  owner?: string | null | undefined;
  addTags: readonly string[];
  removeTags: readonly string[];
};

/** Owners and tags of hosts, accounts and certificates. */
export function createLabels({ store, announce, now }: Deps) {
  const os = implement(labels);
  return {
    read: os.read.handler(() => ({ tags: store.labels.tags(), owners: store.labels.owners() })),
    find: os.find.handler(({ input }) => store.labels.of(findRow(input.thing))),
    set: os.set.handler(async ({ input }) => announced(await set(input))),
    setTag: os.setTag.handler(async ({ input }) => announced(await setTag(input))),
  };

  function set({ things, ...labelled }: LabelRequest): Promise<{ labelled: number }> {
    return store.queueWrite(() => {
      const { owner, addTags, removeTags } = labelled;
      for (const row of things.map(findRow)) {
        if (owner !== undefined) store.labels.setOwner(row, owner);
        for (const name of addTags) store.labels.tag(row, name);
        for (const name of removeTags) store.labels.untag(row, name);
      }
      const detail = { ...labelled, things: things.map(formatLabelled) };
      const hosts = things.flatMap((thing) => (thing.kind === "certificate" ? [] : [thing.host]));
      store.events.append({ at: toInstant(now()), kind: "labels-set", detail, hosts });
      return { labelled: things.length };
    });
  }

  function setTag({ name, duePercent }: { name: string; duePercent: number | null }) {
    return store.queueWrite(() => {
      const hasChanged = store.labels.setDuePercent(name, duePercent);
      if (hasChanged)
        store.events.append({ at: toInstant(now()), kind: "tag-set", detail: { name, duePercent } });
      return { hasChanged };
    });
  }

  function findRow(thing: Labelled) {
    const row = store.labels.findRow(thing);
    if (row) return row;
    throw new Refusal("not-found", formatUnknown(thing));
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "labels-changed" });
    return result;
  }
}

function formatUnknown(thing: Labelled): string {
  switch (thing.kind) {
    case "host":
      return `no host is known as ${thing.host}; latchkey hosts and latchkey targets list list their names`;
    case "account":
      return `there is no account ${formatLabelled(thing)}; latchkey accounts lists those that there are`;
    case "certificate":
      return `there is no certificate ${thing.sha256}; it was never seen`;
  }
}
