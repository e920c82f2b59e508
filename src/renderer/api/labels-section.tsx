import { Autocomplete, Button, MultiSelect, TagsInput, TextInput } from "@mantine/core";
import { IconTag } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Dim } from "#renderer/ui/cells.tsx";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Fact, Facts, Line, Lines, Section } from "#renderer/ui/drawer/drawer.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { formatUntrusted, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { LabelField, type Labelled, type Labels, type LabelValue } from "#shared/model/label.ts";
import { formatCount } from "#shared/text/count.ts";
import { formatLabelled } from "#shared/text/hosts/target.ts";
import {
  describeSuggestion,
  formatLabelSource,
  formatLabels,
  formatUnsettled,
  LABEL_TITLES,
} from "#shared/text/label.ts";
import { useApi } from "./connection.ts";
import classes from "./labels.module.css";

/** Who answers for a thing, what it is for and the like, where that comes from, and a dialog to change it. */
export function LabelsSection({ thing, title = "Labels" }: { thing: Labelled; title?: string }) {
  const labels = useLabels(thing);
  const [isOpen, setIsOpen] = useState(false);
  if (!labels) return null;
  const change = (
    <Button variant="subtle" size="compact-sm" onClick={() => setIsOpen(true)}>
      Change
    </Button>
  );
  return (
    <Section title={title} action={change}>
      <Facts>
        {LabelField.options.map((field) => (
          <Fact key={field} name={LABEL_TITLES[field]}>
            <Value value={labels[field]} />
          </Fact>
        ))}
        <Fact name="Tags">
          <div className={classes.labels}>
            {labels.tags.length === 0 && <Dim>none</Dim>}
            {labels.tags.map((name) => (
              <Tag key={name} tone="blue" Icon={IconTag}>
                {name}
              </Tag>
            ))}
          </div>
        </Fact>
      </Facts>
      <Suggestions thing={thing} />
      {isOpen && <LabelsDialog thing={thing} labels={labels} onClose={() => setIsOpen(false)} />}
    </Section>
  );
}

function Value({ value: { own, inherited } }: { value: LabelValue }) {
  if (own !== null) return <Untrusted text={own} limit={200} />;
  switch (inherited.kind) {
    case "none":
      return <Dim>not said</Dim>;
    case "value":
      return (
        <>
          <Untrusted text={inherited.value} limit={200} />{" "}
          <Dim>
            <Untrusted text={formatLabelSource(inherited.from)} limit={120} />
          </Dim>
        </>
      );
    case "unsettled":
      return (
        <>
          unknown{" "}
          <Dim>
            <Untrusted text={formatUnsettled(inherited)} limit={200} />
          </Dim>
        </>
      );
  }
}

/** The same in one line, for what has no drawer. */
export function LabelsLine({ thing }: { thing: Labelled }) {
  const labels = useLabels(thing);
  const [isOpen, setIsOpen] = useState(false);
  if (!labels) return null;
  return (
    <div className={classes.labels}>
      <Untrusted text={formatLabels(labels)} limit={300} />
      <Button
        variant="subtle"
        size="compact-sm"
        aria-label={`Label ${formatUntrusted(formatLabelled(thing))}`}
        onClick={() => setIsOpen(true)}
      >
        Label
      </Button>
      {isOpen && <LabelsDialog thing={thing} labels={labels} onClose={() => setIsOpen(false)} />}
    </div>
  );
}

/** What may be said of it, and why; one press says yes. */
function Suggestions({ thing }: { thing: Labelled }) {
  const { data } = useQuery(useApi().labels.suggest.queryOptions({ input: { thing } }));
  const { save, error, isSaving } = useSaveLabels();
  if (!data || data.suggestions.length === 0) return null;
  return (
    <div className={classes.suggestions}>
      <Dim>Suggested, and not counted until you say yes</Dim>
      <Lines>
        {data.suggestions.map((one) => (
          <Line
            key={`${one.field} ${one.value}`}
            below={<Untrusted text={describeSuggestion(one)} limit={400} />}
            end={
              <Button
                variant="subtle"
                size="compact-sm"
                disabled={isSaving}
                aria-label={`Yes, ${LABEL_TITLES[one.field].toLowerCase()} ${formatUntrusted(one.value)}`}
                onClick={() =>
                  save([thing], { [one.field]: one.value, addTags: [], removeTags: [] }, () => undefined)
                }
              >
                Yes
              </Button>
            }
          >
            {LABEL_TITLES[one.field]}: <Untrusted text={one.value} limit={120} />
          </Line>
        ))}
      </Lines>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
    </div>
  );
}

type RowsProps = { things: readonly Labelled[]; onDone: () => void };

/** Labels many things at once, as one change. */
export function LabelRows({ things, onDone }: RowsProps) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconTag size={15} />}
        onClick={() => setIsOpen(true)}
      >
        Label
      </Button>
      {isOpen && (
        <ManyDialog
          things={things}
          onDone={() => {
            setIsOpen(false);
            onDone();
          }}
          onClose={() => setIsOpen(false)}
        />
      )}
    </>
  );
}

/** What is left empty stays as it is. */
function ManyDialog({ things, onDone, onClose }: RowsProps & { onClose: () => void }) {
  const known = useKnownLabels();
  const { save, error, isSaving } = useSaveLabels();
  const [values, setValues] = useState<Record<LabelField, string>>(EMPTY);
  const [removed, setRemoved] = useState<string[]>([]);
  const [addTags, setAddTags] = useState<string[]>([]);
  const [removeTags, setRemoveTags] = useState<string[]>([]);
  const set = (field: LabelField) => (value: string) =>
    setValues((before) => ({ ...before, [field]: value }));
  const changed = LabelField.options.flatMap((field) => {
    const value = removed.includes(field) ? null : values[field].trim();
    return value === "" ? [] : [[field, value] as const];
  });
  const isNothing = changed.length + addTags.length + removeTags.length === 0;
  const propsOf = (field: LabelField) => ({
    size: "xs" as const,
    label: LABEL_TITLES[field],
    value: values[field],
    maxLength: 200,
    disabled: removed.includes(field),
  });
  const tags = known?.tags.map(({ name }) => name) ?? [];
  return (
    <Dialog title={`Label ${formatCount(things.length, "row")}`} isOpen onClose={onClose} width={460}>
      <form
        action={() => save(things, { ...Object.fromEntries(changed), addTags, removeTags }, onDone)}
        className={classes.form}
      >
        <Dim>What is left empty stays as it is.</Dim>
        <Autocomplete
          {...propsOf("owner")}
          data={known?.owners.map(formatUntrusted) ?? []}
          onChange={set("owner")}
          data-autofocus
        />
        <TextInput
          {...propsOf("purpose")}
          onChange={({ currentTarget }) => set("purpose")(currentTarget.value)}
        />
        <Autocomplete
          {...propsOf("environment")}
          data={known?.environments ?? []}
          onChange={set("environment")}
        />
        <TextInput
          {...propsOf("reviewOn")}
          type="date"
          onChange={({ currentTarget }) => set("reviewOn")(currentTarget.value)}
        />
        <MultiSelect
          size="xs"
          label="Remove"
          description="Of each of them, what somebody gave it itself"
          data={LabelField.options.map((value) => ({ value, label: LABEL_TITLES[value] }))}
          value={removed}
          onChange={setRemoved}
        />
        <TagsInput
          size="xs"
          label="Add tags"
          data={tags}
          value={addTags}
          onChange={setAddTags}
          maxTags={20}
        />
        <TagsInput
          size="xs"
          label="Remove tags"
          data={tags}
          value={removeTags}
          onChange={setRemoveTags}
          maxTags={20}
        />
        {error && (
          <p role="alert" className={classes.refusal}>
            <Untrusted text={error.message} />
          </p>
        )}
        <div className={classes.actions}>
          <Button type="submit" size="xs" loading={isSaving} disabled={isNothing}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const EMPTY: Record<LabelField, string> = { owner: "", purpose: "", environment: "", reviewOn: "" };

type DialogProps = { thing: Labelled; labels: Labels; onClose: () => void };

function LabelsDialog({ thing, labels, onClose }: DialogProps) {
  const known = useKnownLabels();
  const { save, error, isSaving } = useSaveLabels();
  const [values, setValues] = useState<Record<LabelField, string>>({
    owner: labels.owner.own ?? "",
    purpose: labels.purpose.own ?? "",
    environment: labels.environment.own ?? "",
    reviewOn: labels.reviewOn.own ?? "",
  });
  const [tags, setTags] = useState<string[]>(labels.tags);
  const propsOf = (field: LabelField) => ({
    size: "xs" as const,
    label: LABEL_TITLES[field],
    value: values[field],
    maxLength: 200,
    placeholder: formatInherited(labels[field]),
  });
  const set = (field: LabelField) => (value: string) =>
    setValues((before) => ({ ...before, [field]: value }));
  const submit = () => {
    const changed = LabelField.options.flatMap((field) => {
      const value = values[field].trim() === "" ? null : values[field].trim();
      return value === labels[field].own ? [] : [[field, value] as const];
    });
    const addTags = tags.filter((name) => !labels.tags.includes(name));
    const removeTags = labels.tags.filter((name) => !tags.includes(name));
    save([thing], { ...Object.fromEntries(changed), addTags, removeTags }, onClose);
  };
  return (
    <Dialog title="Labels" isOpen onClose={onClose} width={460}>
      <form action={submit} className={classes.form}>
        <Autocomplete
          {...propsOf("owner")}
          description="Who answers for it: a team or a person; empty for nobody of its own"
          data={known?.owners.map(formatUntrusted) ?? []}
          onChange={set("owner")}
          data-autofocus
        />
        <TextInput
          {...propsOf("purpose")}
          description="What it is for"
          onChange={({ currentTarget }) => set("purpose")(currentTarget.value)}
        />
        <Autocomplete
          {...propsOf("environment")}
          description="One word in lower case, as production"
          data={known?.environments ?? []}
          onChange={set("environment")}
        />
        <TextInput
          {...propsOf("reviewOn")}
          type="date"
          description="From this day on it is to be reviewed"
          onChange={({ currentTarget }) => set("reviewOn")(currentTarget.value)}
        />
        <TagsInput
          size="xs"
          label="Tags"
          description="Lower case, as web; Enter ends one"
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

/** What holds while the field is empty. */
function formatInherited({ inherited }: LabelValue): string {
  return inherited.kind === "value"
    ? `${formatUntrusted(inherited.value)} ${formatUntrusted(formatLabelSource(inherited.from))}`
    : "";
}

/** What is set of things; what is left out stays as it is. */
type LabelChange = { [Field in LabelField]?: string | null } & {
  addTags: string[];
  removeTags: string[];
};

/** The tags, owners and environments that can be chosen. */
const useKnownLabels = () => useQuery(useApi().labels.read.queryOptions()).data;

/** Saves labels of things as one change, which the toast undoes. */
function useSaveLabels() {
  const { labels: api } = useApi();
  const { mutate, error, isPending: isSaving } = useMutation(api.set.mutationOptions());
  const { mutate: undo } = useMutation(api.undo.mutationOptions());
  const undoChange = (change: number) =>
    undo(
      { change },
      { onSuccess: () => toast("Undone"), onError: (refused) => toast(`Not undone: ${refused.message}`) },
    );
  const save = (things: readonly Labelled[], change: LabelChange, done: () => void) =>
    mutate(
      { things: [...things], ...change },
      {
        onSuccess: ({ labelled, change: id }) => {
          const words = labelled === 1 ? "Saved" : `Saved for ${formatCount(labelled, "thing")}`;
          toast(words, id === null ? null : () => undoChange(id));
          done();
        },
      },
    );
  return { save, error, isSaving };
}

/** The labels of a thing; undefined until they are known. */
const useLabels = (thing: Labelled) => useQuery(useApi().labels.find.queryOptions({ input: { thing } })).data;
