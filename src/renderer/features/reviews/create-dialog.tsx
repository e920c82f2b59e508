import { Autocomplete, NativeSelect, TextInput } from "@mantine/core";
import { useState } from "react";
import { Dialog, DialogFoot } from "#renderer/ui/dialog.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { useNow } from "#renderer/ui/when.tsx";
import type { ReviewDeciders, ReviewSelection } from "#shared/model/access/review.ts";
import { addDays } from "#shared/model/instant.ts";
import { formatCount } from "#shared/text/count.ts";
import { route, useCreate, useLabelWords } from "./queries.ts";
import classes from "./reviews.module.css";

/** How long reviewers have, by default. */
const USUAL_DAYS = 30;

const SELECTIONS = [
  { value: "root", label: "All root access" },
  { value: "owner", label: "All of an owner or a team" },
  { value: "no-owner", label: "Everything without an owner" },
];

const DECIDERS = [
  { value: "named", label: "People whom I name" },
  { value: "owner", label: "Whoever answers for the account" },
];

/** Chooses what is reviewed, who decides and until when; it is frozen as it is now. */
export function CreateDialog({ onClose }: { onClose: () => void }) {
  const navigate = route.useNavigate();
  const labels = useLabelWords();
  const { mutate, error, isPending } = useCreate();
  const [name, setName] = useState("");
  const [kind, setKind] = useState("root");
  const [tag, setTag] = useState("");
  const [environment, setEnvironment] = useState("");
  const [owner, setOwner] = useState("");
  const [by, setBy] = useState("named");
  const [names, setNames] = useState("");
  const [until, setUntil] = useState(addDays(useNow(), USUAL_DAYS).toISOString().slice(0, 10));
  const selection = toSelection(kind, { tag, environment, owner });
  const deciders = toDeciders(by, names);
  const create = () => {
    if (!selection || !deciders) return;
    const request = { name: name.trim(), selection, deciders, dueAt: `${until}T23:59:59Z` };
    mutate(request, {
      onSuccess: ({ name: review, items }) => {
        toast(`${review}: ${formatCount(items, "item")} frozen as they are now`);
        onClose();
        void navigate({ to: ".", search: { review } });
      },
    });
  };
  const field = (set: (value: string) => void) => ({
    size: "xs" as const,
    onChange: (event: { currentTarget: { value: string } }) => set(event.currentTarget.value),
  });
  return (
    <Dialog title="New review" isOpen onClose={onClose} width={520}>
      <form action={create} className={classes.form}>
        <TextInput
          {...field(setName)}
          label="Name"
          placeholder="root-2027q1"
          value={name}
          maxLength={64}
          data-autofocus
        />
        <NativeSelect {...field(setKind)} label="What is reviewed" data={SELECTIONS} value={kind} />
        {kind === "root" && (
          <>
            <Autocomplete
              size="xs"
              label="Environment"
              description="Empty: all"
              data={labels?.environments ?? []}
              value={environment}
              onChange={setEnvironment}
            />
            <Autocomplete
              size="xs"
              label="Tag"
              description="Of hosts or accounts; empty: all"
              data={labels?.tags.map((one) => one.name) ?? []}
              value={tag}
              onChange={setTag}
            />
          </>
        )}
        {kind === "owner" && (
          <Autocomplete
            size="xs"
            label="Owner"
            data={labels?.owners ?? []}
            value={owner}
            onChange={setOwner}
          />
        )}
        <NativeSelect {...field(setBy)} label="Who decides" data={DECIDERS} value={by} />
        <TextInput
          {...field(setNames)}
          label={by === "named" ? "Names" : "Otherwise"}
          description={
            by === "named"
              ? "With commas between; the next one decides where it is their own access"
              : "Who decides where nobody answers, or on an owner's own access"
          }
          value={names}
          maxLength={2_000}
        />
        <TextInput {...field(setUntil)} type="date" label="Due" value={until} />
        <DialogFoot
          error={error}
          submit="Create"
          isPending={isPending}
          isDisabled={!selection || !deciders || name.trim() === "" || until === ""}
          cancel={{ label: "Cancel", onClick: onClose }}
        />
      </form>
    </Dialog>
  );
}

type Chosen = { tag: string; environment: string; owner: string };

function toSelection(kind: string, { tag, environment, owner }: Chosen): ReviewSelection | null {
  if (kind === "root") return { kind, tag: tag.trim() || null, environment: environment.trim() || null };
  if (kind === "no-owner") return { kind };
  return owner.trim() === "" ? null : { kind: "owner", owner: owner.trim() };
}

function toDeciders(by: string, names: string): ReviewDeciders | null {
  if (by === "owner") return { kind: "owner", otherwise: names.trim() || null };
  const named = names.split(",").flatMap((word) => word.trim() || []);
  return named.length === 0 ? null : { kind: "named", names: named };
}
