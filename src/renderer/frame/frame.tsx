import { Outlet } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import { ScanRequestContext } from "#renderer/api/scan-request.ts";
import { ScanDialog } from "#renderer/features/scans/scan-dialog.tsx";
import { Toast } from "#renderer/ui/toast.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import classes from "./frame.module.css";
import { Header } from "./header.tsx";
import { Rail } from "./rail.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { useFrameKeys } from "./use-frame-keys.ts";

/** What stands around every screen: the rail, the header, and the dialogs that any of them may open. */
export function Frame() {
  const [scanText, setScanText] = useState<string | null>(null);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const requestScan = useCallback((text = "") => setScanText(text), []);
  const openHelp = useCallback(() => setIsHelpOpen(true), []);
  useFrameKeys({ requestScan, openHelp });
  return (
    <ScanRequestContext value={requestScan}>
      <div className={classes.frame}>
        <Rail />
        <div className={classes.main}>
          <Header onScan={requestScan} onHelp={openHelp} />
          <ConnectionBanner />
          <main className={classes.page}>
            <Outlet />
          </main>
        </div>
      </div>
      <ScanDialog isOpen={scanText !== null} initialText={scanText ?? ""} onClose={() => setScanText(null)} />
      <Shortcuts isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
      <Toast />
    </ScanRequestContext>
  );
}
