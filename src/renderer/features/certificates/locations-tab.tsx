import { IconFile, IconPlugConnected } from "@tabler/icons-react";
import { useState } from "react";
import { Dim, Pair } from "#renderer/ui/cells.tsx";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { ServedLines } from "#renderer/ui/served-lines.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { CertificateDetail, CertificateLocation } from "#shared/model/certificates/certificate.ts";
import { describeEndpointFacts } from "#shared/text/hosts/endpoint.ts";
import { formatEndpoint, formatProtocol } from "#shared/text/hosts/target.ts";
import classes from "./endpoint-wire.module.css";
import { useEndpoint, useServed } from "./queries.ts";

/** Where it is served and stored: what breaks when it ends. */
export function LocationsTab({ certificate }: { certificate: CertificateDetail }) {
  return (
    <>
      <Places places={certificate.places} />
      <ServedMap certificate={certificate} />
    </>
  );
}

/** Where configurations of servers name this certificate, or endpoints serve it instead of what they name. */
function ServedMap({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useServed(sha256);
  if (error) return <ErrorState doing="show where it is served" error={error} />;
  return data ? <ServedLines title="Where it is served" {...data} from={sha256} /> : null;
}

/** Where a certificate is seen, and since when: what breaks when it ends. */
function Places({ places }: { places: readonly CertificateLocation[] }) {
  return (
    <Section title="Seen at" count={places.length}>
      <Lines>
        {places.map((place) => (
          <Line key={`${formatWhere(place)} ${place.position}`} below={<Since place={place} />}>
            <Pair>
              {place.kind === "endpoint" ? (
                <IconPlugConnected size={15} aria-label="endpoint" />
              ) : (
                <IconFile size={15} aria-label="file" />
              )}
              <Untrusted text={formatWhere(place)} />
            </Pair>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Since({ place }: { place: CertificateLocation }) {
  return (
    <>
      {formatPosition(place)}first seen <When instant={place.firstSeen} />, last seen{" "}
      <When instant={place.lastSeen} />
      {place.kind === "endpoint" && place.protocol !== "tls" && (
        <Dim>, by STARTTLS of {formatProtocol(place.protocol)}</Dim>
      )}
      {place.kind === "endpoint" && place.serverName && place.serverName !== place.host && (
        <Dim>
          , asked for <Untrusted text={place.serverName} />
        </Dim>
      )}
      {place.kind === "endpoint" && <EndpointWire place={place} />}
    </>
  );
}

function formatPosition({ kind, position }: CertificateLocation): string {
  if (position === 0) return "";
  return kind === "endpoint"
    ? `number ${position + 1} of its chain, `
    : `number ${position + 1} in the file, `;
}

type EndpointPlace = Extract<CertificateLocation, { kind: "endpoint" }>;

/** What an endpoint said beside its chain; asked for once it is opened. */
function EndpointWire({ place }: { place: EndpointPlace }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className={classes.wire} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>On the wire</summary>
      {isOpen && <WireFacts place={place} />}
    </details>
  );
}

function WireFacts({ place }: { place: EndpointPlace }) {
  const { data, error } = useEndpoint(place);
  if (error) return <ErrorState doing="show what the endpoint said" error={error} />;
  return (
    <Facts>
      {data &&
        describeEndpointFacts(data).map(({ name, lines }) => (
          <Fact key={name} name={name}>
            <ul className={classes.lines}>
              {lines.map((line, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: strangers may say the same line twice
                <li key={index}>
                  <Untrusted text={line} />
                </li>
              ))}
            </ul>
          </Fact>
        ))}
    </Facts>
  );
}

export const formatWhere = (place: CertificateLocation): string =>
  place.kind === "endpoint" ? formatEndpoint({ ...place, serverName: null }) : `${place.host} ${place.path}`;
