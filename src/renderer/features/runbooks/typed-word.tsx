import { TextInput } from "@mantine/core";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Plan } from "#shared/model/plan.ts";
import classes from "./decision.module.css";

type WordProps = { confirm: NonNullable<Plan["confirm"]>; typed: string; onType: (typed: string) => void };

/** What is to be typed, and why. */
export function TypedWord({ confirm: { word, why }, typed, onType }: WordProps) {
  return (
    <>
      <ul className={classes.why} aria-label="Why a word is to be typed">
        {why.map((reason) => (
          <li key={reason}>
            <Untrusted text={reason} limit={300} />
          </li>
        ))}
      </ul>
      <TextInput
        size="xs"
        label={
          <>
            Type <Untrusted text={word} isMono />
          </>
        }
        value={typed}
        onChange={(event) => onType(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
      />
    </>
  );
}
