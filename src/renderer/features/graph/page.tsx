import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import classes from "./graph.module.css";
import { MutualList } from "./mutual-list.tsx";
import { route, type Search } from "./queries.ts";
import { SharedList } from "./shared-list.tsx";
import { StepList } from "./step-list.tsx";

const LISTS = [
  { value: "steps", label: "Steps" },
  { value: "mutual", label: "Mutual trust" },
  { value: "shared", label: "Shared keys" },
] as const;

/** Who reaches what: step by step, which hosts trust each other, and which keys several hold. */
export function GraphPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const onChange = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });
  const { list } = search;
  const props = { search, onChange, onClear: () => void navigate({ to: ".", search: { list } }) };

  return (
    <div className={classes.page}>
      <div className={classes.lists}>
        <SegmentedControl
          aria-label="What is listed"
          size="xs"
          value={list ?? "steps"}
          onChange={(value) =>
            void navigate({ to: ".", search: { list: value === "steps" ? undefined : toList(value) } })
          }
          data={LISTS.map((one) => ({ ...one }))}
        />
      </div>
      {list === undefined && <StepList {...props} />}
      {list === "mutual" && <MutualList {...props} />}
      {list === "shared" && <SharedList {...props} />}
    </div>
  );
}

const toList = (value: string): "mutual" | "shared" => (value === "mutual" ? "mutual" : "shared");

type Props = { search: Search; onChange: (patch: Partial<Search>) => void };

const HINT = "web1, deploy@web1, SHA256:..., person:ann or this computer";

/** Where one begins, and in which direction; without a start every step is listed. */
export function StartBar({ search, onChange }: Props) {
  const [text, setText] = useState(search.start ?? "");
  useEffect(() => setText(search.start ?? ""), [search.start]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange({ start: text.trim() || undefined, open: undefined });
  };
  const direction = search.direction ?? "from";
  return (
    <form className={classes.start} onSubmit={submit}>
      <TextInput
        aria-label="Start at a host, an account, a key or a person"
        className={classes.startText ?? ""}
        size="xs"
        placeholder={HINT}
        maxLength={600}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default">
        Start there
      </Button>
      {search.start !== undefined && (
        <>
          <SegmentedControl
            aria-label="Direction"
            size="xs"
            value={direction}
            onChange={(value) => onChange({ direction: value === "to" ? "to" : undefined, open: undefined })}
            data={[
              { value: "from", label: "What it reaches" },
              { value: "to", label: "What reaches it" },
            ]}
          />
          <Button
            size="xs"
            variant="default"
            aria-pressed={search.view === "picture"}
            onClick={() => onChange({ view: search.view === "picture" ? undefined : "picture" })}
          >
            {search.view === "picture" ? "Hide the picture" : "Show a picture"}
          </Button>
          <Button
            size="xs"
            variant="subtle"
            onClick={() =>
              onChange({ start: undefined, direction: undefined, view: undefined, open: undefined })
            }
          >
            Every step
          </Button>
        </>
      )}
    </form>
  );
}

/** What each list of the screen is given: what is asked for, and how to ask for something else. */
export type ListProps = {
  search: Search;
  onChange: (patch: Partial<Search>, replace?: boolean) => void;
  onClear: () => void;
};
