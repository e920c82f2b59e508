import { Button } from "@mantine/core";
import {
  IconArrowRight,
  IconCheck,
  IconEyeOff,
  IconHelpCircle,
  IconHistory,
  IconRadar2,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { LabelsSection } from "#renderer/api/labels-section.tsx";
import { ServedActions } from "#renderer/api/reload.tsx";
import { useScanRequest } from "#renderer/api/scan-button.tsx";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Programs } from "#renderer/ui/programs.tsx";
import { ServedLines } from "#renderer/ui/served-lines.tsx";
import { FindingLines } from "#renderer/ui/severity.tsx";
import { ProbeTag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { Exactly, When } from "#renderer/ui/when.tsx";
import type { Claim } from "#shared/model/hosts/bundle.ts";
import type { HostDetail, HostRow } from "#shared/model/hosts/host.ts";
import { formatWindow } from "#shared/text/access/grant.ts";
import {
  formatClaimReason,
  formatDifferences,
  formatSignature,
  formatStandingKind,
} from "#shared/text/hosts/bundle.ts";
import { formatTarget } from "#shared/text/hosts/target.ts";
import { HostKeys } from "./host-keys.tsx";
import classes from "./hosts.module.css";
import { AccountLines, KeyFileLines, RootPaths } from "./inventory.tsx";
import { useClaims, useDropClaim, useHost, useServedOn } from "./queries.ts";

export function HostDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error } = useHost(id);
  return (
    <Drawer
      label="host"
      title={data ? <Untrusted text={nameOf(data)} /> : "Host"}
      subtitle={data && <Subtitle host={data} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this host" error={error} />}
      {data && <Details host={data} />}
    </Drawer>
  );
}

function Subtitle({ host: { state, outcome, lastSeen } }: { host: HostDetail }) {
  return (
    <>
      <ProbeTag state={state} outcome={outcome} />
      <span>
        scanned <When instant={lastSeen} />
      </span>
    </>
  );
}

function Details({ host }: { host: HostDetail }) {
  const requestScan = useScanRequest();
  const target = formatTarget({ kind: "ssh", host: host.host, port: host.port, user: host.user });
  return (
    <>
      {host.message && !host.refusedKey && (
        <p className={classes.message}>
          <Untrusted text={host.message} />
        </p>
      )}
      <div className={classes.actions}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRadar2 size={15} />}
          onClick={() => requestScan(target)}
        >
          Scan again
        </Button>
        <Button
          variant="default"
          size="xs"
          rightSection={<IconArrowRight size={15} />}
          renderRoot={(props) => <Link to="/access" search={{ host: host.host }} {...props} />}
        >
          Who can log in
        </Button>
        <Button
          variant="default"
          size="xs"
          rightSection={<IconArrowRight size={15} />}
          renderRoot={(props) => <Link to="/certificates" search={{ host: host.host }} {...props} />}
        >
          Certificates
        </Button>
      </div>
      <HostKeys host={host} />
      <ClaimsOf host={host} />
      <FindingLines findings={host.findings} />
      <RootPaths host={host} />
      <LabelsSection thing={{ kind: "host", host: host.host }} />
      <CoverageOf coverage={host.coverage} />
      <LogWindows host={host} />
      <HostFacts host={host} />
      <ServedHere host={host.host} />
      <AccountLines accounts={host.accounts} host={host.host} />
      {host.programs && <Programs programs={host.programs} />}
      <KeyFileLines keyFiles={host.keyFiles} />
    </>
  );
}

function HostFacts({ host }: { host: HostDetail }) {
  const facts = [
    ["Calls itself", host.hostname],
    ["System", host.os],
    ["Kernel", host.kernel],
    ["sshd", host.sshdVersion],
    ["Logged in as", host.user],
    ["Read as", host.readAs],
  ] as const;
  return (
    <Section title="Facts">
      <Facts>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value === null ? "not read" : <Untrusted text={value} />}
          </Fact>
        ))}
        <Fact name="Known by">
          {host.bundleStanding
            ? formatStandingKind(host.bundleStanding)
            : host.lastRead === null
              ? "nothing"
              : "a scan from here"}
        </Fact>
        <Fact name="Clock">{formatClock(host.clockAheadSeconds)}</Fact>
        <Fact name="Last read">{host.lastRead === null ? "never" : <Exactly instant={host.lastRead} />}</Fact>
      </Facts>
    </Section>
  );
}

function formatClock(aheadSeconds: number | null): string {
  if (aheadSeconds === null) return "not read";
  if (Math.abs(aheadSeconds) < 2) return "agrees with this computer's";
  return `${Math.abs(aheadSeconds)} s ${aheadSeconds > 0 ? "ahead of" : "behind"} this computer's`;
}

/** What the configurations of this host's servers say is served here, and what is served; mismatches come first. */
function ServedHere({ host }: { host: string }) {
  const { data, error } = useServedOn(host);
  if (error) return <ErrorState doing="show what it serves" error={error} />;
  return data ? (
    <ServedLines title="What it serves" {...data} from={null} actions={<ServedActions rows={data.rows} />} />
  ) : null;
}

/** The time in which the host's logs have logins: outside of it, nobody knows whether somebody logged in. */
function LogWindows({ host: { logWindows, lastRead } }: { host: HostDetail }) {
  if (lastRead === null) return null;
  const newestFirst = [...logWindows].sort((one, other) => other.to.localeCompare(one.to));
  return (
    <Section title="Logs of logins" count={logWindows.length}>
      <Lines>
        {newestFirst.map((window) => (
          <Line key={`${window.source} ${window.from}`} below={formatWindow(window)}>
            <span className={classes.readMark}>
              <IconHistory size={15} aria-hidden /> <Untrusted text={window.source} isMono />
            </span>
          </Line>
        ))}
        {logWindows.length === 0 && <Line>no log covers every login, so no key is known to be unused</Line>}
      </Lines>
    </Section>
  );
}

/** What the last reading could not read, and why, before what it could. */
function CoverageOf({ coverage: { read, notRead } }: { coverage: HostDetail["coverage"] }) {
  if (read.length + notRead.length === 0) return null;
  return (
    <Section title="Coverage">
      <Lines>
        {notRead.map(({ what, why }) => (
          <Line key={`${what} ${why}`} below={<Untrusted text={why} />}>
            <span className={classes.unread}>
              <IconEyeOff size={15} aria-label="not read" /> <Untrusted text={what} />
            </span>
          </Line>
        ))}
        {read.map((what) => (
          <Line key={what}>
            <span className={classes.readMark}>
              <IconCheck size={15} aria-label="read" /> <Untrusted text={what} />
            </span>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

/** What unverified bundles claim of the host: shown beside what is known, and never instead of it. */
function ClaimsOf({ host }: { host: HostDetail }) {
  const claims = useClaims(host);
  if (claims.length === 0) return null;
  return (
    <Section title="Claimed by unverified bundles" count={claims.length}>
      <p className={classes.claimNote}>
        Nothing shows that these are of this host, and nothing that is known of it comes from them.
      </p>
      <Lines>
        {claims.map((claim) => (
          <OneClaim key={claim.id} claim={claim} />
        ))}
      </Lines>
    </Section>
  );
}

function OneClaim({ claim }: { claim: Claim }) {
  const { mutate, isPending } = useDropClaim();
  const { id, collectedAt, importedAt, why, signature, differences } = claim;
  return (
    <Line
      end={
        <Button
          variant="subtle"
          color="red"
          size="compact-xs"
          loading={isPending}
          onClick={() => mutate({ id })}
        >
          Forget this claim
        </Button>
      }
      below={
        <>
          <div>
            imported <Exactly instant={importedAt} />:{" "}
            <Untrusted text={`${formatClaimReason(why)}; ${formatSignature(signature)}`} limit={300} />
          </div>
          <div>{formatDifferences(differences)}</div>
          {differences.map(({ what, claimed, known }) => (
            <ul key={what} className={classes.claimed}>
              {claimed.map((text) => (
                <li key={`+${text}`}>
                  + {what} <Untrusted text={text} limit={160} isMono />
                </li>
              ))}
              {known.map((text) => (
                <li key={`-${text}`}>
                  - {what} <Untrusted text={text} limit={160} isMono />
                </li>
              ))}
            </ul>
          ))}
        </>
      }
    >
      <span className={classes.unread}>
        <IconHelpCircle size={15} aria-label="claimed" />
        <span>
          collected <Exactly instant={collectedAt} />
        </span>
      </span>
    </Line>
  );
}

export const nameOf = ({ host, port }: HostRow): string => (port === 22 ? host : `${host}, port ${port}`);
