import { Button, PasswordInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Untrusted } from "#renderer/ui/text.tsx";
import classes from "./vault.module.css";

/** One passphrase to type. `mustRepeat`: the name of the field that it is typed in once before. */
export type Field<Name extends string> = {
  name: Name;
  label: string;
  description?: string;
  mustRepeat?: Name;
  mayBeEmpty?: boolean;
};

type Props<Name extends string> = {
  fields: readonly Field<Name>[];
  does: string;
  /** Answers with why it was not done, or null where it was. */
  onSubmit: (typed: Record<Name, string>) => Promise<string | null>;
  children?: ReactNode;
};

/** Passphrases. What is typed lives in this form alone, and goes with it. */
export function SecretForm<Name extends string>({ fields, does, onSubmit, children }: Props<Name>) {
  const empty = () => Object.fromEntries(fields.map(({ name }) => [name, ""])) as Record<Name, string>;
  const [typed, setTyped] = useState(empty);
  const [isSending, setIsSending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const isRepeated = fields.every(({ name, mustRepeat }) => !mustRepeat || typed[name] === typed[mustRepeat]);
  const isWhole = fields.every(({ name, mayBeEmpty }) => mayBeEmpty || typed[name] !== "");

  const send = async () => {
    setIsSending(true);
    setRefusal(null);
    try {
      setRefusal(await onSubmit(typed));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setRefusal(error.message);
    }
    setTyped(empty());
    setIsSending(false);
  };
  return (
    <form
      className={classes.form}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRepeated && isWhole) void send();
      }}
    >
      {fields.map(({ name, label, description, mustRepeat }) => (
        <PasswordInput
          key={name}
          size="xs"
          label={label}
          description={description}
          error={mustRepeat && typed[name] !== "" && typed[name] !== typed[mustRepeat] && "Not the same"}
          value={typed[name]}
          onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
          autoComplete="off"
          spellCheck={false}
        />
      ))}
      {refusal && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={refusal} />
        </p>
      )}
      <div className={classes.actions}>
        <Button type="submit" size="xs" loading={isSending} disabled={!isRepeated || !isWhole}>
          {does}
        </Button>
        {children}
      </div>
    </form>
  );
}
