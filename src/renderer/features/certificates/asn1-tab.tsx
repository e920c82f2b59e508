import { useState } from "react";
import { Section } from "#renderer/ui/drawer/drawer.tsx";
import { HexDump } from "#renderer/ui/hex-dump.tsx";
import type { Asn1Node } from "#shared/model/asn1-node.ts";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import { Asn1Tree } from "./asn1-tree.tsx";
import { fromPem } from "./from-pem.ts";

/** What the certificate is made of, element by element, and the bytes of the one that is chosen. */
export function Asn1Tab({ certificate: { sha256, pem } }: { certificate: CertificateDetail }) {
  const [chosen, choose] = useState<Asn1Node | null>(null);
  return (
    <>
      <Section title="Elements">
        <Asn1Tree sha256={sha256} chosen={chosen?.offset ?? null} onChoose={choose} />
      </Section>
      {chosen && (
        <Section title={formatBytes(chosen)}>
          <HexDump
            label="Bytes of the element"
            bytes={cutOut(fromPem(pem), chosen)}
            start={chosen.offset}
            headBytes={chosen.headerBytes}
          />
        </Section>
      )}
    </>
  );
}

const cutOut = (bytes: Uint8Array, { offset, headerBytes, contentBytes }: Asn1Node): Uint8Array =>
  bytes.subarray(offset, offset + headerBytes + contentBytes);

const formatBytes = ({ tag, offset, headerBytes, contentBytes }: Asn1Node): string =>
  `${tag} at ${offset}: ${headerBytes} bytes of header, ${contentBytes.toLocaleString("en")} of content`;
