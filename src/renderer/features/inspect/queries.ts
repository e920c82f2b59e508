import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useApi } from "#renderer/api/api.ts";
import type { GivenFile } from "#renderer/api/given-files.ts";

/** Asks once, and keeps nothing: a file of the same name may be another one the next time. */
export function useInspection(file: GivenFile) {
  const { inspect } = useApi();
  return useQuery({
    queryKey: ["given-file", useId()],
    queryFn: async () => inspect.file.call({ name: file.name.slice(0, 4_096), base64: await file.read() }),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
