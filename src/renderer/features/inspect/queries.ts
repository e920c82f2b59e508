import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useApi } from "#renderer/api/api.ts";
import type { GivenFile } from "#renderer/api/given-files.ts";
import type { Inspection } from "#shared/contract/inspect.ts";

/**
 * Asks once, and keeps nothing: a file of the same name may be another one the next time. `unlock` looks again with a
 * password, which is kept nowhere; what it opened is shown until the file is closed.
 */
export function useInspection(file: GivenFile) {
  const { inspect } = useApi();
  const [opened, setOpened] = useState<Inspection | null>(null);
  const look = async (passwords: string[]) =>
    inspect.file.call({ name: file.name.slice(0, 4_096), base64: await file.read(), passwords });
  const { data, error } = useQuery({
    queryKey: ["given-file", useId()],
    queryFn: () => look([]),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const unlock = async (password: string) => setOpened(await look([password]));
  return { data: opened ?? data, error, unlock };
}
