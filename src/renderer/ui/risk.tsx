import type { RootStanding } from "#shared/model/access/account.ts";
import {
  type AccountRisk,
  RISK_FACTORS,
  type RiskFactor,
  type RiskReasons,
  weightOf,
} from "#shared/model/access/risk.ts";
import {
  describePrivilege,
  FACTOR_MEANINGS,
  formatFactor,
  formatRisk,
  formatRiskReason,
} from "#shared/text/access/risk.ts";
import { Section } from "./drawer/drawer.tsx";
import classes from "./risk.module.css";
import { beginLarge } from "./text.tsx";

const BARS = [1, 2, 3];

/** The four factors by their first letters, each with up to three bars: filled as far as it is known, framed as far as it may be. */
export function RiskMarks({ risk }: { risk: AccountRisk }) {
  return (
    <span className={classes.marks} role="img" aria-label={formatRisk(risk)} title={formatRisk(risk)}>
      {RISK_FACTORS.map((name) => (
        <span key={name} className={classes.mark}>
          {name.slice(0, 1).toUpperCase()}
          <Bars factor={risk[name]} />
        </span>
      ))}
    </span>
  );
}

function Bars({ factor: { level, atMost } }: { factor: RiskFactor }) {
  const [known, most] = [weightOf(level) - 1, weightOf(atMost) - 1];
  return (
    <span className={classes.bars} aria-hidden>
      {BARS.map((bar) => (
        <span
          key={bar}
          className={bar <= known ? classes.known : bar <= most ? classes.perhaps : classes.none}
        />
      ))}
    </span>
  );
}

type Props = { account: { root: RootStanding; risk: AccountRisk; riskReasons: RiskReasons } };

/** What makes an account dangerous: each factor, how high it is, and what it is made of. */
export function RiskSection({ account: { root, risk, riskReasons } }: Props) {
  return (
    <Section title="Risk">
      <dl className={classes.factors}>
        {RISK_FACTORS.map((name) => {
          const reasons =
            name === "privilege" ? [describePrivilege(root)] : riskReasons[name].map(formatRiskReason);
          return (
            <div key={name}>
              <dt title={FACTOR_MEANINGS[name]}>
                {beginLarge(name)} <Bars factor={risk[name]} />
                <span className={classes.level}>{formatFactor(risk[name])}</span>
              </dt>
              <dd>
                <span className={classes.meaning}>{beginLarge(FACTOR_MEANINGS[name])}.</span>
                {reasons.length === 0 ? (
                  <p>Nothing that was read raises it.</p>
                ) : (
                  <ul>
                    {reasons.map((reason) => (
                      <li key={reason}>{beginLarge(reason)}</li>
                    ))}
                  </ul>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </Section>
  );
}
