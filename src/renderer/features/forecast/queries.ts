import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import type { LoadBy } from "#shared/model/certificates/forecast.ts";

export const forecastRoute = getRouteApi("/forecast");
export const timelineRoute = getRouteApi("/timeline");

/** What the address of the page selects. */
export type LoadSearch = {
  by?: LoadBy | undefined;
  issuer?: string | undefined;
  owner?: string | undefined;
};

export const USUAL_WEEKS = 52;

const queryOf = ({ by = "issuer", issuer, owner }: LoadSearch) => ({
  by,
  issuer: issuer ?? null,
  owner: owner ?? null,
});

export const useForecast = (search: LoadSearch) =>
  useQuery(
    useApi().forecast.renewals.queryOptions({ input: queryOf(search), placeholderData: keepPreviousData }),
  );

export const useTimeline = ({
  weeks = USUAL_WEEKS,
  ...search
}: LoadSearch & { weeks?: number | undefined }) =>
  useQuery(
    useApi().forecast.timeline.queryOptions({
      input: { ...queryOf(search), weeks },
      placeholderData: keepPreviousData,
    }),
  );
