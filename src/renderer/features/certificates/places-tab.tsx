import { ServedLines } from "#renderer/ui/served-lines.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import { Places } from "./places.tsx";
import { useServed } from "./queries.ts";

/** Where it is served and stored: what breaks when it ends. */
export function PlacesTab({ certificate }: { certificate: CertificateDetail }) {
  return (
    <>
      <Places places={certificate.places} />
      <ServedMap certificate={certificate} />
    </>
  );
}

/** Where configurations of servers name this certificate, or endpoints serve it instead of what they name. */
function ServedMap({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useServed(sha256);
  if (error) return <ErrorState doing="show where it is served" error={error} />;
  return data ? <ServedLines title="Where it is served" {...data} from={sha256} /> : null;
}
