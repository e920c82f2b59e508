import { Dialog } from "#renderer/ui/dialog.tsx";
import { ScanPanel } from "./scan-panel.tsx";

type Props = { isOpen: boolean; initialText: string; onClose: () => void };

export function ScanDialog({ isOpen, initialText, onClose }: Props) {
  return (
    <Dialog title="Scan" isOpen={isOpen} onClose={onClose} width={640}>
      {isOpen && <ScanPanel key={initialText} initialText={initialText} onDone={onClose} />}
    </Dialog>
  );
}
