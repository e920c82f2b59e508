import { Link } from "@tanstack/react-router";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { PersonRow } from "#shared/model/person.ts";
import { formatCount } from "#shared/text/count.ts";
import { STANDING } from "./columns.tsx";
import { RemoveTheirGrants } from "./remove-grants.tsx";

export function PersonDrawer({ person, onClose }: { person: PersonRow; onClose: () => void }) {
  const { tone, Icon, word } = STANDING[person.standing];
  return (
    <Drawer
      label="person"
      title={<Untrusted text={person.name} />}
      subtitle={
        <Tag tone={tone} Icon={Icon}>
          {word}
        </Tag>
      }
      onClose={onClose}
    >
      <Section title="Person">
        <Facts>
          <Fact name="Standing">
            <Untrusted text={person.why} />
          </Fact>
          <Fact name="Logins">
            <Untrusted text={person.logins.join(" ") || "none"} />
          </Fact>
          <Fact name="Address">
            <Untrusted text={person.email ?? "none"} />
          </Fact>
          <Fact name="Roster">
            <Untrusted text={person.roster} />
          </Fact>
          <Fact name="Read">
            <Exactly instant={person.readAt} />
          </Fact>
        </Facts>
      </Section>
      <Keys person={person} />
    </Drawer>
  );
}

function Keys({ person }: { person: PersonRow }) {
  const { name, fingerprints, keyCount, grantCount } = person;
  const more = keyCount - fingerprints.length;
  return (
    <Section title="Keys" count={keyCount}>
      {keyCount === 0 && <p>This roster has no key of theirs.</p>}
      {keyCount > 0 && <p>They are in {formatCount(grantCount, "grant")} now.</p>}
      <Lines>
        {fingerprints.map((fingerprint) => (
          <Line
            key={fingerprint}
            end={
              <TextLink>
                <Link to="/access" search={{ fingerprint }}>
                  What it opens
                </Link>
              </TextLink>
            }
          >
            <Fingerprint value={fingerprint} />
          </Line>
        ))}
      </Lines>
      {more > 0 && <p>and {formatCount(more, "more key")}</p>}
      {keyCount > 0 && (
        <p>
          <TextLink>
            <Link to="/graph" search={{ person: name }}>
              Every step by these keys
            </Link>
          </TextLink>
        </p>
      )}
      {grantCount > 0 && <RemoveTheirGrants people={[person]} look={{ variant: "default", size: "xs" }} />}
    </Section>
  );
}
