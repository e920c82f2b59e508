import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useApi } from "#renderer/api/api.ts";
import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { SeverityTag } from "#renderer/ui/severity.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import type { Finding } from "#shared/model/finding.ts";
import { PROFILES } from "#shared/text/judgement.ts";
import { describeBrokenRule } from "#shared/text/profile-finding.ts";
import { formatRule } from "#shared/text/rule.ts";

/** All that is wrong with the certificate and with its key, with the evidence; what was accepted says so. */
export function FindingsTab({
  certificate: { sha256, spkiSha256, isEvaluated },
}: {
  certificate: CertificateDetail;
}) {
  const { findings } = useApi();
  const own = useQuery(findings.about.queryOptions({ input: { object: { kind: "certificate", sha256 } } }));
  const ofKey = useQuery(
    findings.about.queryOptions({ input: { object: { kind: "tls-key", spki: spkiSha256 } } }),
  );
  const error = own.error ?? ofKey.error;
  if (error) return <ErrorState doing="show the findings" error={error} />;
  if (!own.data || !ofKey.data) return null;
  const all = [...own.data, ...ofKey.data];
  return (
    <>
      {!isEvaluated && <p>{NOT_EVALUATED}</p>}
      {all.length === 0 && <p>Nothing{isEvaluated ? "" : " else"} that the rules look for.</p>}
      {all.map((finding) => (
        <Details key={finding.id} finding={finding} />
      ))}
    </>
  );
}

const NOT_EVALUATED =
  "Whether it breaks rules of its profile is not known: the next scan that sees it evaluates it. The chain tab does so now.";

function Details({ finding }: { finding: Finding }) {
  const { id, rule, severity, sentence, evidence, remedy, reference, profile, brokenRules, acceptance } =
    finding;
  return (
    <Section
      title={formatRule(rule)}
      action={
        <TextLink>
          <SeverityTag severity={severity} />{" "}
          <Link to="/findings" search={{ open: id }}>
            Open
          </Link>
        </TextLink>
      }
    >
      <Lines>
        <Line below={<Untrusted text={remedy} limit={2_000} />}>
          <Untrusted text={sentence} limit={2_000} />
        </Line>
        {brokenRules.map((broken) => (
          <Line key={describeBrokenRule(broken)}>{describeBrokenRule(broken)}</Line>
        ))}
        {evidence.map((line) => (
          <Line key={line}>
            <Dim>
              <Untrusted text={line} limit={2_000} />
            </Dim>
          </Line>
        ))}
        <Line>
          <Dim>
            {reference}
            {profile && `; judged by ${PROFILES[profile]}`}
          </Dim>
        </Line>
        {acceptance && (
          <Line below={<Untrusted text={acceptance.reason} />}>Accepted until {acceptance.until}</Line>
        )}
      </Lines>
    </Section>
  );
}
