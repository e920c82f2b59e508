import type { TablerIcon } from "@tabler/icons-react";
import { IconCheck, IconEyeOff, IconHistory, IconMapPin, IconRefreshAlert } from "@tabler/icons-react";
import { Section } from "#renderer/ui/drawer/drawer.tsx";
import type { Tone } from "#renderer/ui/tag.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { EFFECTIVE, OWNER, USE } from "#renderer/ui/verdict.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { ManagedBy } from "#shared/model/managed-by.ts";
import type { Coverage, Use, Verdict } from "#shared/model/verdict.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./access.module.css";

/** The verdict on its three axes: what it is, why, and what was and was not looked at. */
export function VerdictSections({ verdict: { effective, owner, use } }: { verdict: Verdict }) {
  return (
    <Section title="Verdict">
      <div className={classes.axes}>
        <Axis question="Would sshd let it in?" look={EFFECTIVE[effective.state]} axis={effective}>
          <OnlyFrom addresses={effective.onlyFrom} />
        </Axis>
        <Axis question="Does somebody own it?" look={OWNER[owner.state]} axis={owner}>
          <Manager managedBy={owner.managedBy} />
        </Axis>
        <Axis question="Is it used?" look={USE[use.state]} axis={use}>
          <LastLogin use={use} />
        </Axis>
      </div>
    </Section>
  );
}

type AxisProps = {
  question: string;
  look: { tone: Tone; Icon: TablerIcon; word: string };
  axis: { reasons: readonly string[]; coverage: Coverage };
  children?: React.ReactNode;
};

function Axis({ question, look: { tone, Icon, word }, axis, children }: AxisProps) {
  return (
    <div className={classes.axis}>
      <div className={classes.question}>
        <span>{question}</span>
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

/** When it was last used to the second, and how long ago that is; of a use the reason says the rest. */
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

/** Who would undo a change in the line: as good a reason not to delete it here as an owner is. */
function Manager({ managedBy }: { managedBy: ManagedBy | null }) {
  if (!managedBy) return null;
  const { by, evidence, isUndone, isCertain } = managedBy;
  return (
    <p className={classes.reason}>
      <IconRefreshAlert size={14} className={classes.mark} aria-hidden />{" "}
      {isCertain ? "written by" : "in a file that says it is written by"} {by}: {isUndone}{" "}
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
