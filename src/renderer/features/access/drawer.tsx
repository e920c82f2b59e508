import { Link } from "@tanstack/react-router";
import { Drawer, Fact, Facts, Line, Lines, Section, Verbatim } from "#renderer/ui/drawer/drawer.tsx";
import { FindingLines } from "#renderer/ui/finding-lines.tsx";
import { CopyMark, WholeFingerprint } from "#renderer/ui/fingerprint.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { EffectiveTag, OrphanTag } from "#renderer/ui/verdict.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { GrantDetail } from "#shared/model/grant.ts";
import { formatKey } from "#shared/text/key-size.ts";
import classes from "./access.module.css";
import { ApprovalSection, HistorySection } from "./approval-section.tsx";
import { GrantActions } from "./grant-actions.tsx";
import { useGrant } from "./queries.ts";
import { VerdictSections } from "./verdict-sections.tsx";

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
        <GrantActions grants={[grant]} look={{ variant: "default", size: "xs" }} />
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
      <ApprovalSection grant={grant} />
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
      <Fact name="Host">
        <TextLink>
          <Link to="/hosts" search={{ search: grant.host }}>
            <Untrusted text={grant.host} />
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
                <Untrusted text={`${account} on ${host}`} />
              </Link>
            </TextLink>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}
