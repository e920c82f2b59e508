import {
  IconArrowsExchange,
  IconCheck,
  IconEyeOff,
  IconHelpCircle,
  IconQuestionMark,
  IconRefreshAlert,
  IconUsers,
} from "@tabler/icons-react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { CertificateDetail } from "#shared/model/certificate.ts";
import type { ServedRow, ServedState, WireSight } from "#shared/model/served.ts";
import { sayNumber } from "#shared/text/count.ts";
import { sayFileLine, sayListener, sayServedState } from "#shared/text/served.ts";
import { sayPlace } from "#shared/text/target.ts";
import { useServed } from "./queries.ts";

/** Where configurations of servers name this certificate, or endpoints serve it instead of what they name. */
export function ServedMap({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useServed(sha256);
  if (error) return <ErrorState doing="show where it is served" error={error} />;
  if (!data || data.total === 0) return null;
  return (
    <Section title="The map" count={data.total}>
      <Lines>
        {data.rows.map((row) => (
          <Line key={row.id} below={<Below row={row} sha256={sha256} />}>
            <StateTag state={row.state} />{" "}
            <Untrusted text={`${row.host}, ${row.server} ${sayListener(row)}`} />
          </Line>
        ))}
      </Lines>
      {data.rows.length < data.total && (
        <Dim>{sayNumber(data.total - data.rows.length)} more; latchkey served lists them all</Dim>
      )}
    </Section>
  );
}

const LOOKS = {
  "not-reloaded": { tone: "red", Icon: IconRefreshAlert },
  "other-process": { tone: "orange", Icon: IconUsers },
  "other-listed": { tone: "orange", Icon: IconArrowsExchange },
  unknown: { tone: "orange", Icon: IconQuestionMark },
  "cannot-tell": { tone: "gray", Icon: IconHelpCircle },
  "not-scanned": { tone: "gray", Icon: IconEyeOff },
  agrees: { tone: "green", Icon: IconCheck },
} as const;

function StateTag({ state }: { state: ServedState }) {
  const { tone, Icon } = LOOKS[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {sayServedState(state)}
    </Tag>
  );
}

/** The way from the directive to what is served, a line a step. */
function Below({ row, sha256 }: { row: ServedRow; sha256: string }) {
  const { certificate, keyPath, isPair, unsure, at, sights } = row;
  return (
    <>
      <div>
        {certificate ? (
          <>
            <Untrusted text={`${certificate.directive} in ${sayFileLine(certificate.at)}`} /> names{" "}
            <Untrusted text={certificate.path} isMono />
            {certificate.realPath && (
              <Dim>
                , a link to <Untrusted text={certificate.realPath} isMono />
              </Dim>
            )}
          </>
        ) : (
          <Untrusted text={sayFileLine(at)} />
        )}
      </div>
      {certificate && certificate.sha256 !== sha256 && (
        <div>
          {certificate.sha256 === null ? (
            "No certificate in it was read."
          ) : (
            <>
              It holds another certificate: <Untrusted text={certificate.subject ?? ""} />{" "}
              <Dim>({certificate.sha256.slice(0, 12)})</Dim>
            </>
          )}
        </div>
      )}
      {keyPath && (
        <div>
          Key: <Untrusted text={keyPath} isMono /> <Dim>{sayPair(isPair)}</Dim>
        </div>
      )}
      {unsure && <Untrusted text={unsure} />}
      {sights.map((sight) => (
        <Sight key={`${sayWhere(sight)} ${sight.sha256}`} sight={sight} />
      ))}
    </>
  );
}

function sayPair(isPair: boolean | null): string {
  if (isPair === null) return "(not known whether it fits)";
  return isPair ? "(fits)" : "(is the key of another certificate)";
}

const sayWhere = ({ host, port, serverName }: WireSight): string =>
  serverName === null ? sayPlace({ host, port }) : `${sayPlace({ host, port })}/${serverName}`;

function Sight({ sight }: { sight: WireSight }) {
  return (
    <div>
      <Untrusted text={`${sayWhere(sight)}: ${sayServedState(sight.state)}`} />, seen{" "}
      <When instant={sight.lastSeen} />
      {sight.evidence.map((phrase) => (
        <div key={phrase}>
          <Dim>
            <Untrusted text={phrase} />
          </Dim>
        </div>
      ))}
    </div>
  );
}
