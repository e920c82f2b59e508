import { Button } from "@mantine/core";
import { IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { OwnAccountsSection, OwnedSection } from "#renderer/api/belongings.tsx";
import { OffboardButton } from "#renderer/api/offboard.tsx";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { ErrorState } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { PersonDetail, PersonRow } from "#shared/model/access/person.ts";
import { namePerson } from "#shared/text/access/graph.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./people.module.css";
import { usePerson, usePersonDecisions } from "./queries.ts";

export function PersonDrawer({ id, onClose }: { id: number; onClose: () => void }) {
  const { data: person, error } = usePerson(id);
  return (
    <Drawer
      label="person"
      title={person ? <Untrusted text={person.name} /> : "Person"}
      subtitle={person && <StandingTag standing={person.standing} />}
      onClose={onClose}
    >
      {error && <ErrorState doing="show this person" error={error} />}
      {person && <Details person={person} />}
    </Drawer>
  );
}

export function StandingTag({ standing }: { standing: PersonRow["standing"] }) {
  const { tone, Icon, word } = STANDING[standing];
  return (
    <Tag tone={tone} Icon={Icon}>
      {word}
    </Tag>
  );
}

function Details({ person }: { person: PersonDetail }) {
  return (
    <>
      <div className={classes.personActions}>
        <OffboardButton ids={[person.id]} buttonProps={{ variant: "default", size: "xs" }} />
      </div>
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
          <Fact name="Read">
            <Exactly instant={person.readAt} />
          </Fact>
        </Facts>
      </Section>
      <Keys person={person} />
      <OwnedSection person={person} />
      <OwnAccountsSection accounts={person.ownAccounts} />
      <Entries person={person} />
      <Alike person={person} />
    </>
  );
}

function Keys({ person }: { person: PersonDetail }) {
  const { id, name, fingerprints, keyCount, grantCount } = person;
  const more = keyCount - fingerprints.length;
  return (
    <Section title="Keys" count={keyCount}>
      {keyCount === 0 && <p>No source has a key of theirs.</p>}
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
            <Link to="/graph" search={{ start: `person:${namePerson({ name, number: id })}` }}>
              Everything they can reach: directly, by sudo and by other accounts
            </Link>
          </TextLink>
        </p>
      )}
    </Section>
  );
}

/** One line for each entry of a source that is this person; each can be split off, and that be withdrawn. */
function Entries({ person: { entries } }: { person: PersonDetail }) {
  const { split, regroup } = usePersonDecisions();
  const error = split.error ?? regroup.error;
  const isPending = split.isPending || regroup.isPending;
  return (
    <Section title="Entries of people sources" count={entries.length}>
      <Refused error={error} />
      <Lines>
        {entries.map(({ id, source, name, email, logins, keyCount, isSplit, isJoined }) => (
          <Line
            key={id}
            below={
              <Untrusted
                text={[
                  ...logins.filter((login) => login !== email?.toLowerCase()),
                  email,
                  formatCount(keyCount, "key"),
                ]
                  .filter(Boolean)
                  .join(", ")}
              />
            }
            end={
              isSplit || isJoined ? (
                <SmallButton isPending={isPending} onClick={() => regroup.mutate({ id })}>
                  {isSplit ? "Undo the split" : "Undo the join"}
                </SmallButton>
              ) : (
                entries.length > 1 && (
                  <SmallButton isPending={isPending} onClick={() => split.mutate({ id })}>
                    Somebody else
                  </SmallButton>
                )
              )
            }
          >
            <Untrusted text={`${name} in ${source}`} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

/** Others who are listed with the same key: only a person knows whether they are one. */
function Alike({ person: { id, alike } }: { person: PersonDetail }) {
  const { join } = usePersonDecisions();
  if (alike.length === 0) return null;
  return (
    <Section title="Listed with the same key" count={alike.length}>
      <Refused error={join.error} />
      <Lines>
        {alike.map((other) => (
          <Line
            key={other.id}
            end={
              <SmallButton isPending={join.isPending} onClick={() => join.mutate({ ids: [id, other.id] })}>
                The same person
              </SmallButton>
            }
          >
            <Untrusted text={other.name} />
          </Line>
        ))}
      </Lines>
    </Section>
  );
}

function Refused({ error }: { error: Error | null }) {
  return (
    error && (
      <p role="alert" className={classes.refusal}>
        <Untrusted text={error.message} limit={600} />
      </p>
    )
  );
}

type SmallProps = { isPending: boolean; onClick: () => void; children: ReactNode };

const SmallButton = ({ isPending, onClick, children }: SmallProps) => (
  <Button variant="default" size="compact-xs" disabled={isPending} onClick={onClick}>
    {children}
  </Button>
);

export const STANDING = {
  known: { tone: "green", Icon: IconUserCheck, word: "There" },
  gone: { tone: "red", Icon: IconUserOff, word: "Left" },
} as const;
