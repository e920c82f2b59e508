import { Button } from "@mantine/core";
import { IconArrowRight, IconBulb } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { SeverityTag } from "#renderer/ui/severity.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Finding } from "#shared/model/finding.ts";
import { sayRule } from "#shared/text/rule.ts";
import classes from "./findings.module.css";
import { useFinding } from "./queries.ts";

export function FindingDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error } = useFinding(id);
  return (
    <Drawer
      label="finding"
      title={data ? sayRule(data.rule) : "Finding"}
      subtitle={data && <SeverityTag severity={data.severity} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this finding" error={error} />}
      {data && <Details finding={data} />}
    </Drawer>
  );
}

function Details({ finding }: { finding: Finding }) {
  const { rule, sentence, evidence, remedy, label, host, firstSeen } = finding;
  return (
    <>
      <p className={classes.sentence}>
        <Untrusted text={sentence} limit={2_000} />
      </p>
      <div className={classes.remedy}>
        <IconBulb size={17} aria-hidden />
        <Untrusted text={remedy} limit={2_000} />
      </div>
      <div className={classes.actions}>
        <ObjectLink finding={finding} />
      </div>
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
          <Fact name="Host">{host === null ? "several" : <Untrusted text={host} />}</Fact>
          <Fact name="Since">
            <Exactly instant={firstSeen} />
          </Fact>
          <Fact name="Rule">
            <code>{rule}</code>
          </Fact>
        </Facts>
      </Section>
    </>
  );
}

/** Opens the thing that the finding is about, where it is at home. */
function ObjectLink({ finding: { object, host } }: { finding: Finding }) {
  const look = { variant: "default", size: "xs", rightSection: <IconArrowRight size={15} /> } as const;
  switch (object.kind) {
    case "certificate":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={{ open: object.sha256 }} {...props} />}
        >
          Open the certificate
        </Button>
      );
    case "grant":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/access" search={{ open: object.id }} {...props} />}
        >
          Open the grant
        </Button>
      );
    case "key":
      return (
        <Button
          {...look}
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
          {...look}
          renderRoot={(props) => <Link to="/hosts" search={host ? { search: host } : {}} {...props} />}
        >
          Open its host
        </Button>
      );
    case "host":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/hosts" search={{ open: object.id }} {...props} />}
        >
          Open the host
        </Button>
      );
    case "tls-key":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={{ spki: object.spki }} {...props} />}
        >
          List the certificates of this key
        </Button>
      );
    case "endpoint":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={host ? { host } : {}} {...props} />}
        >
          List what it presents
        </Button>
      );
    default:
      return assertNever(object);
  }
}
