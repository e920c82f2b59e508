import { useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";

export const useOverview = () => useQuery(useApi().overview.read.queryOptions());
export const useThisComputer = () => useQuery(useApi().thisComputer.look.queryOptions());
