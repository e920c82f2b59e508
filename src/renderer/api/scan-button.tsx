import { Button } from "@mantine/core";
import { IconRadar2 } from "@tabler/icons-react";
import { createContext, type ReactNode, use } from "react";
import type { z } from "zod";
import type { PlanRequest } from "#shared/contract/runs.ts";

/** The way out of an empty screen: opens the dialog of a scan. */
export function ScanButton({ children }: { children: ReactNode }) {
  const requestScan = useScanRequest();
  return (
    <Button size="xs" leftSection={<IconRadar2 size={15} />} onClick={() => requestScan()}>
      {children}
    </Button>
  );
}

/** Opens the scan dialog from anywhere, with these targets written in it. */
export const ScanRequestContext = createContext<(text?: string) => void>(() => undefined);

export const useScanRequest = () => use(ScanRequestContext);

/** What is wanted, as far as it is known; what is missing is asked for. */
export type RequestDraft = z.input<typeof PlanRequest>;

/** Plans a change from anywhere. Nothing is written by it: what comes of it is a plan to review. */
export const PlanRequestContext = createContext<(draft: RequestDraft) => void>(() => undefined);

export const usePlanRequest = () => use(PlanRequestContext);
