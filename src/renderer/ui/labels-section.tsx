import { Autocomplete, Button, TagsInput } from "@mantine/core";
import { IconTag, IconUser } from "@tabler/icons-react";
import { useState } from "react";
import type { Labels } from "#shared/model/label.ts";
import { Dim } from "./cells.tsx";
import { Dialog } from "./dialog.tsx";
import { Section } from "./drawer/drawer.tsx";
import classes from "./labels.module.css";
import { Tag } from "./tag.tsx";
import { formatUntrusted, Untrusted } from "./text.tsx";
import { toast } from "./toast.tsx";

type LabelChange = { owner: string | null; addTags: string[]; removeTags: string[] };

type Props = {
  labels: Labels;
  /** What its owner is where none was named for it alone. */
  inheritance: string;
  known: { tags: readonly { name: string }[]; owners: readonly string[] } | undefined;
  isSaving: boolean;
  error: Error | null;
  onSave: (change: LabelChange, done: () => void) => void;
};

type DialogProps = Omit<Props, "inheritance"> & { onClose: () => void };

/** The owner and the tags of a thing, and a dialog to change them. */
export function LabelsSection({ inheritance, ...rest }: Props) {
  const [isAsking, setIsAsking] = useState(false);
  const { owner, inheritedOwner, tags } = rest.labels;
  const close = () => setIsAsking(false);
  return (
    <Section
      title="Owner and tags"
      action={
        <Button variant="subtle" size="compact-sm" onClick={() => setIsAsking(true)}>
          Change
        </Button>
      }
    >
      <div className={classes.labels}>
        <Tag tone={owner || inheritedOwner ? "green" : "gray"} Icon={IconUser}>
          {owner || inheritedOwner ? (
            <Untrusted text={owner ?? inheritedOwner} limit={100} />
          ) : (
            "nobody named"
          )}
        </Tag>
        {owner === null && inheritedOwner !== "" && <Dim>{inheritance}</Dim>}
        {tags.map((name) => (
          <Tag key={name} tone="blue" Icon={IconTag}>
            {name}
          </Tag>
        ))}
      </div>
      {isAsking && <LabelsDialog {...rest} onClose={close} />}
    </Section>
  );
}

function LabelsDialog({ labels, known, isSaving, error, onSave, onClose }: DialogProps) {
  const [owner, setOwner] = useState(labels.owner ?? "");
  const [tags, setTags] = useState<string[]>(labels.tags);
  const save = () =>
    onSave(
      {
        owner: owner.trim() === "" ? null : owner,
        addTags: tags.filter((name) => !labels.tags.includes(name)),
        removeTags: labels.tags.filter((name) => !tags.includes(name)),
      },
      () => {
        toast("Saved");
        onClose();
      },
    );
  return (
    <Dialog title="Owner and tags" isOpen onClose={onClose} width={460}>
      <form action={save} className={classes.form}>
        <Autocomplete
          size="xs"
          label="Owner"
          description="Who answers for it: a team or a person; empty for nobody"
          data={known?.owners.map(formatUntrusted) ?? []}
          value={owner}
          onChange={setOwner}
          maxLength={200}
          data-autofocus
        />
        <TagsInput
          size="xs"
          label="Tags"
          description="Lower case, as production; Enter ends one"
          data={known?.tags.map(({ name }) => name) ?? []}
          value={tags}
          onChange={setTags}
          maxTags={20}
        />
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} />
          </p>
        )}
        <div className={classes.actions}>
          <Button type="submit" size="xs" loading={isSaving}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
