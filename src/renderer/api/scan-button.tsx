import { Button } from "@mantine/core";
import { IconRadar2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useScanRequest } from "./scan-request.ts";

/** The way out of an empty screen: opens the dialog of a scan. */
export function ScanButton({ children }: { children: ReactNode }) {
  const requestScan = useScanRequest();
  return (
    <Button size="xs" leftSection={<IconRadar2 size={15} />} onClick={() => requestScan()}>
      {children}
    </Button>
  );
}
