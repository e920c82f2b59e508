import { Dim } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import type { BrokenRule } from "#shared/model/finding.ts";
import { describeBroken, formatSection } from "#shared/text/profile-finding.ts";

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
