import { SegmentedControl } from "@mantine/core";
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
