import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import type { FindingBrief } from "#shared/model/finding.ts";
import { sayRule } from "#shared/text/rule.ts";
import { SeverityTag } from "./severity.tsx";
import { Untrusted } from "./text.tsx";

/** What is wrong with a thing, the worst first as it comes. */
export function FindingLines({ findings }: { findings: readonly FindingBrief[] }) {
  if (findings.length === 0) return null;
  return (
    <Section title="Findings" count={findings.length}>
      <Lines>
        {findings.map(({ rule, severity, sentence }) => (
          <Line
            key={`${rule} ${sentence}`}
            end={<SeverityTag severity={severity} />}
            below={<Untrusted text={sentence} />}
          >
            {sayRule(rule)}
          </Line>
        ))}
      </Lines>
    </Section>
  );
}
