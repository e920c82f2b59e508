import { implement } from "@orpc/server";
import { findEnvironment, rankSuggestions } from "#domain/labels/rank-suggestions.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { labels } from "#shared/contract/labels.ts";
import { type Instant, toInstant } from "#shared/model/instant.ts";
import { LabelField, type Labelled, type LabelSuggestion, type ThingChange } from "#shared/model/label.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import type { AccountName } from "#store/labels/label-evidence.ts";
import type { LabelledRow } from "#store/labels/label-reader.ts";
import type { TagPatch } from "#store/labels/tag-table.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** Owner, purpose, environment, review date and tags of all kinds of things. */
export function createLabels({ store, announce, now }: Deps) {
  const os = implement(labels);
  return {
    read: os.read.handler(() => ({
      tags: store.labels.tags(),
      owners: store.labels.owners(),
      environments: store.labels.environments(),
    })),
    find: os.find.handler(({ input }) => store.labels.of(findLabelled(store, input.thing))),
    suggest: os.suggest.handler(({ input }) => ({ suggestions: suggest(input.thing) })),
    suggestOwners: os.suggestOwners.handler(({ input }) => suggestOwners(input)),
    set: os.set.handler(async ({ input }) => announced(await set(input))),
    undo: os.undo.handler(async ({ input }) => announced(await undo(input.change))),
    setTag: os.setTag.handler(async ({ input }) => announced(await setTag(input))),
  };

  function set(request: LabelRequest): Promise<{ labelled: number; change: number | null }> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const { things, ...values } = request;
      const change = setLabels(store, request, at);
      const detail = { ...values, things: things.map(formatLabelled) };
      store.events.append({ at, kind: "labels-set", detail, hosts: hostsOf(things) });
      return { labelled: things.length, change };
    });
  }

  function undo(id: number | null): Promise<UndoneLabels> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const { change, things, gone } = undoLabels(store, id, at);
      const detail = { change, things: things.map(formatLabelled), gone: gone.map(formatLabelled) };
      store.events.append({ at, kind: "labels-undone", detail, hosts: hostsOf(things) });
      return { things, gone };
    });
  }

  function setTag({ name, ...patch }: TagPatch & { name: string }) {
    return store.queueWrite(() => {
      const hasChanged = store.labels.setTag(name, patch);
      if (hasChanged)
        store.events.append({ at: toInstant(now()), kind: "tag-set", detail: { name, ...patch } });
      return { hasChanged };
    });
  }

  function suggest(thing: Labelled): LabelSuggestion[] {
    const row = findLabelled(store, thing);
    const named = thing.kind === "host" || thing.kind === "account" ? thing.host : null;
    const known = named === null ? [] : store.labels.environments();
    const found = [
      ...store.labels.evidence.of(row),
      ...(named === null ? [] : findEnvironment(named, known)),
    ];
    return rankSuggestions(found, store.labels.of(row));
  }

  function suggestOwners({ after, limit }: { after: number; limit: number }) {
    const accounts = store.labels.evidence.accountsWithoutOwner(after, limit);
    const rows = accounts.flatMap((account) => {
      const thing = toAccount(account);
      const suggestions = suggest(thing).filter(({ field }) => field === "owner");
      return suggestions.length === 0 ? [] : [{ thing, suggestions }];
    });
    return { rows, next: accounts.length < limit ? null : (accounts.at(-1)?.id ?? null) };
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "labels-changed" });
    return result;
  }
}

const toAccount = ({ host, port, name }: AccountName): Labelled => ({ kind: "account", host, port, name });

const hostsOf = (things: readonly Labelled[]): string[] =>
  things.flatMap((thing) => ("host" in thing ? [thing.host] : []));

/** What is left out stays as it is. */
type LabelRequest = { [Field in LabelField]?: string | null | undefined } & {
  things: readonly Labelled[];
  addTags: readonly string[];
  removeTags: readonly string[];
};

function findLabelled(store: Store, thing: Labelled): LabelledRow {
  const row = store.labels.findRow(thing);
  if (row) return row;
  throw new Refusal("not-found", formatUnknown(thing));
}

/** Returns by which number it is undone; null where everything was so before. */
function setLabels(store: Store, request: LabelRequest, at: Instant): number | null {
  const changes = request.things.flatMap((thing) => setOne(store, thing, request));
  return changes.length === 0 ? null : store.labels.changes.add(at, changes);
}

/** What it changed, if anything. */
function setOne(store: Store, thing: Labelled, request: LabelRequest): ThingChange[] {
  const row = findLabelled(store, thing);
  const own = store.labels.ownOf(row);
  const tags = new Set(store.labels.tagsOf(row));
  const values = LabelField.options.flatMap((field) => {
    const after = request[field];
    return after === undefined || after === own[field] ? [] : [{ field, before: own[field], after }];
  });
  const removed = new Set(request.removeTags.filter((name) => tags.has(name)));
  const added = new Set(
    request.addTags.filter((name) => !tags.has(name) && !request.removeTags.includes(name)),
  );
  if (values.length + removed.size + added.size === 0) return [];
  const change = { thing, which: whichOf(row), values, added: [...added], removed: [...removed] };
  if (values.length > 0) store.labels.set(row, valuesOf(change, "after"));
  for (const name of added) store.labels.tag(row, name);
  for (const name of removed) store.labels.untag(row, name);
  return [change];
}

type UndoneLabels = { things: Labelled[]; gone: Labelled[] };

/** Null: the last one that was not undone. */
function undoLabels(store: Store, id: number | null, at: Instant): UndoneLabels & { change: number } {
  const change = id === null ? store.labels.changes.last() : store.labels.changes.find(id);
  if (!change) throw new Refusal("not-found", "there is no change of labels to undo; the last 50 are kept");
  if (change.isUndone) throw new Refusal("conflict", "that change of labels was undone already");
  const rows = change.things.map((one) => ({ one, row: findAsItWas(store, one) }));
  for (const { one, row } of rows) if (row) undoOne(store, one, row);
  store.labels.changes.markUndone(change.id, at);
  return {
    change: change.id,
    things: rows.flatMap(({ one, row }) => (row ? [one.thing] : [])),
    gone: rows.flatMap(({ one, row }) => (row ? [] : [one.thing])),
  };
}

/** Which one of its name a thing is. */
const whichOf = ({ kind, id, uid }: LabelledRow): number => (kind === "issuer" ? id : uid);

/**
 * The account of the number that it was, though another one has its name by now; null for an issuer that was removed,
 * for its labels went with it.
 */
function findAsItWas(store: Store, { thing, which }: ThingChange): LabelledRow | null {
  const row = store.labels.findRow(thing, { isGoneToo: true });
  if (row?.kind === "account") return { ...row, uid: which };
  return row && whichOf(row) === which ? row : null;
}

/** What somebody has said since is never lost by it. */
function undoOne(store: Store, change: ThingChange, row: LabelledRow): void {
  const what = formatLabelled(change.thing);
  const own = store.labels.ownOf(row);
  const tags = new Set(store.labels.tagsOf(row));
  const isOther =
    change.values.some(({ field, after }) => own[field] !== after) ||
    change.added.some((name) => !tags.has(name)) ||
    change.removed.some((name) => tags.has(name));
  if (isOther)
    throw new Refusal("conflict", `the labels of ${what} were changed again since; nothing was undone`);
  store.labels.set(row, valuesOf(change, "before"));
  for (const name of change.added) store.labels.untag(row, name);
  for (const name of change.removed) store.labels.tag(row, name);
}

const valuesOf = (
  { values }: ThingChange,
  when: "before" | "after",
): { [Field in LabelField]?: string | null } =>
  Object.fromEntries(values.map((value) => [value.field, value[when]]));

function formatUnknown(thing: Labelled): string {
  const what = formatLabelled(thing);
  switch (thing.kind) {
    case "host":
      return `no host is known as ${what}; latchkey hosts and latchkey targets list list their names`;
    case "account":
      return `there is no account ${what}; latchkey accounts lists those that there are`;
    case "certificate":
      return `there is no certificate ${what}; it was never seen`;
    case "key":
      return `there is no key ${what}; latchkey access lists those that open accounts`;
    case "endpoint":
      return `there is no endpoint ${what}; it was never probed`;
    case "issuer":
      return `there is no issuer ${what}; latchkey issuers lists those that there are`;
  }
}
