import type { CertificateDetail } from "#shared/model/certificate.ts";
import { Places } from "./places.tsx";

/** Where it is served and stored: what breaks when it ends. */
export function PlacesTab({ certificate: { places } }: { certificate: CertificateDetail }) {
  return <Places places={places} />;
}
