import { Autocomplete, TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { ReviewChoice, ReviewItem } from "#shared/model/access/review.ts";
import { formatReviewed } from "#shared/text/access/review.ts";
import { formatCount } from "#shared/text/count.ts";
import { useDecide, useLabelWords } from "./queries.ts";
import classes from "./reviews.module.css";

type Props = {
  review: string;
  choice: ReviewChoice;
  items: readonly ReviewItem[];
  onClose: () => void;
  onDone: () => void;
};

const TITLES: Record<ReviewChoice, string> = { keep: "Keep", revoke: "Revoke", reassign: "Reassign" };

const NOTES: Record<ReviewChoice, string> = {
  keep: "It stays as it is.",
  revoke:
    "It goes by one plan for all that is revoked, and is closed once a later scan has shown that it is gone.",
  reassign: "It stays, and somebody else answers for its account.",
};

/** What was typed last: in a review many items have one reason. */
let lastReason = "";

/** Decides on items, with a reason. */
export function DecideDialog({ review, choice, items, onClose, onDone }: Props) {
  const [reason, setReason] = useState(lastReason);
  const [to, setTo] = useState("");
  const labels = useLabelWords();
  const { mutate, error, isPending } = useDecide();
  const [first] = items;
  const title =
    items.length === 1
      ? `${TITLES[choice]} item ${first?.item}`
      : `${TITLES[choice]} ${formatCount(items.length, "item")}`;
  const decide = () => {
    lastReason = reason;
    mutate(
      {
        review,
        items: items.map(({ item }) => item),
        choice,
        to: choice === "reassign" ? to.trim() : null,
        reason,
      },
      {
        onSuccess: ({ decided }) => {
          toast(`${formatCount(decided, "item")} decided: ${choice}`);
          onDone();
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title={title} isOpen onClose={onClose} width={520}>
      <form action={decide} className={classes.form}>
        {first && items.length === 1 && (
          <p>
            <Untrusted text={formatReviewed(first.evidence)} limit={300} />
          </p>
        )}
        <p className={classes.dim}>{NOTES[choice]}</p>
        {choice === "reassign" && (
          <Autocomplete
            size="xs"
            label="To"
            data={labels?.owners ?? []}
            value={to}
            onChange={setTo}
            maxLength={200}
          />
        )}
        <TextInput
          size="xs"
          label="Reason"
          placeholder="on call, ticket 812"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={500}
          data-autofocus
        />
        <DialogFoot
          error={error}
          submit={TITLES[choice]}
          isPending={isPending}
          isDisabled={reason.trim() === "" || (choice === "reassign" && to.trim() === "")}
          isDanger={choice === "revoke"}
          cancel={{ label: "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}
