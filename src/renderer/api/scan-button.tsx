import { Button } from "@mantine/core";
import { IconRadar2 } from "@tabler/icons-react";
import { createContext, type ReactNode, use } from "react";
import type { z } from "zod";
import type { PlanRequest } from "#shared/contract/runs.ts";

/** The button of an empty screen: it opens the scan dialog. */
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

/** A request as far as it is known; the dialog prompts for what is missing. */
export type RequestDraft = z.input<typeof PlanRequest>;

/** Plans a change from anywhere. It writes nothing on a host: it makes a plan to review. */
export const PlanRequestContext = createContext<(draft: RequestDraft) => void>(() => undefined);

export const usePlanRequest = () => use(PlanRequestContext);
