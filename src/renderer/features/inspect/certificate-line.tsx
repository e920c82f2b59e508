import { Line } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import type { Inspection } from "#shared/contract/inspect.ts";
import { formatKey } from "#shared/text/key-size.ts";
import classes from "./inspect.module.css";

type Certificate = Extract<Inspection["items"][number], { what: "certificate" }>;

export function CertificateLine({ certificate }: { certificate: Certificate }) {
  const { subject, issuer, isSelfIssued, isCa, names, notAfter, sha256, place, entry } = certificate;
  return (
    <Line
      end={<ExpiryTag notAfter={notAfter} />}
      below={
        <>
          {place && !entry && <Untrusted text={place} />}
          <div>
            {isSelfIssued ? "Issued by itself" : <Issuer issuer={issuer} />},{" "}
            <Untrusted text={formatKey(certificate)} />
            {isCa && ", an authority: it may sign others"}
          </div>
          {names.length > 0 && <Untrusted text={names.join(", ")} />}
          <div className={classes.mono}>
            <WholeFingerprint value={sha256} />
          </div>
        </>
      }
    >
      <Untrusted text={subject || "no subject"} />
    </Line>
  );
}

function Issuer({ issuer }: { issuer: string }) {
  return (
    <>
      Issued by <Untrusted text={issuer || "no name"} />
    </>
  );
}
