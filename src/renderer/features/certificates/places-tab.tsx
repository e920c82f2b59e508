import type { CertificateDetail } from "#shared/model/certificate.ts";
import { Places } from "./places.tsx";
import { ServedMap } from "./served-map.tsx";

/** Where it is served and stored: what breaks when it ends. */
export function PlacesTab({ certificate }: { certificate: CertificateDetail }) {
  return (
    <>
      <Places places={certificate.places} />
      <ServedMap certificate={certificate} />
    </>
  );
}
