import { createContext, use } from "react";

/** Opens the scan dialog from anywhere, with these targets written in it. */
export const ScanRequestContext = createContext<(text?: string) => void>(() => undefined);

export const useScanRequest = () => use(ScanRequestContext);
