import {
  IconArrowRight,
  IconCertificate,
  IconKey,
  IconListSearch,
  type TablerIcon,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Overview } from "#shared/contract/overview.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./first-run.module.css";

/** Three ways on from a first scan, each to a list. */
export function NextSteps({ overview: { certificates, grants, findings } }: { overview: Overview }) {
  const found = findings.reduce((sum, { count }) => sum + count, 0);
  return (
    <ul className={classes.next}>
      <NextStep
        Icon={IconListSearch}
        title={found > 0 ? `Look at ${formatCount(found, "finding")}` : "See which rules ran"}
        why="the most severe first, each with its remedy"
        renderLink={(look) => <Link to="/findings" {...look} />}
      />
      <NextStep
        Icon={IconCertificate}
        title="See what expires within 90 days"
        why={`among ${formatCount(certificates.total, "certificate")}, and where each is served`}
        renderLink={(look) => <Link to="/certificates" search={{ within: 90 }} {...look} />}
      />
      <NextStep
        Icon={IconKey}
        title="See who can log in"
        why={
          grants.total === 0
            ? "once a host was read over SSH"
            : `${formatCount(grants.total, "grant")}, each with its verdict`
        }
        renderLink={(look) => <Link to="/access" {...look} />}
      />
    </ul>
  );
}

type StepProps = {
  Icon: TablerIcon;
  title: string;
  why: string;
  renderLink: (look: { className: string | undefined; children: ReactNode }) => ReactNode;
};

function NextStep({ Icon, title, why, renderLink }: StepProps) {
  return (
    <li>
      {renderLink({
        className: classes.nextStep,
        children: (
          <>
            <Icon size={20} stroke={1.6} aria-hidden />
            <span className={classes.nextWords}>
              <strong>{title}</strong>
              <span className={classes.nextWhy}>{why}</span>
            </span>
            <IconArrowRight size={16} aria-hidden />
          </>
        ),
      })}
    </li>
  );
}
