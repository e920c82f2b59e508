import { Button } from "@mantine/core";
import { IconCalendarRepeat, IconRefresh } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { ReloadButton } from "#renderer/api/reload.tsx";
import { type RequestDraft, usePlanRequest } from "#renderer/api/scan-button.tsx";
import type { CertificatesSearch } from "#renderer/api/searches.ts";
import { Drawer, DrawerTabs } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import type { CertificateDetail, CertificateRow } from "#shared/model/certificates/certificate.ts";
import classes from "./certificates.module.css";
import { ChainTab } from "./chain-tab.tsx";
import { FindingsTab, HistoryTab } from "./history-tab.tsx";
import { LocationsTab } from "./locations-tab.tsx";
import { useCertificate } from "./queries.ts";
import { Asn1Tab, RawTab } from "./raw-tab.tsx";
import { RevocationTab } from "./revocation-tab.tsx";
import { SummaryTab } from "./summary-tab.tsx";

export function CertificateDrawer({
  sha256,
  tab,
  onTab,
  onClose,
}: {
  sha256: string;
  tab: TabName | undefined;
  onTab: (tab: TabName) => void;
  onClose: () => void;
}) {
  const { data, error } = useCertificate(sha256);
  return (
    <Drawer
      label="certificate"
      title={data ? <Untrusted text={nameOf(data)} /> : "Certificate"}
      subtitle={data && <ExpiryTag notAfter={data.notAfter} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this certificate" error={error} />}
      {data && !data.isCa && (
        <div className={classes.actions}>
          <RenewAction certificates={[data]} buttonProps={{ variant: "default", size: "xs" }} />
        </div>
      )}
      {data && (
        <DrawerTabs
          label="Parts of the certificate"
          tabs={TABS.map(({ name, title, Tab }) => ({
            name,
            title,
            render: () => <Tab key={sha256} certificate={data} />,
          }))}
          open={tab}
          onOpen={onTab}
        />
      )}
    </Drawer>
  );
}

type TabName = NonNullable<CertificatesSearch["tab"]>;

type CertificateTab = {
  name: TabName;
  title: string;
  Tab: ComponentType<{ certificate: CertificateDetail }>;
};

/** In the order in which they are shown. A tab with much data fetches it itself: only the open tab is rendered. */
const TABS: readonly CertificateTab[] = [
  { name: "summary", title: "Summary", Tab: SummaryTab },
  { name: "chain", title: "Chain", Tab: ChainTab },
  { name: "locations", title: "Locations", Tab: LocationsTab },
  { name: "findings", title: "Findings", Tab: FindingsTab },
  { name: "revocation", title: "Revocation", Tab: RevocationTab },
  { name: "history", title: "History", Tab: HistoryTab },
  { name: "asn1", title: "ASN.1", Tab: Asn1Tab },
  { name: "raw", title: "Raw", Tab: RawTab },
];

type Certificate = Pick<CertificateRow, "sha256" | "isCa" | "isServedStale" | "locations" | "locationCount">;

type Props = {
  certificates: readonly Certificate[];
  buttonProps: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
};

/**
 * Replaces certificates wherever they are served, by a plan. Those of authorities are renewed by whoever signed them.
 */
export function RenewAction({ certificates, buttonProps }: Props) {
  const requestPlan = usePlanRequest();
  const reload = toReload(certificates);
  if (reload) return <ReloadButton request={reload} buttonProps={buttonProps} />;
  const renewal = toRenewal(certificates);
  if (!renewal) return null;
  return (
    <Button
      {...buttonProps}
      leftSection={<IconRefresh size={15} />}
      title="Have it signed anew, and installed wherever it is served (r)"
      onClick={() => requestPlan(renewal)}
    >
      Renew
    </Button>
  );
}

/** One plan for all that is past two thirds of its life. */
export function RenewDue() {
  const requestPlan = usePlanRequest();
  return (
    <Button
      variant="default"
      size="xs"
      h={30}
      leftSection={<IconCalendarRepeat size={15} />}
      title="All that are past two thirds of their life, in one plan"
      onClick={() => requestPlan({ kind: "rotate-certificate", isDue: true })}
    >
      Renew what is due
    </Button>
  );
}

/** `r` renews the certificates of the rows, or reloads what should have read the new ones already. */
export function useCertificateKeys() {
  const requestPlan = usePlanRequest();
  return {
    r: (certificates: readonly Certificate[]) => {
      const request = toReload(certificates) ?? toRenewal(certificates);
      if (request) requestPlan(request);
    },
  };
}

/**
 * No file holds any of them, and a server that has not read its file again still serves each; null: not so of all of
 * them.
 */
function toReload(certificates: readonly Certificate[]) {
  const isStale = ({ isServedStale, locations, locationCount }: Certificate) =>
    isServedStale &&
    locations.length === locationCount &&
    !locations.some(({ kind, position }) => kind === "file" && position === 0);
  if (certificates.length === 0 || !certificates.every(isStale)) return null;
  return { kind: "reload" as const, stale: certificates.map(({ sha256 }) => ({ certificate: sha256 })) };
}

function toRenewal(certificates: readonly Certificate[]): RequestDraft | null {
  const named = certificates.flatMap(({ sha256, isCa }) => (isCa ? [] : [sha256]));
  return named.length > 0 ? { kind: "rotate-certificate", certificates: named } : null;
}

/** What people call it: its common name, or its first name, or its whole subject. */
export const nameOf = ({ commonName, names, subject }: CertificateRow): string =>
  commonName ?? names[0]?.replace(/^[A-Za-z]+:/, "") ?? (subject || "no subject");
