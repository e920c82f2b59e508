import type { ComponentType } from "react";
import type { CertificatesSearch } from "#renderer/api/searches.ts";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import { Asn1Tab } from "./asn1-tab.tsx";
import { ChainTab } from "./chain-tab.tsx";
import { FindingsTab } from "./findings-tab.tsx";
import { HistoryTab } from "./history-tab.tsx";
import { PlacesTab } from "./places-tab.tsx";
import { RawTab } from "./raw-tab.tsx";
import { RevocationTab } from "./revocation-tab.tsx";
import { SummaryTab } from "./summary-tab.tsx";

export type TabName = NonNullable<CertificatesSearch["tab"]>;

type CertificateTab = {
  name: TabName;
  title: string;
  Tab: ComponentType<{ certificate: CertificateDetail }>;
};

/** In the order in which they stand. A tab whose data is heavy asks for it itself: only the one that is shown is rendered. */
export const TABS: readonly CertificateTab[] = [
  { name: "summary", title: "Summary", Tab: SummaryTab },
  { name: "chain", title: "Chain", Tab: ChainTab },
  { name: "places", title: "Places", Tab: PlacesTab },
  { name: "findings", title: "Findings", Tab: FindingsTab },
  { name: "revocation", title: "Revocation", Tab: RevocationTab },
  { name: "history", title: "History", Tab: HistoryTab },
  { name: "asn1", title: "ASN.1", Tab: Asn1Tab },
  { name: "raw", title: "Raw", Tab: RawTab },
];
