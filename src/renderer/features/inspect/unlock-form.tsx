import { Button, PasswordInput } from "@mantine/core";
import { IconLockOpen } from "@tabler/icons-react";
import { useState } from "react";
import { Untrusted } from "#renderer/ui/text.tsx";
import type { Inspection } from "#shared/contract/inspect.ts";
import classes from "./inspect.module.css";

type Props = {
  wants: NonNullable<Inspection["wantsPassword"]>;
  isWrong: boolean;
  onPassword: (password: string) => Promise<void>;
};

/** Asks for the password of what is locked in a file. What is typed lives in this form alone, and goes with it. */
export function UnlockForm({ wants, isWrong, onPassword }: Props) {
  const [password, setPassword] = useState("");
  const [isSending, setIsSending] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const send = async () => {
    setIsSending(true);
    setRefusal(null);
    try {
      await onPassword(password);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      setRefusal(error.message);
    }
    setPassword("");
    setIsSending(false);
  };
  return (
    <form
      className={classes.naming}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <PasswordInput
        size="xs"
        className={classes.password}
        label={wants === "to-open" ? "Its password" : "Its password, to check that it is unchanged"}
        description="Used for this look, and written nowhere"
        error={refusal ? <Untrusted text={refusal} /> : isWrong && "That does not open it"}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
      />
      <Button
        type="submit"
        size="xs"
        variant="default"
        leftSection={<IconLockOpen size={15} />}
        loading={isSending}
      >
        {wants === "to-open" ? "Open" : "Check"}
      </Button>
    </form>
  );
}
