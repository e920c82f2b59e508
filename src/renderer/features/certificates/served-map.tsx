import { ServedLines } from "#renderer/ui/served-lines.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import { useServed } from "./queries.ts";

/** Where configurations of servers name this certificate, or endpoints serve it instead of what they name. */
export function ServedMap({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useServed(sha256);
  if (error) return <ErrorState doing="show where it is served" error={error} />;
  return data ? <ServedLines title="Where it is served" {...data} from={sha256} /> : null;
}
