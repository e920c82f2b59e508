import { useMutation, useQuery } from "@tanstack/react-query";
import type { Labelled } from "#shared/model/label.ts";
import { useApi } from "./api.ts";

/** Who answers for a thing, and its tags. */
export const useLabels = (thing: Labelled) =>
  useQuery(useApi().labels.find.queryOptions({ input: { thing } }));

/** All tags and owners that there are, to choose from. */
export const useKnownLabels = () => useQuery(useApi().labels.read.queryOptions()).data;

export const useSetLabels = () => useMutation(useApi().labels.set.mutationOptions());
