import {
  IconAlertTriangle,
  IconCertificate,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconCopy,
  IconHelpCircle,
  IconPlant2,
  IconQuestionMark,
} from "@tabler/icons-react";
import { Dim, Inline } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { CertificateDetail } from "#shared/model/certificates/certificate.ts";
import type {
  ChainLink,
  ChainReasonCode,
  ChainRole,
  ChainState,
  ChainView,
  StoreVerdict,
  TrustStore,
} from "#shared/model/certificates/chain.ts";
import { formatClients, PROFILES } from "#shared/text/findings/profile-finding.ts";
import { useChains } from "./queries.ts";

/** The chain above the certificate, as each endpoint sends it, and the verdict of each store of roots on it now. */
export function ChainTab({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useChains(sha256);
  if (error) return <ErrorState doing="show the chain" error={error} />;
  if (!data) return null;
  return (
    <>
      <Authority isPublic={data.isPublic} />
      {data.chains.map((chain, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an endpoint may stand there by several names
        <Chain key={index} chain={chain} />
      ))}
    </>
  );
}

function Authority({ isPublic }: { isPublic: boolean | null }) {
  if (isPublic === null) return null;
  return (
    <Section title="Authority">
      <p>
        {isPublic
          ? "A public one: names and signatures lead to a root of Mozilla's."
          : "A private one: names and signatures lead to a root that Mozilla does not have."}
      </p>
    </Section>
  );
}

function Chain({ chain: { endpoint, links, verdicts } }: { chain: ChainView }) {
  return (
    <>
      <Section title={endpoint ? "As sent" : "As far as it is known"} count={links.length}>
        <p>
          {endpoint ? (
            <Dim>
              by <Untrusted text={formatEndpoint(endpoint)} />, last seen <When instant={endpoint.lastSeen} />
            </Dim>
          ) : (
            <Dim>no endpoint sends it; what stands above it was seen elsewhere</Dim>
          )}
        </p>
        <Lines>
          {links.map((link, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a server may send the same certificate twice
            <Line key={index} end={<Dim>{ROLES[link.role].word}</Dim>}>
              <LinkName link={link} />
            </Line>
          ))}
        </Lines>
      </Section>
      <Section title="Who trusts it">
        <Lines>
          {verdicts.map((verdict) => (
            <Line
              key={verdict.store}
              end={<StateTag verdict={verdict} />}
              below={<Reasons verdict={verdict} />}
            >
              {STORES[verdict.store]}
            </Line>
          ))}
        </Lines>
      </Section>
    </>
  );
}

const formatEndpoint = ({ host, port, serverName }: NonNullable<ChainView["endpoint"]>): string =>
  `${host}:${port}${serverName === "" || serverName === host ? "" : ` for ${serverName}`}`;

const ROLES: Record<ChainRole, { word: string; Icon: typeof IconCertificate }> = {
  leaf: { word: "the certificate", Icon: IconCertificate },
  intermediate: { word: "intermediate", Icon: IconCertificate },
  root: { word: "root: need not be sent", Icon: IconPlant2 },
  stray: { word: "no part of the chain", Icon: IconQuestionMark },
  duplicate: { word: "sent again", Icon: IconCopy },
};

function LinkName({ link: { label, role } }: { link: ChainLink }) {
  const { Icon } = ROLES[role];
  return (
    <Inline>
      <Icon size={15} aria-hidden />
      <Untrusted text={label} />
    </Inline>
  );
}

const STORES: Record<TrustStore, string> = {
  mozilla: "Mozilla's roots",
  system: "This system's roots",
  yours: "Your roots",
};

const STATES = {
  valid: { tone: "green", Icon: IconCircleCheck, word: "Valid" },
  "valid-for-clients": { tone: "amber", Icon: IconAlertTriangle, word: "Valid for clients" },
  invalid: { tone: "red", Icon: IconCircleX, word: "Not valid" },
  unsupported: { tone: "amber", Icon: IconHelpCircle, word: "Cannot be verified" },
} as const satisfies Record<ChainState, object>;

const NOT_EVALUATED = { tone: "gray", Icon: IconCircleDashed, word: "Not evaluated" } as const;
/** No error of the chain: a private authority is in no public store. */
const NOT_THERE = { tone: "gray", Icon: IconCircleDashed, word: "Root not there" } as const;

const ROOT_CODES: ReadonlySet<ChainReasonCode> = new Set(["no-path", "untrusted-root", "self-signed"]);

function tagContentOf({ evaluation }: StoreVerdict) {
  if (!evaluation) return NOT_EVALUATED;
  const isRootAlone =
    evaluation.state === "invalid" && evaluation.reasons.every(({ code }) => ROOT_CODES.has(code));
  return isRootAlone ? NOT_THERE : STATES[evaluation.state];
}

function StateTag({ verdict }: { verdict: StoreVerdict }) {
  const { tone, Icon, word } = tagContentOf(verdict);
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

function Reasons({ verdict: { evaluation, rootCount, source } }: { verdict: StoreVerdict }) {
  if (!evaluation) return <>{source}</>;
  return (
    <>
      {evaluation.state === "valid-for-clients" && (
        <div>
          Accepted by {formatClients(evaluation.acceptedBy)}, against {PROFILES[evaluation.profile]}:
        </div>
      )}
      {evaluation.reasons.map((reason, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the same may be wrong with two certificates of one name
        <div key={index}>
          <Untrusted text={reason.sentence} />
          {reason.rule && <Dim> · {reason.rule.section}</Dim>}
        </div>
      ))}
      <div>
        {rootCount.toLocaleString("en")} roots: {source}; evaluated against {PROFILES[evaluation.profile]}
      </div>
    </>
  );
}
