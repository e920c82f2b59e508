import {
  IconArrowsExchange,
  IconBan,
  IconCheck,
  IconEyeOff,
  IconHelpCircle,
  IconQuestionMark,
  IconRefreshAlert,
  IconUsers,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Sha256 } from "#shared/model/certificates/certificate.ts";
import {
  MISMATCHES,
  type ServedRow,
  type ServedState,
  type WireSight,
} from "#shared/model/certificates/served.ts";
import { isMoreThan, type Total, withoutSome } from "#shared/model/total.ts";
import {
  formatFileLine,
  formatHandshake,
  formatListener,
  formatServedState,
  formatWhyUnseen,
} from "#shared/text/certificates/deployment.ts";
import { formatAmount } from "#shared/text/count.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import { Dim } from "./cells.tsx";
import { Line, Lines, Section } from "./drawer/drawer.tsx";
import { Tag } from "./tag.tsx";
import { TextLink, Untrusted } from "./text.tsx";
import { Exactly, When } from "./when.tsx";

type Served = {
  title: string;
  rows: readonly ServedRow[];
  total: Total;
  /** The certificate from whose drawer it is shown; null: its host. */
  from: string | null;
  /** Buttons for what is to be done about them. */
  actions?: ReactNode;
};

/** What the configurations of servers say is served, and whether it is. */
export function ServedLines({ title, rows, total, from, actions }: Served) {
  if (total === 0) return null;
  return (
    <Section title={title} count={total}>
      {actions}
      <Lines>
        {rows.map((row) => (
          <Line key={row.id} below={<Below row={row} from={from} />}>
            <StateTag state={row.state} />{" "}
            <Untrusted text={`${from === null ? "" : `${row.host}, `}${row.server} ${formatListener(row)}`} />
          </Line>
        ))}
      </Lines>
      {isMoreThan(total, rows.length) && (
        <Dim>{formatAmount(withoutSome(total, rows.length))} more; latchkey served lists them all</Dim>
      )}
    </Section>
  );
}

const TAGS = {
  "not-reloaded": { tone: "red", Icon: IconRefreshAlert },
  "other-process": { tone: "orange", Icon: IconUsers },
  "other-listed": { tone: "orange", Icon: IconArrowsExchange },
  differs: { tone: "orange", Icon: IconQuestionMark },
  unknown: { tone: "gray", Icon: IconHelpCircle },
  "not-seen": { tone: "gray", Icon: IconEyeOff },
  agrees: { tone: "green", Icon: IconCheck },
  "never-served": { tone: "orange", Icon: IconBan },
} as const;

export function StateTag({ state }: { state: ServedState }) {
  const { tone, Icon } = TAGS[state];
  return (
    <Tag tone={tone} Icon={Icon}>
      {formatServedState(state)}
    </Tag>
  );
}

/** The path from the directive to what is served, a line a step. */
function Below({ row, from }: { row: ServedRow; from: string | null }) {
  const { certificate, keyPath, keyMatches, unsure, at, sights } = row;
  return (
    <>
      <div>
        {certificate ? (
          <>
            <Untrusted text={`${certificate.directive} in ${formatFileLine(certificate.at)}`} /> names{" "}
            <Untrusted text={certificate.path} isMono />
            {certificate.realPath && (
              <Dim>
                , a link to <Untrusted text={certificate.realPath} isMono />
              </Dim>
            )}
          </>
        ) : (
          <Untrusted text={formatFileLine(at)} />
        )}
      </div>
      {certificate && <Held certificate={certificate} from={from} />}
      {keyPath && (
        <div>
          Key: <Untrusted text={keyPath} isMono /> <Dim>{formatKeyMatch(keyMatches)}</Dim>
        </div>
      )}
      {unsure && <Untrusted text={unsure} />}
      {(row.state === "not-seen" || row.state === "never-served") && <NotSeen row={row} />}
      {sights.map((sight) => (
        <Sight key={`${formatWhere(sight)} ${sight.sha256}`} sight={sight} from={from} />
      ))}
    </>
  );
}

function NotSeen({ row }: { row: ServedRow }) {
  const why = formatWhyUnseen(row);
  const handshake = formatHandshake(row);
  if (why !== null)
    return (
      <Dim>
        {row.state === "never-served" ? "No handshake is answered by it: " : "No scan shows it: "}
        <Untrusted text={why} />
      </Dim>
    );
  if (handshake === null) return <Dim>No handshake has shown it: scan a name that leads there.</Dim>;
  return (
    <Dim>
      No handshake has shown it: scan <Untrusted text={handshake} isMono />
    </Dim>
  );
}

/** What the file holds by now. */
function Held({
  certificate: { sha256, subject, key },
  from,
}: {
  certificate: NonNullable<ServedRow["certificate"]>;
  from: string | null;
}) {
  if (sha256 === null) return <div>No certificate in it was read.</div>;
  if (sha256 === from) return <div>It holds this certificate.</div>;
  return (
    <div>
      {from === null ? "It holds " : "It holds another certificate: "}
      <CertificateLink sha256={sha256} subject={subject ?? ""} keySize={key && formatKey(key)} />
    </div>
  );
}

type Linked = { sha256: Sha256; subject: string; keySize: string | null };

const CertificateLink = ({ sha256, subject, keySize }: Linked) => (
  <>
    <TextLink>
      <Link to="/certificates" search={{ open: sha256 }}>
        <Untrusted text={subject || sha256.slice(0, 12)} />
      </Link>
    </TextLink>{" "}
    <Dim>
      (<Untrusted text={[keySize, sha256.slice(0, 12)].filter(Boolean).join(", ")} />)
    </Dim>
  </>
);

function formatKeyMatch(keyMatches: boolean | null): string {
  if (keyMatches === null) return "(not known whether it fits)";
  return keyMatches ? "(fits)" : "(is the key of another certificate)";
}

const formatWhere = ({ host, port, serverName }: WireSight): string =>
  serverName === null
    ? formatHostAddress({ host, port })
    : `${formatHostAddress({ host, port })}/${serverName}`;

function Sight({ sight, from }: { sight: WireSight; from: string | null }) {
  return (
    <div>
      <Untrusted text={`${formatWhere(sight)}: ${formatServedState(sight.state)}`} />, seen{" "}
      {sight.state === "agrees" ? (
        <When instant={sight.lastSeen} />
      ) : (
        <>
          <Exactly instant={sight.lastSeen} />
          <Shown sight={sight} from={from} />
        </>
      )}
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

/** What is served instead, and a link to what to do about it. */
function Shown({ sight: { sha256, subject, key, state }, from }: { sight: WireSight; from: string | null }) {
  return (
    <div>
      It serves{" "}
      {sha256 === from ? (
        "this certificate"
      ) : (
        <CertificateLink sha256={sha256} subject={subject} keySize={formatKey(key)} />
      )}
      {MISMATCHES.has(state) && (
        <>
          :{" "}
          <TextLink>
            <Link to="/certificates" search={{ open: sha256, tab: "findings" }}>
              what to do
            </Link>
          </TextLink>
        </>
      )}
    </div>
  );
}
