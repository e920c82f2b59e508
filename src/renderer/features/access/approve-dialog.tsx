import { Autocomplete, TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { DialogFoot } from "#renderer/ui/dialog-foot.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { GrantRow } from "#shared/model/grant.ts";
import { formatCount } from "#shared/text/count.ts";
import classes from "./access.module.css";
import { useApprove, useNames } from "./queries.ts";

type Props = {
  grants: readonly Pick<GrantRow, "id" | "account" | "host" | "approval">[];
  onClose: () => void;
  onDone?: () => void;
};

/** Says of grants that they may be there, for whom and for what. */
export function ApproveDialog({ grants, onClose, onDone }: Props) {
  const [first] = grants;
  const before = grants.length === 1 ? first?.approval : null;
  const [owner, setOwner] = useState(before?.owner ?? "");
  const [purpose, setPurpose] = useState(before?.purpose ?? "");
  const [reviewOn, setReviewOn] = useState(before?.reviewOn ?? "");
  const names = useNames(owner);
  const { mutate, error, isPending } = useApprove();
  const approve = () =>
    mutate(
      { grants: grants.map(({ id }) => id), owner, purpose, reviewOn: reviewOn || null },
      {
        onSuccess: ({ approved }) => {
          toast(`${formatCount(approved, "grant")} approved`);
          onDone?.();
          onClose();
        },
      },
    );
  const isWhole = owner.trim() !== "" && purpose.trim() !== "";
  return (
    <Dialog
      title={grants.length === 1 ? "Approve this grant" : `Approve ${formatCount(grants.length, "grant")}`}
      isOpen
      onClose={onClose}
      width={520}
    >
      <form action={approve} className={classes.form}>
        {first && grants.length === 1 && (
          <p>
            <Untrusted text={`${first.account} on ${first.host}`} />
          </p>
        )}
        <p className={classes.reason}>
          An approval is for this exact line: once the line is changed, it needs another.
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
      </form>
    </Dialog>
  );
}
