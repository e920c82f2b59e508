import { Dialog } from "#renderer/ui/dialog.tsx";
import { useQuestions } from "./queries.ts";
import { ScanPanel } from "./scan-panel.tsx";

type Props = { isOpen: boolean; initialText: string; onClose: () => void };

export function ScanDialog({ isOpen, initialText, onClose }: Props) {
  const isBehind = useQuestions().waiting !== undefined;
  return (
    <Dialog title="Scan" isOpen={isOpen} onClose={onClose} width={640} isBehind={isBehind}>
      {isOpen && <ScanPanel key={initialText} initialText={initialText} onDone={onClose} />}
    </Dialog>
  );
}
