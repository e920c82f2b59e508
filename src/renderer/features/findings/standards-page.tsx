import { IconCircleCheck, IconEyeOff, IconHelpCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { SEVERITIES } from "#renderer/ui/severity.tsx";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink } from "#renderer/ui/text.tsx";
import { Lens, type LensItemReport } from "#shared/model/lens.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatRule } from "#shared/text/findings/finding.ts";
import {
  countBySeverity,
  describeItem,
  formatFound,
  formatItem,
  formatLens,
  formatRuleGaps,
  isClear,
} from "#shared/text/findings/lens.ts";
import { formatCoverage } from "#shared/text/today.ts";
import { standardsRoute, useCoverage, useLens } from "./queries.ts";
import classes from "./standards.module.css";

/** Short enough for a window of a phone. */
const SHORT_NAMES: Record<Lens, string> = {
  "owasp-nhi": "OWASP NHI Top 10",
  "nist-ir-7966": "NIST IR 7966",
};

const LENSES = Lens.options.map((value) => ({ value, label: SHORT_NAMES[value] }));

const USUAL: Lens = "owasp-nhi";

/** All findings through a standard: what each item of it demands, what is found, and what no scan can see. */
export function StandardsPage() {
  const { lens } = standardsRoute.useSearch();
  const navigate = standardsRoute.useNavigate();
  const { data, error, refetch } = useLens(lens ?? USUAL);
  const read = useCoverage();
  if (error) return <ErrorState doing="show the standard" error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  const covered = data.items.filter(({ rules }) => rules.length > 0).length;
  return (
    <div className={classes.page}>
      <div className={classes.toolbar}>
        <Facet
          title="Standard"
          usual={SHORT_NAMES[USUAL]}
          value={lens}
          options={LENSES}
          onChange={(chosen) => void navigate({ to: ".", search: { lens: chosen }, replace: true })}
        />
        <span className={classes.coverage}>
          {read?.isEmpty && "Nothing was scanned yet."}
          {read && !read.isEmpty && `Read: ${formatCoverage(read.coverage, read.maxAgeDays)}.`}
        </span>
      </div>
      <ol className={classes.items} aria-label={formatLens(data.lens)}>
        {data.items.map((report) => (
          <Item key={report.item} report={report} />
        ))}
      </ol>
      <p className={classes.dim}>
        {covered} of {data.items.length} items have rules. {formatCount(data.otherRules.length, "rule")} are
        not of this standard: {data.otherRules.map(formatRule).join(", ")}.
      </p>
    </div>
  );
}

function Item({ report }: { report: LensItemReport }) {
  const { item, rules } = report;
  const { demand, unseen } = describeItem(item);
  return (
    <li className={classes.item}>
      <div>
        <h2 className={classes.title}>{formatItem(item)}</h2>
        <p>{demand}</p>
        <p className={classes.dim}>
          <IconEyeOff size={14} className={classes.mark} aria-hidden /> Not seen from here: {unseen}
        </p>
      </div>
      <div>
        <Found report={report} />
        {rules.length > 0 && (
          <ul className={classes.rules} aria-label={`Rules of ${formatItem(item)}`}>
            {rules.map(({ rule }) => (
              <li key={rule}>
                <Rule rule={rule} report={report} />
              </li>
            ))}
          </ul>
        )}
        {formatRuleGaps(report, formatRule).map((line) => (
          <p key={line} className={classes.dim}>
            May find more: {line}
          </p>
        ))}
      </div>
    </li>
  );
}

/** How many of each severity, each with its list. */
function Found({ report }: { report: LensItemReport }) {
  const { item } = report;
  const counts = countBySeverity(report);
  if (counts.length === 0) {
    const isNone = isClear(report);
    return (
      <Tag tone={isNone ? "green" : "gray"} Icon={isNone ? IconCircleCheck : IconHelpCircle}>
        {capitalize(formatFound(report))}
      </Tag>
    );
  }
  return (
    <div className={classes.found}>
      {counts.map(([severity, count]) => (
        <Link key={severity} to="/findings" search={{ item, severity }} className={classes.count}>
          <Tag tone={SEVERITIES[severity].tone} Icon={SEVERITIES[severity].Icon}>
            {formatNumber(count)} {SEVERITIES[severity].word}
          </Tag>
        </Link>
      ))}
    </div>
  );
}

function Rule({ rule, report }: { rule: LensItemReport["rules"][number]["rule"]; report: LensItemReport }) {
  const count = report.found.reduce((sum, one) => (one.rule === rule ? sum + one.count : sum), 0);
  if (count === 0) return formatRule(rule);
  return (
    <TextLink>
      <Link to="/findings" search={{ rule }}>
        {formatRule(rule)} ({formatNumber(count)})
      </Link>
    </TextLink>
  );
}

const capitalize = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
