import { Button } from "@mantine/core";
import { IconArrowRight, IconBulb, IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { BrokenRules, SeverityTag } from "#renderer/ui/severity.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { Exactly, When } from "#renderer/ui/when.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Finding } from "#shared/model/finding.ts";
import { itemsOf } from "#shared/model/lens.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import { formatItem } from "#shared/text/findings/lens.ts";
import { PROFILES } from "#shared/text/findings/profile-finding.ts";
import { AcceptFindings, ChangeActions } from "./acceptance.tsx";
import classes from "./findings.module.css";
import { useFinding, useUnaccept } from "./queries.ts";

export function FindingDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error } = useFinding(id);
  return (
    <Drawer
      label="finding"
      title={data ? formatRule(data.rule) : "Finding"}
      subtitle={data && <SeverityTag severity={data.severity} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this finding" error={error} />}
      {data && <Details finding={data} />}
    </Drawer>
  );
}

function Details({ finding }: { finding: Finding }) {
  const { rule, sentence, evidence, remedy, reference, profile, brokenRules, label, host, firstSeen } =
    finding;
  return (
    <>
      <p className={classes.sentence}>
        <Untrusted text={sentence} limit={2_000} />
      </p>
      <div className={classes.remedy}>
        <IconBulb size={17} aria-hidden />
        <Untrusted text={remedy} limit={2_000} />
      </div>
      <Accepted finding={finding} />
      <div className={classes.actions}>
        <ObjectLink finding={finding} />
        <ChangeActions findings={[finding]} buttonProps={{ variant: "default", size: "xs" }} />
        <AcceptActions finding={finding} />
      </div>
      <BrokenRules rules={brokenRules} />
      <Section title="Evidence" count={evidence.length}>
        <Lines>
          {evidence.map((line) => (
            <Line key={line}>
              <Untrusted text={line} limit={2_000} />
            </Line>
          ))}
        </Lines>
      </Section>
      <Section title="About">
        <Facts>
          <Fact name="What">
            <Untrusted text={label} />
          </Fact>
          <Fact name="Host">{host === null ? "several" : <HostName host={host} />}</Fact>
          <Fact name="Since">
            <Exactly instant={firstSeen} />
          </Fact>
          <Fact name="Rule">
            <code>{rule}</code>
          </Fact>
          <Fact name="Reference">{reference}</Fact>
          {itemsOf(rule).length > 0 && (
            <Fact name="Standards">{itemsOf(rule).map(formatItem).join(", ")}</Fact>
          )}
          {profile && <Fact name="Profile">{PROFILES[profile]}</Fact>}
        </Facts>
      </Section>
    </>
  );
}

function Accepted({ finding: { acceptance } }: { finding: Finding }) {
  if (!acceptance) return null;
  const { reason, until, acceptedAt } = acceptance;
  return (
    <p className={classes.acceptance}>
      <IconCircleCheck size={17} aria-hidden />
      Accepted until {until}: <Untrusted text={reason} limit={1_000} />{" "}
      <span className={classes.dim}>
        (<When instant={acceptedAt} />)
      </span>
    </p>
  );
}

function AcceptActions({ finding }: { finding: Finding }) {
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, isPending } = useUnaccept();
  const { id, acceptance } = finding;
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setIsAsking(true)}>
        {acceptance ? "Accept anew" : "Accept"}
      </Button>
      {acceptance && (
        <Button
          variant="default"
          size="xs"
          loading={isPending}
          onClick={() => mutate({ ids: [id] }, { onSuccess: () => toast("It counts again") })}
        >
          Withdraw
        </Button>
      )}
      {isAsking && <AcceptFindings findings={[finding]} onClose={() => setIsAsking(false)} />}
    </>
  );
}

/** Opens the thing that the finding is about, on its own screen. */
function ObjectLink({ finding: { object, host, label } }: { finding: Finding }) {
  const buttonProps = { variant: "default", size: "xs", rightSection: <IconArrowRight size={15} /> } as const;
  switch (object.kind) {
    case "certificate":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/certificates" search={{ open: object.sha256 }} {...props} />}
        >
          Open the certificate
        </Button>
      );
    case "grant":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/access" search={{ open: object.id }} {...props} />}
        >
          Open the grant
        </Button>
      );
    case "key":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => (
            <Link to="/access" search={{ fingerprint: object.fingerprint }} {...props} />
          )}
        >
          List what this key opens
        </Button>
      );
    case "key-file":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/hosts" search={host ? { search: host } : {}} {...props} />}
        >
          {host ? "Open its host" : "List the hosts"}
        </Button>
      );
    case "account":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/accounts" search={{ open: object.id }} {...props} />}
        >
          Open the account
        </Button>
      );
    case "host":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/hosts" search={{ open: object.id }} {...props} />}
        >
          Open the host
        </Button>
      );
    case "tls-key":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/certificates" search={{ spki: object.spki }} {...props} />}
        >
          List the certificates of this key
        </Button>
      );
    case "profile-violation":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/certificates" search={{ violation: object.id }} {...props} />}
        >
          List its certificates
        </Button>
      );
    case "endpoint":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/certificates" search={host ? { host } : {}} {...props} />}
        >
          List what it presents
        </Button>
      );
    case "issuer":
      return (
        <Button {...buttonProps} renderRoot={(props) => <Link to="/issuers" {...props} />}>
          Open the issuers
        </Button>
      );
    case "tag":
      return (
        <Button
          {...buttonProps}
          renderRoot={(props) => <Link to="/certificates" search={{ tag: label }} {...props} />}
        >
          List its certificates
        </Button>
      );
    default:
      return assertNever(object);
  }
}
