import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import type { Figures } from "#shared/contract/today.ts";
import type { CertificateRow } from "#shared/model/certificates/certificate.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatHostAddress } from "#shared/text/hosts/target.ts";
import classes from "./today.module.css";

const DAY = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
const DAYS_A_WEEK = 7;
const HEIGHT = 96;

/** How many certificates expire in each of the next twelve weeks. A bar leads to those that expire by then. */
export function ExpiryStrip({ figures: { expiryByWeek, certificates } }: { figures: Figures }) {
  const most = Math.max(...expiryByWeek.map(({ count }) => count), 1);
  return (
    <Panel title="Expiry, next twelve weeks" action={<Totals certificates={certificates} />}>
      <ol className={classes.strip}>
        {expiryByWeek.map(({ from, count }, week) => (
          <li key={from} className={classes.week}>
            <Link
              to="/certificates"
              search={{ within: (week + 1) * DAYS_A_WEEK }}
              className={classes.weekLink}
              aria-label={`Week from ${DAY.format(new Date(from))}: ${formatCount(count, "certificate")}`}
            >
              <span className={classes.weekCount}>{count > 0 ? formatNumber(count) : ""}</span>
              <span
                className={week < 4 ? `${classes.weekBar} ${classes.soon}` : classes.weekBar}
                style={{ height: count === 0 ? 2 : Math.max((count / most) * HEIGHT, 6) }}
              />
            </Link>
            <span className={classes.weekName}>{DAY.format(new Date(from))}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Totals({
  certificates: { total, expired, within30Days },
}: {
  certificates: Figures["certificates"];
}) {
  return (
    <TextLink>
      <Link to="/certificates" search={{ within: 0 }}>
        {formatNumber(expired)} expired
      </Link>
      {", "}
      <Link to="/certificates" search={{ within: 30 }}>
        {formatNumber(within30Days)} within 30 days
      </Link>
      {", "}
      <Link to="/certificates">{formatNumber(total)} in all</Link>
    </TextLink>
  );
}

const SHOWN = 6;

export function NextToExpire({ certificates }: { certificates: Figures["nextToExpire"] }) {
  const all = (
    <TextLink>
      <Link to="/certificates">All certificates</Link>
    </TextLink>
  );
  return (
    <Panel title="Next to expire" action={all}>
      {certificates.length === 0 ? (
        <p className={classes.none}>No certificate was seen yet</p>
      ) : (
        <ul className={classes.list}>
          {certificates.slice(0, SHOWN).map((certificate) => (
            <li key={certificate.sha256}>
              <Link to="/certificates" search={{ open: certificate.sha256 }} className={classes.item}>
                <span className={classes.itemMain}>
                  <Untrusted text={certificate.commonName ?? certificate.subject} limit={80} isCut />
                  <span className={classes.itemMore}>
                    {<Untrusted text={formatLocations(certificate)} limit={80} isCut />}
                  </span>
                </span>
                <ExpiryTag notAfter={certificate.notAfter} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function formatLocations({ locations: [first], locationCount }: CertificateRow): string {
  if (!first) return "";
  const location = first.kind === "endpoint" ? formatHostAddress(first) : `${first.host} ${first.path}`;
  return locationCount > 1 ? `${location} +${locationCount - 1}` : location;
}
