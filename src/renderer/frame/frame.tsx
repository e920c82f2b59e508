import { CloseButton } from "@mantine/core";
import { IconDatabaseExclamation, IconPlugConnectedX } from "@tabler/icons-react";
import { keepPreviousData, useIsFetching, useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import { useApi, useConnectionSentence, useConnectionState } from "#renderer/api/connection.ts";
import { type ChosenFile, type PageRequest, useDesktop } from "#renderer/api/desktop.ts";
import { ScanRequestContext } from "#renderer/api/scan-button.tsx";
import { toAddress, toRowLink } from "#renderer/api/searches.ts";
import { InspectDialog } from "#renderer/features/inspect/inspect-dialog.tsx";
import { PlanRequests } from "#renderer/features/runs/plan-file.tsx";
import { RunPrompts } from "#renderer/features/runs/run-drawer.tsx";
import { ScanDialog } from "#renderer/features/scans/scan-form.tsx";
import { ScanPrompts } from "#renderer/features/scans/scan-state.tsx";
import { IssuerSetup } from "#renderer/features/settings/issuer-setup.tsx";
import { BrandMark } from "#renderer/ui/brand-mark.tsx";
import { LinkContext } from "#renderer/ui/fingerprint.tsx";
import { OwnNamesContext } from "#renderer/ui/host-name.tsx";
import { beginLarge, Untrusted } from "#renderer/ui/text.tsx";
import { Toast } from "#renderer/ui/toast.tsx";
import type { Figures } from "#shared/contract/today.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatDeepLink } from "#shared/text/deep-link.ts";
import { type FindOwnName, findOwnNamesIn } from "#shared/text/hosts/own-name.ts";
import { DropTarget } from "./drop-target.tsx";
import classes from "./frame.module.css";
import { Header } from "./header.tsx";
import { Palette } from "./palette.tsx";
import { findScreen, SCREEN_GROUPS } from "./screens.ts";
import { Shortcuts, useFrameKeys } from "./shortcuts.tsx";

/** The rail and the header around every screen, and the dialogs that any of them may open. */
export function Frame() {
  const [scanText, setScanText] = useState<string | null>(null);
  const [files, setFiles] = useState<readonly ChosenFile[] | null>(null);
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const [isFinding, setIsFinding] = useState(false);
  const requestScan = useCallback((text = "") => setScanText(text), []);
  const openHelp = useCallback(() => setIsHelpOpen(true), []);
  const openPalette = useCallback(() => setIsFinding(true), []);
  const inspect = useCallback((chosen: readonly ChosenFile[]) => {
    setFiles((before) => [...(before ?? []), ...chosen]);
  }, []);
  const openInspect = useCallback(() => inspect([]), [inspect]);
  useFrameKeys({ requestScan, openHelp, openInspect, openPalette });
  useDesktopRequests({ requestScan, openHelp, inspect });
  return (
    <OwnNamesContext value={useOwnNames()}>
      <ScanRequestContext value={requestScan}>
        <LinkContext value={useLinkToHere()}>
          <PlanRequests renderIssuerSetup={(onAdded) => <IssuerSetup onAdded={onAdded} />}>
            <div className={classes.frame}>
              <Rail />
              <div className={classes.main}>
                <Header onScan={requestScan} onInspect={openInspect} onHelp={openHelp} onFind={openPalette} />
                <ConnectionBanner />
                <DatabaseBanner />
                <main className={classes.page}>
                  <Awaited />
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
          {isFinding && (
            <Palette
              actions={{ scan: requestScan, inspect: openInspect, shortcuts: openHelp }}
              onClose={() => setIsFinding(false)}
            />
          )}
          <Shortcuts isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
          <InspectDialog files={files} onFiles={inspect} onClose={() => setFiles(null)} />
          <DropTarget onFiles={inspect} />
          <ScanPrompts />
          <RunPrompts />
          <Toast />
        </LinkContext>
      </ScanRequestContext>
    </OwnNamesContext>
  );
}

/** How many answers the page waits for: what waits until it has come to rest goes by this. */
const Awaited = () => <span hidden data-awaited={useIsFetching()} />;

const NO_NAMES: FindOwnName = () => null;

/** What hosts call themselves: read again when a scan begins or has ended, and not with each of its probes. */
function useOwnNames(): FindOwnName {
  const { hosts, today } = useApi();
  const scan = useQuery(today.figures.queryOptions()).data?.lastScan;
  const { data } = useQuery({
    queryKey: ["own-names", scan?.id ?? null, scan?.state ?? null],
    queryFn: async () => ({ find: findOwnNamesIn(await hosts.ownNames.call()) }),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data?.find ?? NO_NAMES;
}

/** Says on every screen that the database is damaged or that something is missing from it, and what to do. */
function DatabaseBanner() {
  const { data } = useQuery(useApi().database.state.queryOptions());
  const sentence = data?.damage ?? data?.loss ?? null;
  if (sentence === null) return null;
  return (
    <div role="alert" className={classes.banner}>
      <IconDatabaseExclamation size={15} aria-hidden />
      <span className={classes.sentence}>
        <Untrusted text={sentence} limit={600} />
      </span>
    </div>
  );
}

/**
 * The link to the row that is open: one that the operating system opens in the desktop window, or the page's own
 * address without what the list was filtered by.
 */
function useLinkToHere(): () => string | null {
  const router = useRouter();
  const desktop = useDesktop();
  return useCallback(() => {
    const link = toRowLink(router.state.location);
    if (!link) return null;
    if (desktop) return formatDeepLink(link);
    return `${location.origin}${location.pathname}#${router.buildLocation(toAddress(link)).href}`;
  }, [router, desktop]);
}

/** Says that the page waits; afterwards, until it is closed, says why it waited. */
function ConnectionBanner() {
  const state = useConnectionState();
  const sentence = useConnectionSentence();
  const [closed, setClosed] = useState<string | null>(null);
  // biome-ignore lint/plugin: which of them was closed
  if (sentence !== null && sentence !== closed)
    return (
      <ConnectionNotice sentence={sentence} onClose={state === "open" ? () => setClosed(sentence) : null} />
    );
  if (state !== "waiting") return null;
  return (
    <div role="status" className={classes.banner}>
      <IconPlugConnectedX size={15} aria-hidden /> Connecting to Latchkey again; what is shown may be out of
      date
    </div>
  );
}

function ConnectionNotice({ sentence, onClose }: { sentence: string; onClose: (() => void) | null }) {
  return (
    <div role="status" className={classes.banner}>
      <IconPlugConnectedX size={15} aria-hidden />
      <span className={classes.sentence}>{beginLarge(sentence)}</span>
      {onClose && <CloseButton size="sm" aria-label="Close" c="inherit" onClick={onClose} />}
    </div>
  );
}

type Actions = {
  requestScan: () => void;
  openHelp: () => void;
  inspect: (files: readonly ChosenFile[]) => void;
};

/** Does what the desktop window requests: its menu, links of other programs, files that it was opened with. */
function useDesktopRequests({ requestScan, openHelp, inspect }: Actions): void {
  const desktop = useDesktop();
  const router = useRouter();
  useEffect(() => {
    const execute = (request: PageRequest) => {
      switch (request.kind) {
        case "go":
          return void router.navigate(toAddress(request));
        case "command":
          return { scan: requestScan, inspect: () => inspect([]), shortcuts: openHelp }[request.command]();
        case "file":
          return inspect([{ name: request.name, read: async () => request.base64 }]);
        case "unreadable-file":
          return inspect([{ name: request.name, read: () => Promise.reject(new Error(request.sentence)) }]);
        default:
          return assertNever(request);
      }
    };
    return desktop?.onRequest(execute);
  }, [desktop, router, requestScan, openHelp, inspect]);
}

function Rail() {
  const here = useLocation({ select: ({ pathname }) => findScreen(pathname)?.group });
  const { data } = useQuery(useApi().today.figures.queryOptions());
  const counts = data && countsOf(data);
  return (
    <nav className={classes.rail} aria-label="Screens">
      <div className={classes.brand}>
        <BrandMark size={22} />
        <span className={classes.brandName}>Latchkey</span>
      </div>
      <ul className={classes.screens}>
        {SCREEN_GROUPS.map(({ name, Icon, screens: [first] }) => {
          const isHere = here?.name === name;
          return (
            <li key={name} className={name === "Settings" ? classes.last : undefined}>
              <Link
                to={first.to}
                className={isHere ? `${classes.screen} ${classes.here}` : classes.screen}
                aria-current={isHere ? "true" : undefined}
                title={`${name} (g ${first.key})`}
              >
                <Icon size={17} stroke={1.7} aria-hidden />
                <span className={classes.screenName}>{name}</span>
                {counts?.[first.to] ? (
                  <span className={classes.count}>{formatNumber(counts[first.to] ?? 0)}</span>
                ) : null}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

const countsOf = ({ certificates, grants, hosts, findings }: Figures): Record<string, number> => ({
  "/certificates": certificates.total,
  "/access": grants.total,
  "/hosts": hosts.total,
  "/findings": findings.reduce((sum, { count }) => sum + count, 0),
});
