import { Button, Checkbox, TextInput } from "@mantine/core";
import { useState } from "react";
import { Panel } from "#renderer/ui/panel.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { Scope } from "#shared/model/person.ts";
import classes from "./people.module.css";
import { useDeclareScope, useScope } from "./queries.ts";

export function ScopePanel() {
  const { data } = useScope();
  return (
    <Panel title="Scope" note="Whether a key without a known private half is an orphan">
      {data && <ScopeForm key={`${data.isWhole} ${data.note}`} scope={data} />}
    </Panel>
  );
}

function ScopeForm({ scope }: { scope: Scope }) {
  const [isWhole, setIsWhole] = useState(scope.isWhole);
  const [note, setNote] = useState(scope.note);
  const { mutate, error, isPending } = useDeclareScope();
  const isChanged = isWhole !== scope.isWhole || note.trim() !== scope.note;
  const declare = () => mutate({ isWhole, note }, { onSuccess: () => toast("The scope is declared") });
  return (
    <form action={declare} className={classes.form}>
      <Checkbox
        size="xs"
        label="Every machine that holds private keys is scanned"
        description="Or its keys are in a roster. This computer's keys are looked at"
        checked={isWhole}
        onChange={(event) => setIsWhole(event.currentTarget.checked)}
      />
      <div className={classes.noteLine}>
        <TextInput
          size="xs"
          label="What is outside"
          placeholder="such as laptops, whose keys are in team-keys"
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          className={classes.note ?? ""}
        />
        <Button type="submit" size="xs" variant="default" loading={isPending} disabled={!isChanged}>
          Declare
        </Button>
      </div>
      {error && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={error.message} />
        </p>
      )}
    </form>
  );
}
