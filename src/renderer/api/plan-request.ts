import { createContext, use } from "react";
import type { z } from "zod";
import type { Wish } from "#shared/contract/runbooks.ts";

/** What is wanted, as far as it is known; what is missing is asked for. */
export type RequestDraft = z.input<typeof Wish>;

/** Plans a change from anywhere. Nothing is written by it: what comes of it is a plan to look at. */
export const PlanRequestContext = createContext<(draft: RequestDraft) => void>(() => undefined);

export const usePlanRequest = () => use(PlanRequestContext);
