import { Autocomplete, Button, Stack, TextInput } from "@mantine/core";
import { IconTransfer, IconUserOff } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { formatUntrusted, TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import type { PersonDetail } from "#shared/model/access/person.ts";
import { addDays } from "#shared/model/instant.ts";
import type { Labelled } from "#shared/model/label.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatAccount, formatLabelled } from "#shared/text/hosts/target.ts";
import { useApi } from "./connection.ts";
import { usePlanRequest } from "./scan-button.tsx";

const KINDS: Record<Labelled["kind"], string> = {
  account: "account",
  host: "host",
  certificate: "certificate",
  key: "SSH key",
  endpoint: "endpoint",
  issuer: "issuer",
};

/** What names somebody as its owner, and a dialog that gives all of it to somebody else. */
export function OwnedSection({ person: { name, owned, ownedTags } }: { person: PersonDetail }) {
  const [isAsking, setIsAsking] = useState(false);
  const count = owned.length + ownedTags.length;
  if (count === 0) return null;
  const move = (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<IconTransfer size={15} />}
      onClick={() => setIsAsking(true)}
    >
      Move to another owner
    </Button>
  );
  return (
    <Section title="Answers for" count={count} action={move}>
      <Lines>
        {owned.map((thing) => (
          <Line key={formatLabelled(thing)} end={<Dim>{KINDS[thing.kind]}</Dim>}>
            <Untrusted text={formatLabelled(thing)} limit={120} />
          </Line>
        ))}
        {ownedTags.map((tag) => (
          <Line key={`tag ${tag}`} end={<Dim>tag</Dim>}>
            {tag}
          </Line>
        ))}
      </Lines>
      {isAsking && (
        <MoveDialog name={name} owned={owned} tags={ownedTags} onClose={() => setIsAsking(false)} />
      )}
    </Section>
  );
}

/** Accounts that nobody else gets into: whoever revokes the keys leaves them to nobody. */
export function OwnAccounts({ accounts }: { accounts: PersonDetail["ownAccounts"] }) {
  return (
    <Lines>
      {accounts.map(({ id, host, port, name }) => (
        <Line key={id}>
          <TextLink>
            <Link to="/accounts" search={{ open: id }}>
              <Untrusted text={formatAccount({ account: name, host, port })} limit={120} />
            </Link>
          </TextLink>
        </Line>
      ))}
    </Lines>
  );
}

/** The same in a drawer, with a plan that disables them. */
export function OwnAccountsSection({ accounts }: { accounts: PersonDetail["ownAccounts"] }) {
  const requestPlan = usePlanRequest();
  if (accounts.length === 0) return null;
  const disable = (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<IconUserOff size={15} />}
      onClick={() =>
        requestPlan({
          kind: "disable-account",
          accounts: accounts.map(({ host, port, name }) => ({ host, port, account: name })),
        })
      }
    >
      Disable
    </Button>
  );
  return (
    <Section title="Accounts that only they get into" count={accounts.length} action={disable}>
      <OwnAccounts accounts={accounts} />
    </Section>
  );
}

/** In so many days somebody has another look at what has changed hands. */
const REVIEW_DAYS = 30;

type MoveProps = {
  name: string;
  owned: readonly Labelled[];
  tags: readonly string[];
  onClose: () => void;
};

function MoveDialog({ name, owned, tags, onClose }: MoveProps) {
  const { labels } = useApi();
  const { data: known } = useQuery(labels.read.queryOptions());
  const [owner, setOwner] = useState("");
  const [reviewOn, setReviewOn] = useState(addDays(useNow(), REVIEW_DAYS).toISOString().slice(0, 10));
  const things = useMutation(labels.set.mutationOptions());
  const tagging = useMutation(labels.setTag.mutationOptions());
  const counted = formatCount(owned.length + tags.length, "thing");
  const done = () => {
    toast(owned.length > 0 ? `${counted} moved; latchkey label --undo undoes it` : `${counted} moved`);
    onClose();
  };
  const moveTags = ([tag, ...others]: readonly string[]): void =>
    tag === undefined ? done() : tagging.mutate({ name: tag, owner }, { onSuccess: () => moveTags(others) });
  const move = () =>
    owned.length === 0
      ? moveTags(tags)
      : things.mutate(
          { things: [...owned], owner, reviewOn: reviewOn || null },
          { onSuccess: () => moveTags(tags) },
        );
  return (
    <Dialog title="Move to another owner" isOpen onClose={onClose} width={520}>
      <form action={move}>
        <Stack gap={12}>
          <p>
            All that <Untrusted text={name} limit={120} /> answers for: {counted}.
          </p>
          <Autocomplete
            size="xs"
            label="New owner"
            description="A team or a person"
            data={(known?.owners ?? []).map(formatUntrusted)}
            value={owner}
            onChange={setOwner}
            maxLength={200}
            data-autofocus
          />
          <TextInput
            size="xs"
            type="date"
            label="Review on"
            description="That day it becomes a finding; empty for never"
            value={reviewOn}
            onChange={(event) => setReviewOn(event.currentTarget.value)}
          />
          <DialogFoot
            error={things.error ?? tagging.error}
            submit="Move"
            isPending={things.isPending || tagging.isPending}
            isDisabled={owner.trim() === ""}
          />
        </Stack>
      </form>
    </Dialog>
  );
}
