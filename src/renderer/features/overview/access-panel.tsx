import { IconCircleCheck, IconCircleX, IconHelpCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { sayNumber } from "#shared/text/count.ts";
import classes from "./overview.module.css";
import { Shares } from "./shares.tsx";

export function AccessPanel({ grants: { total, yes, no, unknown } }: { grants: Overview["grants"] }) {
  const all = (
    <TextLink>
      <Link to="/access">{sayNumber(total)} in all</Link>
    </TextLink>
  );
  return (
    <Panel title="Who can log in" action={all}>
      {total === 0 ? (
        <p className={classes.none}>No grant was read yet: scan a host over SSH to see who can log in</p>
      ) : (
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
      )}
    </Panel>
  );
}
