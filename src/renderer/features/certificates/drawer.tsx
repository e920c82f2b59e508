import type { ComponentType } from "react";
import type { CertificatesSearch } from "#renderer/api/searches.ts";
import { Drawer } from "#renderer/ui/drawer/drawer.tsx";
import { DrawerTabs } from "#renderer/ui/drawer/drawer-tabs.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import { Asn1Tab } from "./asn1-tab.tsx";
import classes from "./certificates.module.css";
import { ChainTab } from "./chain-tab.tsx";
import { nameOf } from "./columns.tsx";
import { FindingsTab } from "./findings-tab.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { PlacesTab } from "./places-tab.tsx";
import { useCertificate } from "./queries.ts";
import { RawTab } from "./raw-tab.tsx";
import { RenewAction } from "./renew-action.tsx";
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
          <RenewAction certificates={[data]} look={{ variant: "default", size: "xs" }} />
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

/** In the order in which they stand. A tab whose data is heavy asks for it itself: only the one that is shown is rendered. */
const TABS: readonly CertificateTab[] = [
  { name: "summary", title: "Summary", Tab: SummaryTab },
  { name: "chain", title: "Chain", Tab: ChainTab },
  { name: "places", title: "Places", Tab: PlacesTab },
  { name: "findings", title: "Findings", Tab: FindingsTab },
  { name: "revocation", title: "Revocation", Tab: RevocationTab },
  { name: "history", title: "History", Tab: HistoryTab },
  { name: "asn1", title: "ASN.1", Tab: Asn1Tab },
  { name: "raw", title: "Raw", Tab: RawTab },
];
