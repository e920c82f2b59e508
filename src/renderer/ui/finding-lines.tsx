import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import type { FindingBrief } from "#shared/model/finding.ts";
import { formatRule } from "#shared/text/rule.ts";
import { Dim } from "./cells.tsx";
import { SeverityTag } from "./severity.tsx";
import { Untrusted } from "./text.tsx";

/** What is wrong with a thing, the worst first as it comes; what is said of several parts of it is said once. */
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
