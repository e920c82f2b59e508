import { Button } from "@mantine/core";
import { IconPencil, IconUserQuestion } from "@tabler/icons-react";
import { useState } from "react";
import type { UnassignedWorkloads } from "#shared/model/access/workload.ts";
import type { Keytab, ReadPrograms, SetuidProgram } from "#shared/model/hosts/host-programs.ts";
import { formatWorkload } from "#shared/text/access/account.ts";
import {
  formatSetuid,
  formatUidRange,
  formatUnassigned,
  formatWritable,
  KEYTABS_UNKNOWN,
  SETUID_MORE,
} from "#shared/text/hosts/programs.ts";
import { Dim } from "./cells.tsx";
import { Fact, Facts, Line, Lines, Section } from "./drawer/drawer.tsx";
import { Tag } from "./tag.tsx";
import { beginLarge, Untrusted } from "./text.tsx";
import { Exactly } from "./when.tsx";

/** What runs on a host, or may, and belongs to no account alone. */
export function Programs({ programs }: { programs: ReadPrograms }) {
  const { uidRange, setuidPrograms, isSetuidWhole, keytabs, unassigned, isByRoot, readAt } = programs;
  return (
    <>
      <UnassignedLines unassigned={unassigned} />
      <SetuidLines title="Setuid programs" programs={setuidPrograms} isWhole={isSetuidWhole} />
      <KeytabLines keytabs={keytabs} />
      <Section title="UIDs and programs">
        <Facts>
          <Fact name="UIDs">{formatUidRange(uidRange) ?? "the host does not say whose are which"}</Fact>
          <Fact name="Read">
            {isByRoot ? "by root, " : "without root, which sees less, "}
            <Exactly instant={readAt} />
          </Fact>
        </Facts>
      </Section>
    </>
  );
}

/** So many are shown at first. */
const FEW = 6;

/** `isWhole`: no other was missed. */
type SetuidLinesProps = { title: string; programs: readonly SetuidProgram[]; isWhole: boolean };

/** Programs that run as their owner or with their group: those that others may change come first. */
export function SetuidLines({ title, programs, isWhole }: SetuidLinesProps) {
  const [isUnfolded, setIsUnfolded] = useState(false);
  if (programs.length === 0 && isWhole) return null;
  const shown = isUnfolded ? programs : programs.slice(0, FEW);
  return (
    <Section title={title} count={programs.length}>
      <Lines>
        {shown.map((program) => (
          <Line key={program.path} below={<SetuidFacts program={program} />}>
            <Untrusted text={program.path} isMono limit={200} />
          </Line>
        ))}
      </Lines>
      {shown.length < programs.length && (
        <Button variant="subtle" size="compact-sm" mt={6} onClick={() => setIsUnfolded(true)}>
          Show {programs.length - shown.length} more
        </Button>
      )}
      {!isWhole && <Dim>{beginLarge(SETUID_MORE)}</Dim>}
    </Section>
  );
}

function SetuidFacts({ program }: { program: SetuidProgram }) {
  const writable = formatWritable(program);
  return (
    <>
      <Untrusted text={formatSetuid(program)} limit={160} />{" "}
      {writable !== null && (
        <Tag tone="red" Icon={IconPencil}>
          <Untrusted text={writable} limit={120} />
        </Tag>
      )}
    </>
  );
}

/** Whom the host is for Kerberos. */
export function KeytabLines({ keytabs }: { keytabs: readonly Keytab[] | null }) {
  if (keytabs?.length === 0) return null;
  return (
    <Section title="Kerberos keys">
      {keytabs === null ? (
        <Dim>{beginLarge(KEYTABS_UNKNOWN)}</Dim>
      ) : (
        <Lines>
          {keytabs.map(({ path, principals }) => (
            <Line
              key={path}
              below={
                <Untrusted
                  text={principals.length === 0 ? "no principal was read" : principals.join(", ")}
                  limit={400}
                />
              }
            >
              <Untrusted text={path} isMono />
            </Line>
          ))}
        </Lines>
      )}
    </Section>
  );
}

function UnassignedLines({ unassigned }: { unassigned: readonly UnassignedWorkloads[] }) {
  if (unassigned.length === 0) return null;
  return (
    <Section title="Runs as no account" count={unassigned.reduce((sum, { count }) => sum + count, 0)}>
      <Lines>
        {unassigned.map((one) => (
          <Line key={`${one.why} ${one.user}`} below={<UnassignedFacts unassigned={one} />}>
            <Tag tone={one.why === "dynamic" ? "gray" : "amber"} Icon={IconUserQuestion}>
              <Untrusted text={formatUnassigned(one)} limit={120} />
            </Tag>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function UnassignedFacts({ unassigned: { workloads, count } }: { unassigned: UnassignedWorkloads }) {
  const named = workloads.slice(0, FEW).map((one) => {
    const { what, why } = formatWorkload(one);
    return `${what} (${why})`;
  });
  const more = count - named.length;
  return <Untrusted text={`${named.join("; ")}${more > 0 ? `; and ${more} more` : ""}`} limit={600} />;
}
