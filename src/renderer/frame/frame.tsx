import { Outlet } from "@tanstack/react-router";
import { useCallback, useState } from "react";
import type { GivenFile } from "#renderer/api/given-files.ts";
import { ScanRequestContext } from "#renderer/api/scan-request.ts";
import { InspectDialog } from "#renderer/features/inspect/inspect-dialog.tsx";
import { PlanRequests } from "#renderer/features/runbooks/plan-requests.tsx";
import { RunQuestions } from "#renderer/features/runbooks/run-questions.tsx";
import { ScanDialog } from "#renderer/features/scans/scan-dialog.tsx";
import { ScanQuestions } from "#renderer/features/scans/scan-questions.tsx";
import { LinkContext } from "#renderer/ui/link-to-here.ts";
import { Toast } from "#renderer/ui/toast.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { DatabaseBanner } from "./database-banner.tsx";
import { DropTarget } from "./drop-target.tsx";
import classes from "./frame.module.css";
import { Header } from "./header.tsx";
import { Rail } from "./rail.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { useDesktopWishes } from "./use-desktop-wishes.ts";
import { useFrameKeys } from "./use-frame-keys.ts";
import { useLinkToHere } from "./use-link-to-here.ts";

/** What stands around every screen: the rail, the header, and the dialogs that any of them may open. */
export function Frame() {
  const [scanText, setScanText] = useState<string | null>(null);
  const [files, setFiles] = useState<readonly GivenFile[] | null>(null);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const requestScan = useCallback((text = "") => setScanText(text), []);
  const openHelp = useCallback(() => setIsHelpOpen(true), []);
  const inspect = useCallback((given: readonly GivenFile[]) => {
    setFiles((before) => [...(before ?? []), ...given]);
  }, []);
  const openInspect = useCallback(() => inspect([]), [inspect]);
  useFrameKeys({ requestScan, openHelp, openInspect });
  useDesktopWishes({ requestScan, openHelp, inspect });
  return (
    <ScanRequestContext value={requestScan}>
      <LinkContext value={useLinkToHere()}>
        <PlanRequests>
          <div className={classes.frame}>
            <Rail />
            <div className={classes.main}>
              <Header onScan={requestScan} onInspect={openInspect} onHelp={openHelp} />
              <ConnectionBanner />
              <DatabaseBanner />
              <main className={classes.page}>
                <Outlet />
              </main>
            </div>
          </div>
        </PlanRequests>
        <ScanDialog
          isOpen={scanText !== null}
          initialText={scanText ?? ""}
          onClose={() => setScanText(null)}
        />
        <Shortcuts isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
        <InspectDialog files={files} onFiles={inspect} onClose={() => setFiles(null)} />
        <DropTarget onFiles={inspect} />
        <ScanQuestions />
        <RunQuestions />
        <Toast />
      </LinkContext>
    </ScanRequestContext>
  );
}
