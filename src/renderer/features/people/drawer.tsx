import { Button } from "@mantine/core";
import { IconTrash, IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Drawer, Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { PersonRow } from "#shared/model/access/person.ts";
import { formatCount } from "#shared/text/count.ts";
import { useGrantsOf } from "./queries.ts";

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
          <Fact name="Source">
            <Untrusted text={person.source} />
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
      {keyCount === 0 && <p>This source has no key of theirs.</p>}
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
      {grantCount > 0 && (
        <RemoveTheirGrants people={[person]} buttonProps={{ variant: "default", size: "xs" }} />
      )}
    </Section>
  );
}

type Props = {
  people: readonly PersonRow[];
  buttonProps: { variant: "default" | "subtle"; size: "xs" | "compact-sm" };
};

/** Plans to remove every grant of the keys of these people. */
export function RemoveTheirGrants({ people, buttonProps }: Props) {
  const requestPlan = usePlanRequest();
  const findGrants = useGrantsOf();
  const [failure, setFailure] = useState<string | null>(null);
  const [isSearching, setIsSearching] = useState(false);
  const remove = async () => {
    setIsSearching(true);
    try {
      const grants = await findGrants(people);
      if (grants.length > 0) requestPlan({ kind: "remove-grants", grants });
      else setFailure("none of their keys is in a grant");
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setFailure(error.message);
    } finally {
      setIsSearching(false);
    }
  };
  return (
    <>
      <Button
        {...buttonProps}
        leftSection={<IconTrash size={15} />}
        loading={isSearching}
        onClick={() => void remove()}
      >
        Remove their grants
      </Button>
      <Dialog title="No plan" isOpen={failure !== null} onClose={() => setFailure(null)} width={460}>
        <p role="alert">
          <Untrusted text={failure ?? ""} limit={600} />
        </p>
      </Dialog>
    </>
  );
}

export const STANDING = {
  known: { tone: "green", Icon: IconUserCheck, word: "There" },
  gone: { tone: "red", Icon: IconUserOff, word: "Left" },
} as const;
