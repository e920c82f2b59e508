import { ActionIcon, Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconTrash } from "@tabler/icons-react";
import { useApi } from "#renderer/api/api.ts";
import { Line } from "#renderer/ui/drawer/drawer.tsx";
import { download } from "#renderer/ui/table/csv.ts";
import { Tag } from "#renderer/ui/tag.tsx";
import { sayUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { sayChallengeWay } from "#shared/text/challenge-way.ts";
import { sayCount } from "#shared/text/count.ts";
import { useRevocationList, useTestIssuer } from "./issuer-queries.ts";
import classes from "./issuers.module.css";

const KINDS = { local: "authority of your own", acme: "ACME directory", csr: "a person" } as const;

type Props = { issuer: Issuer; isReadOnly: boolean; onIssued: () => void; onRemove: () => void };

/** One issuer, what can be done with it, and what came of that. */
export function IssuerLine({ issuer, isReadOnly, onIssued, onRemove }: Props) {
  const { name, kind } = issuer;
  const test = useTestIssuer();
  const lists = useRevocationList();
  const error = test.error ?? lists.error;
  return (
    <Line
      end={
        <>
          <Small
            disabled={isReadOnly}
            loading={test.isPending}
            onClick={() => test.mutate({ name })}
            label={`Test ${name}`}
          >
            Test
          </Small>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            disabled={isReadOnly}
            aria-label={`Remove ${sayUntrusted(name)}`}
            title="Remove it"
            onClick={onRemove}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </>
      }
      below={
        <>
          <Summary issuer={issuer} />
          {kind === "local" && (
            <OwnActions
              name={name}
              isReadOnly={isReadOnly}
              isSigning={lists.isPending}
              onIssued={onIssued}
              onList={() =>
                lists.mutate(
                  { name },
                  { onSuccess: ({ pem }) => download(`${name}.crl`, "application/x-pem-file", pem) },
                )
              }
            />
          )}
          {test.data && <Tested {...test.data} />}
          {error && (
            <p role="alert" className={classes.refusal}>
              <Untrusted text={error.message} limit={1_000} />
            </p>
          )}
        </>
      }
    >
      <span className={classes.name}>
        <Untrusted text={name} />
      </span>
      <span className={classes.kind}>{KINDS[kind]}</span>
    </Line>
  );
}

function Summary({ issuer }: { issuer: Issuer }) {
  switch (issuer.kind) {
    case "local": {
      const { permitted, daysValid, issued, revoked } = issuer;
      const counts = `${sayCount(issued, "certificate")} signed${revoked > 0 ? `, ${revoked} revoked` : ""}`;
      return <Untrusted text={`For ${permitted.join(", ")}; ${daysValid} days; ${counts}`} limit={1_000} />;
    }
    case "acme": {
      const { directory, account, challenge } = issuer;
      const known = account === null ? "no account yet" : "with an account";
      const way = challenge ? `; ${sayChallengeWay(challenge)}` : "";
      return <Untrusted text={`${directory}; ${known}${way}`} limit={1_000} />;
    }
    case "csr":
      return <Untrusted text={issuer.note || "Requests are handed over, and certificates brought back"} />;
    default:
      return assertNever(issuer);
  }
}

type OwnProps = {
  name: string;
  isReadOnly: boolean;
  isSigning: boolean;
  onIssued: () => void;
  onList: () => void;
};

/** What an authority of the user's own has to hand out. */
function OwnActions({ name, isReadOnly, isSigning, onIssued, onList }: OwnProps) {
  const api = useApi();
  const saveRoot = async () => {
    const { root } = await api.issuers.root.call({ name });
    download(`${name}-root.pem`, "application/x-pem-file", root);
  };
  return (
    <div className={classes.actions}>
      <Small onClick={() => void saveRoot()} label={`Root of ${name}`} title="What clients are to trust">
        Root
      </Small>
      <Small onClick={onIssued} label={`Certificates of ${name}`}>
        Certificates
      </Small>
      <Small
        disabled={isReadOnly}
        loading={isSigning}
        onClick={onList}
        label={`Revocation lists of ${name}`}
        title="Signed anew each time"
      >
        Revocation lists
      </Small>
    </div>
  );
}

function Tested({ isSound, lines }: TestedIssuer) {
  return (
    <div role="status">
      <Tag tone={isSound ? "green" : "red"} Icon={isSound ? IconCircleCheck : IconCircleX}>
        {isSound ? "it would sign" : "it would not sign"}
      </Tag>
      <ul className={classes.told}>
        {lines.map((line) => (
          <li key={line}>
            <Untrusted text={line} limit={1_000} />
          </li>
        ))}
      </ul>
    </div>
  );
}

type SmallProps = {
  label: string;
  title?: string;
  disabled?: boolean;
  loading?: boolean;
  onClick: () => void;
  children: string;
};

const Small = ({ label, ...props }: SmallProps) => (
  <Button size="compact-xs" variant="default" aria-label={sayUntrusted(label)} {...props} />
);
