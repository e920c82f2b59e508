import { IconShieldCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { SEVERITIES } from "#renderer/ui/severity.tsx";
import { toneClass } from "#renderer/ui/tag.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { RuleId } from "#shared/model/finding.ts";
import { formatNumber } from "#shared/text/count.ts";
import { formatRule } from "#shared/text/rule.ts";
import classes from "./overview.module.css";

/** A card for each rule that fails; each leads to the list of what fails it. */
export function IssueCards({ findings }: { findings: Overview["findings"] }) {
  if (findings.length === 0)
    return (
      <section className={classes.clear} aria-label="What needs attention">
        <IconShieldCheck size={20} aria-hidden />
        <span>
          <strong>All clear.</strong> {RuleId.options.length} rules ran over everything that was read; none
          fails.
        </span>
      </section>
    );
  return (
    <section aria-label="What needs attention">
      <ul className={classes.cards}>
        {mergeByRule(findings).map(({ rule, severity, count }) => {
          const { tone, Icon, word } = SEVERITIES[severity];
          return (
            <li key={rule}>
              <Link to="/findings" search={{ rule }} className={`${classes.card} ${toneClass(tone)}`}>
                <span className={classes.cardTop}>
                  <span className={classes.cardCount}>{formatNumber(count)}</span>
                  <span className={classes.cardSeverity}>
                    <Icon size={14} aria-hidden /> {word}
                  </span>
                </span>
                <span className={classes.cardTitle}>{formatRule(rule)}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A rule may fail with several severities; its card bears the worst, which comes first. */
function mergeByRule(findings: Overview["findings"]): Overview["findings"] {
  const byRule = new Map<RuleId, Overview["findings"][number]>();
  for (const finding of findings) {
    const before = byRule.get(finding.rule);
    byRule.set(finding.rule, before ? { ...before, count: before.count + finding.count } : finding);
  }
  return [...byRule.values()];
}
