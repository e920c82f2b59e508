import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { SeverityTag } from "#renderer/ui/severity.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { LocationSpan, Neighbour } from "#shared/model/access/change.ts";
import { type CertificateDetail, Sha256 } from "#shared/model/certificates/certificate.ts";
import type { Finding } from "#shared/model/finding.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import { describeBrokenRule, PROFILES } from "#shared/text/findings/profile-finding.ts";

/** Since when the certificate is where, what it replaced there, and what has replaced it. */
export function HistoryTab({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { changes } = useApi();
  const { data, error } = useQuery(
    changes.locations.queryOptions({ input: { sha256: Sha256.parse(sha256) } }),
  );
  if (error) return <ErrorState doing="show where it was" error={error} />;
  if (!data) return null;
  const [now, before] = [
    data.filter(({ until }) => until === null),
    data.filter(({ until }) => until !== null),
  ];
  return (
    <>
      <Spans title="There now" spans={now} />
      <Spans title="Not there any more" spans={before} />
    </>
  );
}

function Spans({ title, spans }: { title: string; spans: readonly LocationSpan[] }) {
  if (spans.length === 0) return null;
  return (
    <Section title={title} count={spans.length}>
      <Lines>
        {spans.map((span) => (
          <Line
            key={`${span.kind} ${span.host} ${span.where} ${span.position} ${span.from}`}
            below={<Story span={span} />}
          >
            <Untrusted text={formatWhere(span)} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Story({ span: { from, until, before, after } }: { span: LocationSpan }) {
  return (
    <>
      <div>
        Seen from <When instant={from} />
        {until !== null && (
          <>
            {" "}
            to <When instant={until} />
          </>
        )}
      </div>
      {before && <Other word="Replaces" other={before} />}
      {after && <Other word="Replaced by" other={after} />}
    </>
  );
}

function Other({ word, other: { sha256, subject, notAfter } }: { word: string; other: Neighbour }) {
  return (
    <div>
      <TextLink>
        {word}{" "}
        <Link to="/certificates" search={{ open: sha256, tab: "history" }}>
          <Untrusted text={subject || sha256.slice(0, 12)} />
        </Link>
      </TextLink>{" "}
      <Dim>until {notAfter.slice(0, 10)}</Dim>
    </div>
  );
}

function formatWhere({ kind, host, where, position }: LocationSpan): string {
  const location = kind === "endpoint" ? `${host}:${where}` : `${host} ${where}`;
  return position === 0 ? location : `${location}, number ${position + 1}`;
}

/** All findings about the certificate and its key, with the evidence; an accepted one says so. */
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
            {profile && `; evaluated against ${PROFILES[profile]}`}
          </Dim>
        </Line>
        {acceptance && (
          <Line below={<Untrusted text={acceptance.reason} />}>Accepted until {acceptance.until}</Line>
        )}
      </Lines>
    </Section>
  );
}
