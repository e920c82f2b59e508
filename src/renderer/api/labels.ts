import { useMutation, useQuery } from "@tanstack/react-query";
import type { Labelled } from "#shared/model/label.ts";
import { useApi } from "./connection.ts";

type LabelChange = { owner: string | null; addTags: string[]; removeTags: string[] };

/**
 * The owner and tags of a thing, those that can be chosen, and the function that saves a change; null until they are
 * known.
 */
export function useLabelling(thing: Labelled) {
  const { labels: api } = useApi();
  const { data: labels } = useQuery(api.find.queryOptions({ input: { thing } }));
  const { data: known } = useQuery(api.read.queryOptions());
  const { mutate, error, isPending: isSaving } = useMutation(api.set.mutationOptions());
  if (!labels) return null;
  const onSave = (change: LabelChange, done: () => void) =>
    mutate({ things: [thing], ...change }, { onSuccess: done });
  const inheritance = thing.kind === "account" ? "as its host" : "as its hosts";
  return { labels, inheritance, known, error, isSaving, onSave };
}
