import { IconCircleCheck, IconCircleX, IconGhost, IconHelpCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { formatNumber } from "#shared/text/count.ts";
import classes from "./overview.module.css";
import { Shares } from "./shares.tsx";

export function AccessPanel({ grants }: { grants: Overview["grants"] }) {
  const { total, yes, no, unknown } = grants;
  const all = (
    <TextLink>
      <Link to="/access">{formatNumber(total)} in all</Link>
    </TextLink>
  );
  return (
    <Panel title="Who can log in" action={all}>
      {total === 0 ? (
        <p className={classes.none}>No grant was read yet: scan a host over SSH to see who can log in</p>
      ) : (
        <>
          <Shares
            shares={[
              {
                word: "let in now",
                count: yes,
                tone: "green",
                Icon: IconCircleCheck,
                renderLink: (look) => <Link to="/access" search={{ effective: "yes" }} {...look} />,
              },
              {
                word: "unknown: not all was read",
                count: unknown,
                tone: "amber",
                Icon: IconHelpCircle,
                renderLink: (look) => <Link to="/access" search={{ effective: "unknown" }} {...look} />,
              },
              {
                word: "without effect",
                count: no,
                tone: "gray",
                Icon: IconCircleX,
                renderLink: (look) => <Link to="/access" search={{ effective: "no" }} {...look} />,
              },
            ]}
          />
          <Orphans grants={grants} />
        </>
      )}
    </Panel>
  );
}

/** What nobody owns or uses, and of which keys nobody is known to have the private half: two lists, and not one. */
function Orphans({ grants: { orphaned, orphanUnknown, unmatched } }: { grants: Overview["grants"] }) {
  return (
    <p className={classes.below}>
      <IconGhost size={14} className={classes.mark} aria-hidden />{" "}
      <TextLink>
        <Link to="/access" search={{ orphaned: true }}>
          {formatNumber(orphaned)} orphaned
        </Link>
      </TextLink>
      {orphanUnknown > 0 && `, ${formatNumber(orphanUnknown)} perhaps: not every host was read completely`},{" "}
      <TextLink>
        <Link to="/access" search={{ unmatched: true }}>
          {formatNumber(unmatched)} without a known private half
        </Link>
      </TextLink>
    </p>
  );
}
