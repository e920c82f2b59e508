import { Button } from "@mantine/core";
import {
  IconCircleCheck,
  IconCircleX,
  IconGhost,
  IconHelpCircle,
  IconProgressAlert,
  IconRadar2,
  type TablerIcon,
} from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { useScanRequest } from "#renderer/api/scan-button.tsx";
import { Panel } from "#renderer/ui/panel.tsx";
import { type Tone, toneClass } from "#renderer/ui/tag.tsx";
import { TextLink } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Figures } from "#shared/contract/today.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { writeTarget } from "#shared/text/hosts/target.ts";
import classes from "./today.module.css";

export function AccessPanel({ grants }: { grants: Figures["grants"] }) {
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
                word: "can log in",
                count: yes,
                tone: "green",
                Icon: IconCircleCheck,
                renderLink: (props) => <Link to="/access" search={{ effective: "yes" }} {...props} />,
              },
              {
                word: "unknown",
                count: unknown,
                tone: "amber",
                Icon: IconHelpCircle,
                renderLink: (props) => <Link to="/access" search={{ effective: "unknown" }} {...props} />,
              },
              {
                word: "cannot log in",
                count: no,
                tone: "gray",
                Icon: IconCircleX,
                renderLink: (props) => <Link to="/access" search={{ effective: "no" }} {...props} />,
              },
            ]}
          />
          <Orphans grants={grants} />
        </>
      )}
    </Panel>
  );
}

/** Orphans, and grants with a key of which no private key is known: two lists, not one. */
function Orphans({ grants: { orphaned, orphanUnknown, privateKeyNotFound } }: { grants: Figures["grants"] }) {
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
        <Link to="/access" search={{ privateKeyNotFound: true }}>
          {formatNumber(privateKeyNotFound)} whose private key was not found
        </Link>
      </TextLink>
    </p>
  );
}

/** How much of what was scanned could be read: all other numbers on this page depend on it. */
export function CoveragePanel({ figures: { hosts, endpoints, lastScan } }: { figures: Figures }) {
  const last = lastScan && (
    <TextLink>
      <Link to="/scans" search={{ open: lastScan.id }}>
        last scan <When instant={lastScan.finishedAt ?? lastScan.startedAt} />
      </Link>
    </TextLink>
  );
  return (
    <Panel title="What was read" action={last}>
      {hosts.total > 0 && (
        <Shares
          shares={[
            {
              word: "hosts read",
              count: hosts.read,
              tone: "green",
              Icon: IconCircleCheck,
              renderLink: (props) => <Link to="/hosts" search={{ state: "ok" }} {...props} />,
            },
            {
              word: "in part",
              count: hosts.partial,
              tone: "amber",
              Icon: IconProgressAlert,
              renderLink: (props) => <Link to="/hosts" search={{ state: "partial" }} {...props} />,
            },
            {
              word: "failed",
              count: hosts.failed,
              tone: "red",
              Icon: IconCircleX,
              renderLink: (props) => <Link to="/hosts" search={{ state: "failed" }} {...props} />,
            },
          ]}
        />
      )}
      {endpoints.total > 0 && (
        <p className={classes.endpoints}>
          {formatCount(endpoints.total, "endpoint")}: {formatNumber(endpoints.presented)} showed a
          certificate, {formatNumber(endpoints.failed)} did not
        </p>
      )}
      <p className={classes.below}>
        <TextLink>
          <Link to="/changes" search={{ days: 7 }}>
            What changed in 7 days
          </Link>
        </TextLink>
      </p>
      <Unscanned scan={lastScan} />
    </Panel>
  );
}

/** What of this user's own ssh_config no scan was asked for yet: none of the numbers above has it. Read anew with each scan. */
function Unscanned({ scan }: { scan: Figures["lastScan"] }) {
  const { targets } = useApi();
  const { data } = useQuery({
    queryKey: ["unscanned", scan?.id ?? null, scan?.state ?? null],
    queryFn: () => targets.unscanned.call(),
    placeholderData: keepPreviousData,
  });
  const requestScan = useScanRequest();
  if (!data || data.total === 0) return null;
  const { total, first } = data;
  return (
    <p className={classes.unscanned}>
      {formatCount(total, "host of ~/.ssh/config has", "hosts of ~/.ssh/config have")} not been scanned
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<IconRadar2 size={15} />}
        onClick={() => requestScan(first.map(writeTarget).join("\n"))}
      >
        {total > first.length ? `Scan the first ${first.length}` : total === 1 ? "Scan it" : "Scan them"}
      </Button>
    </p>
  );
}

type Share = {
  word: string;
  count: number;
  tone: Tone;
  Icon: TablerIcon;
  renderLink: (props: { className: string | undefined; children: ReactNode }) => ReactNode;
};

/** Parts of a total: a bar for the eye, and the same in words, each with a link to its list. */
function Shares({ shares }: { shares: readonly Share[] }) {
  const total = Math.max(
    shares.reduce((sum, { count }) => sum + count, 0),
    1,
  );
  const shown = shares.filter(({ count }) => count > 0);
  return (
    <>
      <div className={classes.shareBar} aria-hidden>
        {shown.map(({ word, count, tone }) => (
          <span
            key={word}
            className={`${classes.share} ${toneClass(tone)}`}
            style={{ width: `${(100 * count) / total}%` }}
          />
        ))}
      </div>
      <ul className={classes.legend}>
        {shares.map(({ word, count, tone, Icon, renderLink }) => (
          <li key={word}>
            {renderLink({
              className: classes.legendItem,
              children: (
                <>
                  <Icon size={15} className={`${classes.legendIcon} ${toneClass(tone)}`} aria-hidden />
                  <strong>{formatNumber(count)}</strong> {word}
                </>
              ),
            })}
          </li>
        ))}
      </ul>
    </>
  );
}
