import { useState } from "react";
import type { ScanId } from "#shared/model/scan.ts";
import { ScanForm } from "./scan-form.tsx";
import { ScanProgress } from "./scan-progress.tsx";

type Props = { initialText: string; isFirst?: boolean; onDone?: () => void; doneWord?: string };

/** What to scan, then how it goes: the same in the dialog and on the first page. */
export function ScanPanel({ initialText, isFirst = false, onDone, doneWord = "Close" }: Props) {
  const [scanId, setScanId] = useState<ScanId | null>(null);
  if (scanId === null) return <ScanForm initialText={initialText} isFirst={isFirst} onStarted={setScanId} />;
  return <ScanProgress scanId={scanId} {...(onDone ? { onDone } : {})} doneWord={doneWord} />;
}
