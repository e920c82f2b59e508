import { Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { LabelsSection } from "#renderer/api/labels-section.tsx";
import { Dim } from "#renderer/ui/cells.tsx";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { FindingLines } from "#renderer/ui/severity.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { CertificateDetail, Extension } from "#shared/model/certificates/certificate.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import classes from "./certificates.module.css";

/** The facts in the certificate itself, and what is wrong with it. */
export function SummaryTab({ certificate }: { certificate: CertificateDetail }) {
  return (
    <>
      <FindingLines findings={certificate.findings} />
      <Malformed malformed={certificate.malformed} />
      <Summary certificate={certificate} />
      <LabelsSection thing={{ kind: "certificate", sha256: certificate.sha256 }} />
      <Names names={certificate.names} />
      <Extensions extensions={certificate.extensions} />
    </>
  );
}

function Malformed({ malformed }: { malformed: readonly string[] }) {
  if (malformed.length === 0) return null;
  return (
    <Section title="Could not be read" count={malformed.length}>
      <Lines>
        {malformed.map((sentence) => (
          <Line key={sentence}>
            <Untrusted text={sentence} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Summary({ certificate }: { certificate: CertificateDetail }) {
  const {
    subject,
    issuer,
    serial,
    notBefore,
    notAfter,
    signature,
    isCa,
    isSelfIssued,
    sha256,
    spkiSha256,
    sizeBytes,
  } = certificate;
  return (
    <Section title="Summary">
      <Facts>
        <Fact name="Subject">
          <Untrusted text={subject || "empty"} />
        </Fact>
        <Fact name="Issuer">
          {isSelfIssued ? "the same name as the subject" : <Untrusted text={issuer || "empty"} />}
        </Fact>
        <Fact name="Valid from">{notBefore ? <Exactly instant={notBefore} /> : "could not be read"}</Fact>
        <Fact name="Valid until">{notAfter ? <Exactly instant={notAfter} /> : "could not be read"}</Fact>
        <Fact name="Key">
          <Untrusted text={formatKey(certificate)} />
        </Fact>
        <Fact name="Signature">
          <Untrusted text={signature} />
        </Fact>
        <Fact name="Role">{isCa ? "authority: may sign certificates" : "end entity"}</Fact>
        <Fact name="Serial">
          <Untrusted text={serial} isMono />
        </Fact>
        <Fact name="SHA-256">
          <WholeFingerprint value={sha256} />
        </Fact>
        <Fact name="Key SHA-256">
          <WholeFingerprint value={spkiSha256} />
        </Fact>
        <Fact name="Size">{sizeBytes.toLocaleString("en")} bytes</Fact>
      </Facts>
    </Section>
  );
}

/** More names than this are shown on demand: some certificates have thousands. */
const NAMES_SHOWN = 24;

function Names({ names }: { names: readonly string[] }) {
  const [isWhole, setIsWhole] = useState(false);
  if (names.length === 0) return null;
  const shown = isWhole ? names : names.slice(0, NAMES_SHOWN);
  return (
    <Section title="Names" count={names.length}>
      <ul className={classes.chips}>
        {shown.map((name, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a certificate may name the same twice, in its own order
          <li key={index} className={classes.chip}>
            <Untrusted text={name} />
          </li>
        ))}
      </ul>
      {shown.length < names.length && (
        <Button variant="subtle" size="compact-sm" onClick={() => setIsWhole(true)}>
          Show all {names.length.toLocaleString("en")}
        </Button>
      )}
    </Section>
  );
}

/** Each extension in words; one that is broken says so and hides none of the others. */
function Extensions({ extensions }: { extensions: readonly Extension[] }) {
  if (extensions.length === 0) return null;
  return (
    <Section title="Extensions" count={extensions.length}>
      <Lines>
        {extensions.map((extension, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a broken certificate may carry the same one twice
          <Line key={index} end={<Marks extension={extension} />} below={<Content extension={extension} />}>
            <Untrusted text={extension.name} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Marks({ extension: { isCritical, malformed } }: { extension: Extension }) {
  return (
    <>
      {isCritical && <Dim>critical</Dim>}
      {malformed !== null && (
        <Tag tone="amber" Icon={IconAlertTriangle}>
          malformed
        </Tag>
      )}
    </>
  );
}

function Content({ extension: { value, malformed, oid, name } }: { extension: Extension }) {
  if (malformed !== null) return <Untrusted text={malformed} />;
  if (value !== null) return <Untrusted text={value} />;
  return <Dim>{oid === name ? "not known to this program" : <Untrusted text={oid} />}</Dim>;
}
