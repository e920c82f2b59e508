import { Autocomplete, Button, Group, Stack, TextInput } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Fact, Facts, Section } from "#renderer/ui/drawer/drawer.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { Exactly } from "#renderer/ui/when.tsx";
import type { Approval } from "#shared/model/access/change.ts";
import { formatCount } from "#shared/text/count.ts";
import { useApi } from "./connection.ts";

/** What somebody approves, with its name as people know it. */
export type ApprovedThing = {
  kind: "grant" | "account";
  id: number;
  name: string;
  approval: Approval | null;
};

/** What an approval is for, and so when it ends. */
const MEANS: Record<ApprovedThing["kind"], string> = {
  grant: "An approval is for this exact line: once the line is changed, it needs another.",
  account: "An approval is for this name and number. Its owner answers for the account from now on.",
};

const idsOf = (things: readonly ApprovedThing[]) => ({
  grants: things.flatMap(({ kind, id }) => (kind === "grant" ? [id] : [])),
  accounts: things.flatMap(({ kind, id }) => (kind === "account" ? [id] : [])),
});

/** Whether a thing was approved, for whom and for what. */
export function ApprovalSection({ thing, isUnapproved }: { thing: ApprovedThing; isUnapproved: boolean }) {
  const [isAsking, setIsAsking] = useState(false);
  const { mutate, error, isPending } = useMutation(useApi().changes.unapprove.mutationOptions());
  const withdraw = () => mutate(idsOf([thing]), { onSuccess: () => toast("The approval is withdrawn") });
  const { approval } = thing;
  return (
    <Section title="Approval">
      {approval === null ? (
        <p>
          <Dim>{isUnapproved ? "Not approved, and not there at the baseline." : "Not approved."}</Dim>
        </p>
      ) : (
        <Facts>
          <Fact name="Owner">
            <Untrusted text={approval.owner} />
          </Fact>
          <Fact name="Purpose">
            <Untrusted text={approval.purpose} />
          </Fact>
          <Fact name="Review on">{approval.reviewOn ?? "never"}</Fact>
          <Fact name="Approved">
            <Exactly instant={approval.approvedAt} />
          </Fact>
        </Facts>
      )}
      <Group gap={8} mt={8}>
        <Button size="compact-sm" variant="default" onClick={() => setIsAsking(true)}>
          {approval === null ? "Approve" : "Approve anew"}
        </Button>
        {approval !== null && (
          <Button size="compact-sm" variant="subtle" color="gray" loading={isPending} onClick={withdraw}>
            Withdraw
          </Button>
        )}
      </Group>
      {error && (
        <p role="alert">
          <Untrusted text={error.message} />
        </p>
      )}
      {isAsking && <ApproveDialog things={[thing]} onClose={() => setIsAsking(false)} />}
    </Section>
  );
}

type Props = { things: readonly ApprovedThing[]; onClose: () => void; onDone?: () => void };

/** Approves things of one kind, with an owner and a purpose. */
export function ApproveDialog({ things, onClose, onDone }: Props) {
  const [first] = things;
  const kind = first?.kind ?? "grant";
  const before = things.length === 1 ? first?.approval : null;
  const [owner, setOwner] = useState(before?.owner ?? "");
  const [purpose, setPurpose] = useState(before?.purpose ?? "");
  const [reviewOn, setReviewOn] = useState(before?.reviewOn ?? "");
  const names = useNames(owner);
  const { mutate, error, isPending } = useMutation(useApi().changes.approve.mutationOptions());
  const approve = () =>
    mutate(
      { ...idsOf(things), owner, purpose, reviewOn: reviewOn || null },
      {
        onSuccess: ({ approved }) => {
          toast(`${formatCount(approved, kind)} approved`);
          onDone?.();
          onClose();
        },
      },
    );
  const isWhole = owner.trim() !== "" && purpose.trim() !== "";
  return (
    <Dialog
      title={things.length === 1 ? `Approve this ${kind}` : `Approve ${formatCount(things.length, kind)}`}
      isOpen
      onClose={onClose}
      width={520}
    >
      <form action={approve}>
        <Stack gap={12}>
          {first && things.length === 1 && (
            <p>
              <Untrusted text={first.name} />
            </p>
          )}
          <p>
            <Dim>{MEANS[kind]}</Dim>
          </p>
          <Autocomplete
            size="xs"
            label="Owner"
            description="Who answers for it"
            data={names.map(formatUntrusted)}
            value={owner}
            onChange={setOwner}
            maxLength={200}
            data-autofocus
          />
          <TextInput
            size="xs"
            label="Purpose"
            placeholder="nightly backups"
            value={purpose}
            onChange={(event) => setPurpose(event.currentTarget.value)}
            maxLength={500}
          />
          <TextInput
            size="xs"
            type="date"
            label="Review on"
            description="That day it becomes a finding; empty for never"
            value={reviewOn}
            onChange={(event) => setReviewOn(event.currentTarget.value)}
          />
          <DialogFoot error={error} submit="Approve" isPending={isPending} isDisabled={!isWhole} />
        </Stack>
      </form>
    </Dialog>
  );
}

/** So many names of the people sources are offered. */
const MOST_NAMES = 20;

/** The people of the people sources who have not left, and whose names contain what was typed. */
function useNames(typed: string): string[] {
  const input = { search: typed.slice(0, 200), standing: "known", limit: MOST_NAMES } as const;
  const { data } = useQuery(useApi().people.list.queryOptions({ input, placeholderData: keepPreviousData }));
  return [...new Set(data?.rows.map(({ name }) => name))];
}
