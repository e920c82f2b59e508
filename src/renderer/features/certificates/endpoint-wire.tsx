import { useState } from "react";
import { Fact, Facts } from "#renderer/ui/drawer/drawer.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Place } from "#shared/model/certificate.ts";
import { sayEndpointFacts } from "#shared/text/endpoint-facts.ts";
import classes from "./endpoint-wire.module.css";
import { useEndpoint } from "./queries.ts";

type EndpointPlace = Extract<Place, { kind: "endpoint" }>;

/** What an endpoint said beside its chain; asked for once it is opened. */
export function EndpointWire({ place }: { place: EndpointPlace }) {
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
        sayEndpointFacts(data).map(({ name, lines }) => (
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
