import { Checkbox, FileInput, TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { ImportedAnswer, PlanWhat, ReviewDetail } from "#shared/model/access/review.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { PlanOptions } from "#shared/model/runs/plan-options.ts";
import { REFUSED_WORDS, SOURCE_WORDS, UNPLANNED_WORDS } from "#shared/text/access/review.ts";
import { parseNumbers } from "#shared/text/access/review-numbers.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { route, useEnd, useImport, usePlan } from "./queries.ts";
import classes from "./reviews.module.css";

/** Takes the answer of a reviewer, and its signature where both files are chosen. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [files, setFiles] = useState<File[]>([]);
  const [acceptsUnsigned, setAcceptsUnsigned] = useState(false);
  const { mutate, error, isPending, data } = useImport();
  const answer = files.find(({ name }) => !name.endsWith(".sig"));
  const take = async () => {
    if (!answer) return;
    const signature = await files.find(({ name }) => name.endsWith(".sig"))?.text();
    mutate(
      { base64: await toBase64(answer), signature: signature ?? null, acceptsUnsigned },
      {
        onSuccess: (imported) => {
          if (imported.refused.length > 0) return;
          toast(formatImported(imported));
          onClose();
        },
      },
    );
  };
  return (
    <Dialog title="Import an answer" isOpen onClose={onClose} width={520}>
      <form action={take} className={classes.form}>
        <p className={classes.dim}>
          The file that the reviewer's page has saved, and the signature of it that ssh-keygen has written
          (.sig).
        </p>
        <FileInput
          size="xs"
          label="Files"
          placeholder="Choose both"
          multiple
          value={files}
          onChange={setFiles}
          data-autofocus
        />
        <Checkbox
          size="xs"
          label="Accept it although its reviewer is not known to have signed it"
          description="Anybody can have written it; it stays marked as not signed"
          checked={acceptsUnsigned}
          onChange={(event) => setAcceptsUnsigned(event.currentTarget.checked)}
        />
        {data && data.refused.length > 0 && (
          <div role="status">
            <p>{formatImported(data)}. These stay as they were:</p>
            <ul>
              {data.refused.map(({ item, why }) => (
                <li key={item}>
                  item {item}: {REFUSED_WORDS[why]}
                </li>
              ))}
            </ul>
          </div>
        )}
        <DialogFoot
          error={error}
          submit="Import"
          isPending={isPending}
          isDisabled={!answer}
          cancel={{ label: data ? "Close" : "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}

const formatImported = ({ accepted, reviewer, source, isLate }: ImportedAnswer): string =>
  `${formatCount(accepted, "decision")} by ${reviewer}, ${SOURCE_WORDS[source]}${isLate ? ", late" : ""}`;

async function toBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

type PlanDialogProps = { review: string; what: PlanWhat; count: number; onClose: () => void };

/** So many accounts that no plan is about are named. */
const MOST_SAID = 3;

/** Plans what was revoked, but for what is left out by its number: that stays to be revoked. */
export function PlanDialog({ review, what, count, onClose }: PlanDialogProps) {
  const navigate = route.useNavigate();
  const [except, setExcept] = useState("");
  const { mutate, error, isPending } = usePlan();
  const items = tryParse(except);
  const isOfAccounts = what === "accounts";
  const make = () => {
    if (items === null) return;
    const options = isOfAccounts ? { options: PlanOptions.parse({ graceDays: 30 }) } : {};
    mutate(
      { review, what, except: items, ...options },
      {
        onSuccess: ({ planId, reassigned, unplanned }) => {
          if (reassigned > 0) toast(`${formatCount(reassigned, "account")} reassigned`);
          for (const { why, ...account } of unplanned.slice(0, MOST_SAID))
            toast(`${formatAccount(account)} ${UNPLANNED_WORDS[why]}`);
          onClose();
          if (planId !== null) void navigate({ to: "/runs/plan", search: { id: planId } });
        },
      },
    );
  };
  const title = isOfAccounts
    ? `Disable ${formatCount(count, "account")}`
    : `Plan ${formatCount(count, "decision")}`;
  return (
    <Dialog title={title} isOpen onClose={onClose} width={460}>
      <form action={make} className={classes.form}>
        <p>
          {isOfAccounts
            ? "The accounts that were revoked are disabled by one plan, with the grants that open them."
            : "The grants that were revoked go by one plan, and owners that were named are set now."}{" "}
          Nothing is written on a host before you approve the plan.
        </p>
        <TextInput
          size="xs"
          label="Leave out"
          description="Items by their numbers; they stay to be revoked"
          placeholder="13, 20-25"
          value={except}
          onChange={(event) => setExcept(event.currentTarget.value)}
          error={items === null ? "Numbers or ranges, such as 13, 20-25" : undefined}
          maxLength={2_000}
        />
        <DialogFoot
          error={error}
          submit="Plan"
          isPending={isPending}
          isDisabled={items === null}
          hasFocus
          cancel={{ label: "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}

/** Null where it is not all items. */
function tryParse(text: string): number[] | null {
  try {
    return parseNumbers(text);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** An ended review takes no decision any more. */
export function EndDialog({ review, onClose }: { review: ReviewDetail; onClose: () => void }) {
  const { name, items, decided } = review;
  const { mutate, error, isPending } = useEnd();
  const end = () => mutate({ review: name }, { onSuccess: onClose });
  return (
    <Dialog title={`End review ${name}`} isOpen onClose={onClose} width={460}>
      <form action={end} className={classes.form}>
        <p>It takes no more decisions, and that cannot be undone. What was revoked can still be planned.</p>
        {items > decided && (
          <p>
            Nobody has decided on {formatNumber(items - decided)} of {formatCount(items, "item")}: these stay
            as they are, and are reported as not certified.
          </p>
        )}
        <DialogFoot
          error={error}
          submit="End"
          isPending={isPending}
          isDanger
          hasFocus
          cancel={{ label: "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}
