import { Modal } from "@mantine/core";
import { ScanPanel } from "./scan-panel.tsx";

type Props = { isOpen: boolean; initialText: string; onClose: () => void };

export function ScanDialog({ isOpen, initialText, onClose }: Props) {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title="Scan"
      size={620}
      lockScroll={false}
      transitionProps={{ duration: 100, transition: "fade" }}
    >
      {isOpen && <ScanPanel key={initialText} initialText={initialText} onDone={onClose} />}
    </Modal>
  );
}
