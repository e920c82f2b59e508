import {
  IconAlertHexagon,
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleDot,
  IconInfoCircle,
  type TablerIcon,
} from "@tabler/icons-react";
import type { BrokenRule, FindingBrief, Severity } from "#shared/model/finding.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import { describeBroken, formatSection } from "#shared/text/findings/profile-finding.ts";
import { Dim } from "./cells.tsx";
import { Line, Lines, Section } from "./drawer/drawer.tsx";
import { Tag, type Tone } from "./tag.tsx";
import { formatUntrusted, Untrusted } from "./text.tsx";

type TagContent = { tone: Tone; Icon: TablerIcon; word: string };

export const SEVERITIES: Record<Severity, TagContent> = {
  critical: { tone: "red", Icon: IconAlertOctagon, word: "Critical" },
  high: { tone: "orange", Icon: IconAlertHexagon, word: "High" },
  medium: { tone: "amber", Icon: IconAlertTriangle, word: "Medium" },
  low: { tone: "blue", Icon: IconCircleDot, word: "Low" },
  info: { tone: "gray", Icon: IconInfoCircle, word: "Info" },
};

const ORDER: readonly Severity[] = ["critical", "high", "medium", "low", "info"];

export function SeverityTag({ severity }: { severity: Severity }) {
  const { tone, Icon, word } = SEVERITIES[severity];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

/** How many findings a thing has, in the colour of the worst. */
export function FindingCount({ findings }: { findings: readonly FindingBrief[] }) {
  const worst = ORDER.find((severity) => findings.some((finding) => finding.severity === severity));
  if (!worst) return null;
  const { tone, Icon, word } = SEVERITIES[worst];
  return (
    <span title={findings.map(({ sentence }) => formatUntrusted(sentence)).join("\n")}>
      <Tag tone={tone} Icon={Icon}>
        {findings.length === 1 ? word : `${word} +${findings.length - 1}`}
      </Tag>
    </span>
  );
}

/** What is wrong with a thing, the worst first, as it comes; a sentence about several parts is shown once. */
export function FindingLines({ findings }: { findings: readonly FindingBrief[] }) {
  if (findings.length === 0) return null;
  return (
    <Section title="Findings" count={findings.length}>
      <Lines>
        {countAlike(findings).map(({ finding: { rule, severity, sentence }, count }) => (
          <Line
            key={`${rule} ${sentence}`}
            end={<SeverityTag severity={severity} />}
            below={<Untrusted text={sentence} />}
          >
            {formatRule(rule)} {count > 1 && <Dim>{count} times</Dim>}
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function countAlike(findings: readonly FindingBrief[]) {
  const groups = new Map<string, { finding: FindingBrief; count: number }>();
  for (const finding of findings) {
    const key = `${finding.rule} ${finding.sentence}`;
    const group = groups.get(key) ?? { finding, count: 0 };
    groups.set(key, { ...group, count: group.count + 1 });
  }
  return [...groups.values()];
}

/** The rules of a profile that a finding is about, each with its section; nothing where there are none. */
export function BrokenRules({ rules }: { rules: readonly BrokenRule[] }) {
  if (rules.length === 0) return null;
  return (
    <Section title="Broken rules" count={rules.length}>
      <Lines>
        {rules.map((broken) => (
          <Line
            key={`${broken.rule?.section} ${broken.code} ${broken.acceptedBy}`}
            below={<Dim>{formatSection(broken)}</Dim>}
          >
            {describeBroken(broken)}
          </Line>
        ))}
      </Lines>
    </Section>
  );
}
