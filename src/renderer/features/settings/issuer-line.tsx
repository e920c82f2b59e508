import { ActionIcon, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Line } from "#renderer/ui/drawer/drawer.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { formatChallengeWay } from "#shared/text/challenge-way.ts";
import { formatCount } from "#shared/text/count.ts";
import { useTestIssuer } from "./issuer-queries.ts";
import classes from "./issuers.module.css";
import { OwnActions } from "./own-actions.tsx";
import { SmallButton } from "./small-button.tsx";

const KINDS = { local: "authority of your own", acme: "ACME directory", csr: "a person" } as const;

type Props = {
  issuer: Issuer;
  isReadOnly: boolean;
  onIssued: () => void;
  onChange: () => void;
  onRemove: () => void;
};

/** One issuer, what can be done with it, and what came of that. */
export function IssuerLine({ issuer, isReadOnly, onIssued, onChange, onRemove }: Props) {
  const { name, kind } = issuer;
  const test = useTestIssuer();
  const { error } = test;
  const [tryName, setTryName] = useState("");
  const isHooked = kind === "acme" && issuer.challenge?.kind === "dns-hook";
  return (
    <Line
      end={
        <>
          <SmallButton
            disabled={isReadOnly}
            loading={test.isPending}
            onClick={() => test.mutate({ name, tryName: tryName || null })}
            label={`Test ${name}`}
          >
            Test
          </SmallButton>
          <SmallButton disabled={isReadOnly} onClick={onChange} label={`Change ${name}`}>
            Change
          </SmallButton>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            disabled={isReadOnly}
            aria-label={`Remove ${formatUntrusted(name)}`}
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
          {kind === "local" && <OwnActions name={name} isReadOnly={isReadOnly} onIssued={onIssued} />}
          {isHooked && (
            <TextInput
              size="xs"
              label="Name to try the program with"
              description="A record is made for it and taken away; without a name, the program is not called"
              value={tryName}
              onChange={(event) => setTryName(event.currentTarget.value.trim())}
              spellCheck={false}
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
      const counts = `${formatCount(issued, "certificate")} signed${revoked > 0 ? `, ${revoked} revoked` : ""}`;
      return <Untrusted text={`For ${permitted.join(", ")}; ${daysValid} days; ${counts}`} limit={1_000} />;
    }
    case "acme": {
      const { directory, account, profile, challenge } = issuer;
      const known = account === null ? "no account yet" : "with an account";
      const which = profile === null ? "" : `; profile ${profile}`;
      const way = challenge ? `; ${formatChallengeWay(challenge)}` : "";
      return <Untrusted text={`${directory}; ${known}${which}${way}`} limit={1_000} />;
    }
    case "csr":
      return <Untrusted text={issuer.note || "Requests are handed over, and certificates brought back"} />;
    default:
      return assertNever(issuer);
  }
}

function Tested({ isSound, lines }: TestedIssuer) {
  return (
    <div role="status" className={classes.tested}>
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
