import { IconFile, IconPlugConnected } from "@tabler/icons-react";
import { useState } from "react";
import { LabelsLine } from "#renderer/api/labels-section.tsx";
import { ServedActions } from "#renderer/api/reload.tsx";
import { Dim, Inline } from "#renderer/ui/cells.tsx";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { HostName } from "#renderer/ui/host-name.tsx";
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
      <Locations locations={certificate.locations} />
      <ServedMap certificate={certificate} />
    </>
  );
}

/** Where configurations of servers name this certificate, or endpoints serve it instead of what they name. */
function ServedMap({ certificate: { sha256 } }: { certificate: CertificateDetail }) {
  const { data, error } = useServed(sha256);
  if (error) return <ErrorState doing="show where it is served" error={error} />;
  return data ? (
    <ServedLines
      title="Where it is served"
      {...data}
      from={sha256}
      actions={<ServedActions rows={data.rows} />}
    />
  ) : null;
}

/** Where a certificate is seen, and since when: what breaks when it ends. */
function Locations({ locations }: { locations: readonly CertificateLocation[] }) {
  return (
    <Section title="Seen at" count={locations.length}>
      <Lines>
        {locations.map((location) => (
          <Line key={`${formatWhere(location)} ${location.position}`} below={<Since location={location} />}>
            <Inline>
              {location.kind === "endpoint" ? (
                <IconPlugConnected size={15} aria-label="endpoint" />
              ) : (
                <IconFile size={15} aria-label="file" />
              )}
              <span>
                <HostName host={location.host} text={formatWhere(location)} />
              </span>
            </Inline>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Since({ location }: { location: CertificateLocation }) {
  return (
    <>
      {formatPosition(location)}first seen <When instant={location.firstSeen} />, last seen{" "}
      <When instant={location.lastSeen} />
      {location.kind === "endpoint" && location.protocol !== "tls" && (
        <Dim>, by STARTTLS of {formatProtocol(location.protocol)}</Dim>
      )}
      {location.kind === "endpoint" && location.serverName && location.serverName !== location.host && (
        <Dim>
          , asked for <Untrusted text={location.serverName} />
        </Dim>
      )}
      {location.kind === "endpoint" && <EndpointWire location={location} />}
    </>
  );
}

function formatPosition({ kind, position }: CertificateLocation): string {
  if (position === 0) return "";
  return kind === "endpoint"
    ? `number ${position + 1} of its chain, `
    : `number ${position + 1} in the file, `;
}

type EndpointLocation = Extract<CertificateLocation, { kind: "endpoint" }>;

/** What an endpoint sent beside its chain; read once it is opened. */
function EndpointWire({ location }: { location: EndpointLocation }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details className={classes.wire} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>On the wire</summary>
      {isOpen && <WireFacts location={location} />}
    </details>
  );
}

function WireFacts({ location }: { location: EndpointLocation }) {
  const { host, port, serverName, protocol } = location;
  const { data, error } = useEndpoint(location);
  if (error) return <ErrorState doing="show what the endpoint sent" error={error} />;
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
      <Fact name="Labels">
        <LabelsLine thing={{ kind: "endpoint", host, port, serverName, protocol }} />
      </Fact>
    </Facts>
  );
}

export const formatWhere = (location: CertificateLocation): string =>
  location.kind === "endpoint"
    ? formatEndpoint({ ...location, serverName: null })
    : `${location.host} ${location.path}`;
