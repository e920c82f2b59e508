import { Button } from "@mantine/core";
import { IconArrowRight, IconGhost, IconHistory, IconUserOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { ApprovalSection, type ApprovedThing } from "#renderer/api/approve.tsx";
import { LabelsSection } from "#renderer/api/labels-section.tsx";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import {
  AccountKindTag,
  AgentWords,
  BaselineLines,
  EscalationWords,
  RootTag,
} from "#renderer/ui/account.tsx";
import { Dim } from "#renderer/ui/cells.tsx";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { ErrorState, Notice } from "#renderer/ui/panel.tsx";
import { KeytabLines, SetuidLines } from "#renderer/ui/programs.tsx";
import { RiskSection } from "#renderer/ui/risk.tsx";
import { FindingLines } from "#renderer/ui/severity.tsx";
import { beginLarge, TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { AccountDetail } from "#shared/model/access/account.ts";
import { formatKindReason, formatWorkload, isOfEarlier, KIND_MEANINGS } from "#shared/text/access/account.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import classes from "./accounts.module.css";
import { countOf, Entries } from "./entries.tsx";
import { useAccount } from "./queries.ts";

export function AccountDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error } = useAccount(id);
  return (
    <Drawer
      label="account"
      title={data ? <Untrusted text={nameOf(data)} /> : "Account"}
      subtitle={
        data && (
          <>
            <AccountKindTag kind={data.kind} isAlone />
            <RootTag root={data.root} />
          </>
        )
      }
      onClose={onClose}
    >
      {error && <ErrorState doing="show this account" error={error} />}
      {data && <Details account={data} />}
    </Drawer>
  );
}

const toApproved = (account: AccountDetail): ApprovedThing => ({
  kind: "account",
  id: account.id,
  name: `${nameOf(account)} (uid ${account.uid})`,
  approval: account.approval,
});

const nameOf = ({ name, host, port }: AccountDetail): string => formatAccount({ account: name, host, port });

function Details({ account }: { account: AccountDetail }) {
  const { host, port, name } = account;
  return (
    <>
      <Actions account={account} />
      {account.isGone && (
        <div className={classes.notice}>
          <Notice tone="amber" Icon={IconGhost} title="It is no longer there">
            A later reading of the host did not find it. This is how it was when it was last seen.
          </Notice>
        </div>
      )}
      {isOfEarlier(account) && (
        <div className={classes.notice}>
          <Notice tone="gray" Icon={IconHistory} title="As root last read it">
            Kind, keys, password and what runs as it are of <Exactly instant={account.evaluatedAt} />. Later
            readings were not by root, and see less.
          </Notice>
        </div>
      )}
      <FindingLines findings={account.findings} />
      <KindReasons account={account} />
      <RiskSection account={account} />
      {!account.isGone && <ApprovalSection thing={toApproved(account)} isUnapproved={account.isUnapproved} />}
      {!account.isGone && <LabelsSection thing={{ kind: "account", host, port, name }} />}
      <Entries account={account} />
      <UsualLogins account={account} />
      <Becomes account={account} />
      <BecomeIt account={account} />
      <Workloads key={account.id} account={account} />
      <SetuidLines
        title="Setuid programs of its own"
        programs={account.setuidPrograms}
        isWhole={account.isSetuidWhole}
      />
      {account.uid === 0 && <KeytabLines keytabs={account.keytabs} />}
      <Agents account={account} />
      <AccountFacts account={account} />
    </>
  );
}

/** Nothing leads to an account that is gone, or from it. */
function Actions({ account }: { account: AccountDetail }) {
  const buttonProps = { variant: "default", size: "xs", rightSection: <IconArrowRight size={15} /> } as const;
  const start = nameOf(account);
  const { host, port, name } = account;
  const requestPlan = usePlanRequest();
  return (
    <div className={classes.actions}>
      <Button
        {...buttonProps}
        renderRoot={(props) => <Link to="/hosts" search={{ open: account.hostId }} {...props} />}
      >
        Its host
      </Button>
      {!account.isGone && (
        <>
          <Button {...buttonProps} renderRoot={(props) => <Link to="/graph" search={{ start }} {...props} />}>
            What it reaches
          </Button>
          <Button
            {...buttonProps}
            renderRoot={(props) => <Link to="/graph" search={{ start, direction: "to" }} {...props} />}
          >
            What reaches it
          </Button>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconUserOff size={15} />}
            onClick={() =>
              requestPlan({ kind: "disable-account", accounts: [{ host, port, account: name }] })
            }
          >
            Disable account
          </Button>
        </>
      )}
    </div>
  );
}

/** What speaks for the kind, or against it; what decided comes first. */
function KindReasons({ account: { kind, reasons } }: { account: AccountDetail }) {
  return (
    <Section title="Kind">
      <p className={classes.note}>{beginLarge(KIND_MEANINGS[kind])}.</p>
      <Lines>
        {reasons.map((reason, index) => (
          <Line key={reason.what} end={index === 0 && kind !== "unknown" && <Dim>decides</Dim>}>
            <Untrusted text={formatKindReason(reason)} limit={120} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

/** What its later logins are compared with, and all of them by day. */
function UsualLogins({ account: { host, name, baseline } }: { account: AccountDetail }) {
  const all = (
    <TextLink>
      <Link to="/logins" search={{ host, account: name }}>
        Its logins by day
      </Link>
    </TextLink>
  );
  return (
    <Section title="What is usual" action={all}>
      {baseline ? (
        <BaselineLines baseline={baseline} />
      ) : (
        <p className={classes.note}>Not known: what was read of the logs does not cover 30 days of it yet.</p>
      )}
    </Section>
  );
}

function Becomes({ account: { host, root, becomes } }: { account: AccountDetail }) {
  return (
    <Section title="As whom it may act" {...countOf(becomes)}>
      {becomes.length === 0 && <p className={classes.note}>{NOBODY_ELSE[root]}</p>}
      <Lines>
        {becomes.map((one) => (
          <Line key={`${one.by} ${one.target}`} below={<EscalationWords escalation={one} />}>
            <Namesakes host={host} name={one.target} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

const NOBODY_ELSE: Record<AccountDetail["root"], string> = {
  "is-root": "It is root, and acts as every account of the host.",
  "becomes-root": "No rule is known any more.",
  maybe: "No rule is known any more.",
  no: "No rule of sudo or doas, and nothing else that is known, lets it act as another account.",
  unknown: "Unknown: the rules of sudo and doas were not all read.",
};

function BecomeIt({ account: { host, becomeIt } }: { account: AccountDetail }) {
  return (
    <Section title="Who may act as it" {...countOf(becomeIt)}>
      {becomeIt.length === 0 && (
        <p className={classes.note}>Nothing is known by which another account does.</p>
      )}
      <Lines>
        {becomeIt.map((one) => (
          <Line key={`${one.by} ${one.account}`} below={<EscalationWords escalation={one} />}>
            <Namesakes host={host} name={one.account} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

/** Another account of the host, of which its name alone is known here. */
function Namesakes({ host, name }: { host: string; name: string }) {
  return (
    <TextLink>
      <Link to="/accounts" search={{ host, search: name }}>
        <Untrusted text={name} limit={120} />
      </Link>
    </TextLink>
  );
}

/** So many are shown at first. */
const FEW = 8;

function Workloads({ account: { workloads, workloadCount } }: { account: AccountDetail }) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? workloads : workloads.slice(0, FEW);
  const unlisted = workloadCount - workloads.length;
  return (
    <Section title="What runs as it" {...countOf({ length: workloadCount })}>
      {workloadCount === 0 && <p className={classes.note}>Nothing was seen that does.</p>}
      <Lines>
        {shown.map((workload, index) => {
          const { what, why } = formatWorkload(workload);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a host may name two alike, and the lines never move
            <Line key={index} below={<Untrusted text={why} limit={300} />}>
              <Untrusted text={what} isMono />
            </Line>
          );
        })}
      </Lines>
      {shown.length < workloads.length && (
        <Button variant="subtle" size="compact-sm" mt={6} onClick={() => setIsWhole(true)}>
          Show {workloads.length - shown.length} more
        </Button>
      )}
      {unlisted > 0 && <p className={classes.note}>{unlisted} more were counted, and not kept.</p>}
    </Section>
  );
}

function Agents({ account: { agents } }: { account: AccountDetail }) {
  if (agents.length === 0) return null;
  return (
    <Section title="Open agents" count={agents.length}>
      <Lines>
        {agents.map((agent) => (
          <Line key={agent.path}>
            <AgentWords agent={agent} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function AccountFacts({ account }: { account: AccountDetail }) {
  const { host, port, hostId, uid, shell, home, groups, firstSeen, lastSeen } = account;
  const facts: readonly (readonly [name: string, value: ReactNode])[] = [
    [
      "Host",
      <TextLink key="host">
        <Link to="/hosts" search={{ open: hostId }}>
          <HostName host={host} port={port} />
        </Link>
      </TextLink>,
    ],
    ["UID", uid],
    ["Shell", <Untrusted key="shell" text={shell || "none"} isMono={shell !== ""} />],
    ["Home", <Untrusted key="home" text={home || "none"} isMono={home !== ""} />],
    ["Groups", <Untrusted key="groups" text={groups.join(", ") || "none known"} />],
    ["First seen", <Exactly key="first" instant={firstSeen} />],
    ["Last seen", <Exactly key="last" instant={lastSeen} />],
  ];
  return (
    <Section title="Account">
      <Facts>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </Facts>
    </Section>
  );
}
