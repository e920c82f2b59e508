import {
  IconCheck,
  IconEyeOff,
  IconHistory,
  IconMapPin,
  IconRefreshAlert,
  type TablerIcon,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { ApprovalSection } from "#renderer/api/approve.tsx";
import { LabelsSection } from "#renderer/api/labels-section.tsx";
import { Drawer, Fact, Facts, Line, Lines, Section, Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { CopyMark, WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { FindingLines } from "#renderer/ui/severity.tsx";
import { Tag, type Tone } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { EFFECTIVE, EffectiveTag, OrphanTag, OWNER, USE } from "#renderer/ui/verdict.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { GrantDetail } from "#shared/model/access/grant.ts";
import type { Coverage, ManagedBy, Use, Verdict } from "#shared/model/access/verdict.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import classes from "./access.module.css";
import { GrantActions, HistorySection, toApproved } from "./approval.tsx";
import { useGrant } from "./queries.ts";

export function GrantDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error } = useGrant(id);
  return (
    <Drawer
      label="grant"
      title={data ? <Untrusted text={`${data.account} on ${data.host}`} /> : "Grant"}
      subtitle={data && <Subtitle grant={data} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this grant" error={error} />}
      {data && <Details grant={data} />}
    </Drawer>
  );
}

function Subtitle({ grant: { verdict, orphan, comment } }: { grant: GrantDetail }) {
  return (
    <>
      <EffectiveTag state={verdict.effective.state} />
      {orphan !== null && <OrphanTag orphan={orphan} />}
      <Untrusted text={comment} />
    </>
  );
}

function Details({ grant }: { grant: GrantDetail }) {
  return (
    <>
      <div className={classes.actions}>
        <GrantActions grants={[grant]} buttonProps={{ variant: "default", size: "xs" }} />
      </div>
      <VerdictSections verdict={grant.verdict} />
      <FindingLines findings={grant.findings} />
      <Section title="The line" action={<CopyMark value={grant.text} what="line" />}>
        <Verbatim>
          <Untrusted text={grant.text} limit={2_000} />
        </Verbatim>
      </Section>
      <Section title="Key">
        <KeyFacts grant={grant} />
      </Section>
      {grant.fingerprint !== null && (
        <LabelsSection title="Labels of the key" thing={{ kind: "key", fingerprint: grant.fingerprint }} />
      )}
      <ApprovalSection thing={toApproved(grant)} isUnapproved={grant.isUnapproved} />
      <SameKey grant={grant} />
      <HistorySection id={grant.id} />
    </>
  );
}

function KeyFacts({ grant }: { grant: GrantDetail }) {
  return (
    <Facts>
      <Fact name="Type">
        <Untrusted text={formatKey(grant)} />
      </Fact>
      <Fact name="Fingerprint">
        {grant.fingerprint === null ? "could not be read" : <WholeFingerprint value={grant.fingerprint} />}
      </Fact>
      <Fact name="Comment">
        <Untrusted text={grant.comment || "none"} />
      </Fact>
      <Fact name="Options">
        <Untrusted text={grant.options || "none"} isMono={grant.options !== ""} />
      </Fact>
      <Fact name="File">
        <Untrusted text={grant.file} isMono />, line {grant.line}
      </Fact>
      <Fact name="Account">
        <TextLink>
          <Link to="/accounts" search={{ host: grant.host, search: grant.account }}>
            <Untrusted text={grant.account} />
          </Link>
        </TextLink>
      </Fact>
      <Fact name="Host">
        <TextLink>
          <Link to="/hosts" search={{ search: grant.host }}>
            <HostName host={grant.host} port={grant.port} />
          </Link>
        </TextLink>
      </Fact>
      <Fact name="First seen">
        <Exactly instant={grant.firstSeen} />
      </Fact>
      <Fact name="Last seen">
        <Exactly instant={grant.lastSeen} />
      </Fact>
    </Facts>
  );
}

function SameKey({ grant: { sameKey, fingerprint } }: { grant: GrantDetail }) {
  if (sameKey.length === 0 || fingerprint === null) return null;
  const all = (
    <TextLink>
      <Link to="/access" search={{ fingerprint }}>
        Show all as a list
      </Link>
    </TextLink>
  );
  return (
    <Section title="Same key elsewhere" count={sameKey.length} action={all}>
      <Lines>
        {sameKey.map(({ id, host, account, file, line }) => (
          <Line key={id} below={<Untrusted text={`${file}, line ${line}`} />}>
            <TextLink>
              <Link to="/access" search={{ open: id }}>
                <HostName text={`${account} on ${host}`} host={host} />
              </Link>
            </TextLink>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

/** The verdict on its three axes: what it is, why, and what was and was not read. */
function VerdictSections({ verdict: { effective, owner, use } }: { verdict: Verdict }) {
  return (
    <Section title="Verdict">
      <div className={classes.axes}>
        <Axis title="Does sshd accept it?" tag={EFFECTIVE[effective.state]} axis={effective}>
          <OnlyFrom addresses={effective.onlyFrom} />
        </Axis>
        <Axis title="Does somebody own it?" tag={OWNER[owner.state]} axis={owner}>
          <Manager managedBy={owner.managedBy} />
        </Axis>
        <Axis title="Is it used?" tag={USE[use.state]} axis={use}>
          <LastLogin use={use} />
        </Axis>
      </div>
    </Section>
  );
}

type AxisProps = {
  title: string;
  tag: { tone: Tone; Icon: TablerIcon; word: string };
  axis: { reasons: readonly string[]; coverage: Coverage };
  children?: React.ReactNode;
};

function Axis({ title, tag: { tone, Icon, word }, axis, children }: AxisProps) {
  return (
    <div className={classes.axis}>
      <div className={classes.axisTitle}>
        <span>{title}</span>
        <Tag tone={tone} Icon={Icon}>
          {word}
        </Tag>
      </div>
      {axis.reasons.map((reason) => (
        <p key={reason} className={classes.reason}>
          <Untrusted text={reason} />
        </p>
      ))}
      {children}
      <CoverageLists coverage={axis.coverage} />
    </div>
  );
}

function OnlyFrom({ addresses }: { addresses: readonly string[] }) {
  if (addresses.length === 0) return null;
  return (
    <p className={classes.reason}>
      <IconMapPin size={14} className={classes.mark} aria-hidden /> bound to addresses:{" "}
      <Untrusted text={addresses.join(", ")} isMono />
    </p>
  );
}

/** When it was last used, to the second, and how long ago. Where it is used, the reason beside it says the rest. */
function LastLogin({ use: { state, at, from, count } }: { use: Use }) {
  if (at === null) return null;
  return (
    <p className={classes.reason}>
      <IconHistory size={14} className={classes.mark} aria-hidden /> last login <Exactly instant={at} />
      {state !== "used" && (
        <>
          {from !== null && (
            <>
              {" "}
              from <Untrusted text={from} isMono />
            </>
          )}
          , {formatCount(count, "login")} in the logs
        </>
      )}
    </p>
  );
}

/** The program that would undo a change in the line: as good a reason not to delete the line here as an owner is. */
function Manager({ managedBy }: { managedBy: ManagedBy | null }) {
  if (!managedBy) return null;
  const { by, evidence, isUndone, isCertain } = managedBy;
  return (
    <p className={classes.reason}>
      <IconRefreshAlert size={14} className={classes.mark} aria-hidden />{" "}
      {isCertain ? "written by" : "in a file whose header names"} {by}: {isUndone}{" "}
      <Untrusted text={evidence} isMono />
    </p>
  );
}

function CoverageLists({ coverage: { read, notRead } }: { coverage: Coverage }) {
  if (read.length + notRead.length === 0) return null;
  return (
    <ul className={classes.coverage}>
      {notRead.map((what) => (
        <li key={what} className={classes.notRead}>
          <IconEyeOff size={13} aria-hidden /> not read: <Untrusted text={what} />
        </li>
      ))}
      {read.map((what) => (
        <li key={what}>
          <IconCheck size={13} aria-hidden /> read: <Untrusted text={what} />
        </li>
      ))}
    </ul>
  );
}
