import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useApi } from "#renderer/api/api.ts";
import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { When } from "#renderer/ui/when.tsx";
import { type CertificateDetail, Sha256 } from "#shared/model/certificate.ts";
import type { Neighbour, PlaceSpan } from "#shared/model/place-history.ts";

/** Since when the certificate is where, what it replaced there, and what has replaced it. */
export function HistoryTab({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { changes } = useApi();
  const { data, error } = useQuery(changes.places.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
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

function Spans({ title, spans }: { title: string; spans: readonly PlaceSpan[] }) {
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

function Story({ span: { from, until, before, after } }: { span: PlaceSpan }) {
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
      {before && <Other word="In place of" other={before} />}
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

function formatWhere({ kind, host, where, position }: PlaceSpan): string {
  const place = kind === "endpoint" ? `${host}:${where}` : `${host} ${where}`;
  return position === 0 ? place : `${place}, number ${position + 1}`;
}
