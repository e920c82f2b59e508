import { IconFile, IconPlugConnected } from "@tabler/icons-react";
import { Dim, Pair } from "#renderer/ui/cells.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { Place } from "#shared/model/certificate.ts";
import { sayProtocol } from "#shared/text/protocol.ts";
import { sayWhere } from "./columns.tsx";
import { EndpointWire } from "./endpoint-wire.tsx";

/** Where a certificate is seen, and since when: what breaks when it ends. */
export function Places({ places }: { places: readonly Place[] }) {
  return (
    <Section title="Seen at" count={places.length}>
      <Lines>
        {places.map((place) => (
          <Line key={`${sayWhere(place)} ${place.position}`} below={<Since place={place} />}>
            <Pair>
              {place.kind === "endpoint" ? (
                <IconPlugConnected size={15} aria-label="endpoint" />
              ) : (
                <IconFile size={15} aria-label="file" />
              )}
              <Untrusted text={sayWhere(place)} />
            </Pair>
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Since({ place }: { place: Place }) {
  return (
    <>
      {sayPosition(place)}first seen <When instant={place.firstSeen} />, last seen{" "}
      <When instant={place.lastSeen} />
      {place.kind === "endpoint" && place.protocol !== "tls" && (
        <Dim>, by STARTTLS of {sayProtocol(place.protocol)}</Dim>
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

function sayPosition({ kind, position }: Place): string {
  if (position === 0) return "";
  return kind === "endpoint"
    ? `number ${position + 1} of its chain, `
    : `number ${position + 1} in the file, `;
}
