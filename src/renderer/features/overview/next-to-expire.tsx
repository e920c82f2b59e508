import { Link } from "@tanstack/react-router";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { ExpiryTag } from "#renderer/ui/when.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import type { CertificateRow } from "#shared/model/certificate.ts";
import { formatPlace } from "#shared/text/target.ts";
import classes from "./overview.module.css";

const SHOWN = 6;

export function NextToExpire({ certificates }: { certificates: Overview["nextToExpire"] }) {
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
                    {<Untrusted text={formatPlaces(certificate)} limit={80} isCut />}
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

function formatPlaces({ places: [first], placeCount }: CertificateRow): string {
  if (!first) return "";
  const place = first.kind === "endpoint" ? formatPlace(first) : `${first.host} ${first.path}`;
  return placeCount > 1 ? `${place} +${placeCount - 1}` : place;
}
